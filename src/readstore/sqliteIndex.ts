import type { Row, Table } from './port.js';
import type { NetChange } from './sqliteRows.js';
import type { Entry, TableStatements } from './sqliteStatements.js';
import { type Indexed, indexed, isFacetName, orderNames, ordersOf, sortsOf } from './terms.js';

/** A term of more rows than this gets postings. */
const RARE_ROWS = 32;
/** A term of fewer rows than this loses them again; well below, so that one row to and fro does not rebuild them. */
const FREQUENT_ROWS = 16;

/** How a row stands in the postings of each of its terms. */
interface Standing {
  /** In the sequence of the table's orders. */
  readonly sorts: readonly string[];
  readonly measure: number;
}

/** A row that comes to a term (`old` is null), leaves it (`now` is null), or moves within it. */
interface IndexChange {
  readonly key: string;
  readonly row: number;
  readonly old: Standing | null;
  readonly now: Standing | null;
}

/** What changes of one term. */
export interface TermChange {
  readonly scope: string;
  readonly name: string;
  readonly changes: readonly IndexChange[];
}

/** The changes of a batch of rows, turned round: by term. */
export class TermChanges {
  readonly #scopes = new Map<string, Map<string, IndexChange[]>>();

  constructor(private readonly table: Table) {}

  add({ key, row, before, after }: NetChange): void {
    const old = before && indexed(this.table, before);
    const now = after && indexed(this.table, after);
    const leaves = { key, row, old: standing(old), now: null };
    const comes = { key, row, old: null, now: standing(now) };
    if (old === null || now === null || old.scope !== now.scope) {
      if (old) for (const name of old.names) this.#add(old.scope, name, leaves);
      if (now) for (const name of now.names) this.#add(now.scope, name, comes);
      return;
    }
    const moves = stands(old, now) ? null : { key, row, old: leaves.old, now: comes.now };
    for (const name of old.names) {
      if (!now.names.has(name)) this.#add(old.scope, name, leaves);
      else if (moves) this.#add(old.scope, name, moves);
    }
    for (const name of now.names) if (!old.names.has(name)) this.#add(now.scope, name, comes);
  }

  #add(scope: string, name: string, change: IndexChange): void {
    let names = this.#scopes.get(scope);
    if (!names) {
      names = new Map();
      this.#scopes.set(scope, names);
    }
    const changes = names.get(name);
    if (changes) changes.push(change);
    else names.set(name, [change]);
  }

  /** In the sequence of the dictionary, so that neighbours share a page. */
  *sorted(): Generator<TermChange> {
    for (const scope of [...this.#scopes.keys()].sort()) {
      const names = this.#scopes.get(scope)!;
      for (const name of [...names.keys()].sort()) yield { scope, name, changes: names.get(name)! };
    }
  }
}

/** Without the names, which are many and no longer needed. */
const standing = (row: Indexed | null): Standing | null => row && { sorts: row.sorts, measure: row.measure };

const stands = (old: Standing, now: Standing): boolean =>
  old.measure === now.measure && old.sorts.every((sort, i) => sort === now.sorts[i]);

/**
 * Brings dictionary and postings up to date by the difference of before and after. Runs inside a transaction of the
 * caller's, after the rows themselves are written; throws where `before` is not what is indexed.
 * `nextTerm` is the first free number of a term in the build; the answer is the first free one afterwards.
 */
export const writeTerms = (
  statements: TableStatements,
  table: Table,
  terms: Iterable<TermChange>,
  nextTerm: number,
): number => {
  let free = nextTerm;
  for (const term of terms) if (writeTerm({ statements, table, ...term }, free)) free++;
  return free;
};

interface TermWrite extends TermChange {
  readonly statements: TableStatements;
  readonly table: Table;
}

/** Brings one term up to date. Answers whether it took the free number. */
const writeTerm = (write: TermWrite, freeTerm: number): boolean => {
  const { statements, scope, name } = write;
  const entry = statements.entry(scope, name);
  const { count, sum } = totalsAfter(write, entry);
  if (ordersOf(write.table, name).length === 0) {
    writeEntry(write, entry, { count, sum, magnitude: 0, term: null, rows: null });
    return false;
  }
  if (entry?.term != null) {
    writePostings(write, entry.term);
    if (count >= FREQUENT_ROWS) {
      if (count === entry.count && sum === entry.sum) return false;
      statements.updateEntry(scope, name, entry, {
        count,
        sum,
        magnitude: magnitudeOf(count),
        term: entry.term,
        rows: null,
      });
      return false;
    }
    const rows = withdrawPostings(write, entry.term);
    writeEntry(write, entry, { count, sum, magnitude: 0, term: null, rows: JSON.stringify(rows) });
    return false;
  }
  const rows = listAfter(write, entry);
  if (rows.length !== count) throw new Error(`The count of a term of ${write.table.name} is not that of its rows.`);
  if (count <= RARE_ROWS) {
    writeEntry(write, entry, { count, sum, magnitude: 0, term: null, rows: JSON.stringify(rows) });
    return false;
  }
  postRows(write, freeTerm, rows);
  writeEntry(write, entry, { count, sum, magnitude: magnitudeOf(count), term: freeTerm, rows: null });
  return true;
};

const magnitudeOf = (count: number): number => Math.floor(Math.log2(count));

const writeEntry = ({ statements, scope, name }: TermWrite, before: Entry | undefined, after: Entry): void => {
  if (!before) {
    if (after.count > 0) statements.insertEntry(scope, name, after);
  } else if (after.count === 0) {
    statements.deleteEntry(scope, name);
  } else if (before.count !== after.count || before.sum !== after.sum || before.rows !== after.rows) {
    statements.updateEntry(scope, name, before, after);
  }
};

const totalsAfter = (write: TermWrite, entry: Entry | undefined): { count: number; sum: number } => {
  const measured = isFacetName(write.name);
  let count = entry?.count ?? 0;
  let sum = entry?.sum ?? 0;
  for (const { old, now } of write.changes) {
    if (old) count--;
    if (now) count++;
    if (measured) sum += (now?.measure ?? 0) - (old?.measure ?? 0);
  }
  if (count < 0) throw new Error(`A term of ${write.table.name} was counted below nothing.`);
  return { count, sum };
};

const listAfter = (write: TermWrite, entry: Entry | undefined): readonly number[] => {
  const rows = new Set<number>(entry?.rows ? (JSON.parse(entry.rows) as number[]) : []);
  for (const { row, old, now } of write.changes) {
    if (old) rows.delete(row);
    if (now) rows.add(row);
  }
  return [...rows];
};

const writePostings = (write: TermWrite, term: number): void => {
  const orders = orderNames(write.table);
  for (const order of ordersOf(write.table, write.name)) {
    const position = orders.indexOf(order);
    const postings = write.statements.by(order);
    for (const { key, row, old, now } of write.changes) {
      const from = old?.sorts[position];
      const to = now?.sorts[position];
      if (from === to) continue;
      if (from !== undefined && !postings.remove(term, from, key)) {
        throw new Error(`A change of ${write.table.name} does not start from what is indexed.`);
      }
      if (to !== undefined) postings.add(term, to, key, row);
    }
  }
};

/** Takes a term that has become rare out of the postings. Answers the numbers of its rows. */
const withdrawPostings = ({ statements, table, name }: TermWrite, term: number): readonly number[] => {
  const orders = ordersOf(table, name);
  const rows = statements.by(orders[0]!).rowsOf(term);
  for (const order of orders) statements.by(order).clear(term);
  return rows;
};

/** Gives a term that has become frequent its postings. */
const postRows = ({ statements, table, name }: TermWrite, term: number, rows: readonly number[]): void => {
  const orders = orderNames(table);
  for (const number of rows) {
    const row = JSON.parse(statements.docByRow(number)) as Row;
    const sorts = sortsOf(table, row);
    const key = table.key(row);
    for (const order of ordersOf(table, name)) {
      statements.by(order).add(term, sorts[orders.indexOf(order)]!, key, number);
    }
  }
};
