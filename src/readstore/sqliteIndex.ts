import type { Row, RowChange, Table } from './port.js';
import type { Entry, TableStatements } from './sqliteStatements.js';
import { type Indexed, indexed, isFacetName, orderNames, ordersOf } from './terms.js';

/** A term of more rows than this gets postings. */
export const RARE_ROWS = 32;
/** A term of fewer rows than this loses them again; well below, so that one row to and fro does not rebuild them. */
export const FREQUENT_ROWS = 16;

/** What became of one row over the whole batch. */
interface NetChange {
  readonly key: string;
  readonly row: number;
  readonly before: Indexed | null;
  readonly after: Indexed | null;
}

/**
 * Writes the rows of one batch and brings the index up to date by the difference of before and after. Runs inside a
 * transaction of the caller's; throws where `before` is not what is stored, which is a bug of the writer.
 * `nextTerm` is the first free number of a term in the build; the answer is the first free one afterwards.
 */
export const applyChanges = (
  statements: TableStatements,
  table: Table,
  changes: readonly RowChange[],
  nextTerm: number,
): number => {
  const byTerm = new TermChanges();
  for (const { key, before, after } of netChanges(changes)) {
    if (before === null && after === null) continue;
    const row = writeRow(statements, table, key, before, after);
    byTerm.add({ key, row, before: before && indexed(table, before), after: after && indexed(table, after) });
  }
  let free = nextTerm;
  for (const [scope, name, termChanges] of byTerm.sorted()) {
    if (writeTerm({ statements, table, scope, name, changes: termChanges, rowsInBatch: byTerm.rows }, free)) free++;
  }
  return free;
};

/** One change a row: many events in a batch often concern the same one. */
const netChanges = (changes: readonly RowChange[]): Iterable<Omit<RowChange, 'table'>> => {
  const net = new Map<string, { key: string; before: Row | null; after: Row | null }>();
  for (const { key, before, after } of changes) {
    const earlier = net.get(key);
    if (earlier) earlier.after = after;
    else net.set(key, { key, before, after });
  }
  return net.values();
};

const writeRow = (
  statements: TableStatements,
  table: Table,
  key: string,
  before: Row | null,
  after: Row | null,
): number => {
  const row = written(statements, key, before, after);
  if (row === undefined) throw new Error(`A change of ${table.name} does not start from what is stored.`);
  return row;
};

const written = (statements: TableStatements, key: string, before: Row | null, after: Row | null) => {
  if (after === null) return statements.deleteRow(key);
  return before === null
    ? statements.insertRow(key, JSON.stringify(after))
    : statements.updateRow(key, JSON.stringify(after));
};

/** The changes of a batch, turned round: by the terms that they concern. */
class TermChanges {
  readonly #scopes = new Map<string, Map<string, NetChange[]>>();
  readonly rows = new Map<number, NetChange>();

  add(change: NetChange): void {
    const { before, after } = change;
    this.rows.set(change.row, change);
    if (before) for (const name of before.names) this.#add(before.scope, name, change);
    if (!after) return;
    for (const name of after.names) {
      if (before?.scope !== after.scope || !before.names.has(name)) this.#add(after.scope, name, change);
    }
  }

  #add(scope: string, name: string, change: NetChange): void {
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
  *sorted(): Iterable<[scope: string, name: string, changes: readonly NetChange[]]> {
    for (const scope of [...this.#scopes.keys()].sort()) {
      const names = this.#scopes.get(scope)!;
      for (const name of [...names.keys()].sort()) yield [scope, name, names.get(name)!];
    }
  }
}

interface TermWrite {
  readonly statements: TableStatements;
  readonly table: Table;
  readonly scope: string;
  readonly name: string;
  readonly changes: readonly NetChange[];
  readonly rowsInBatch: ReadonlyMap<number, NetChange>;
}

const has = (row: Indexed | null, { scope, name }: TermWrite): row is Indexed =>
  row !== null && row.scope === scope && row.names.has(name);

/** Brings one term up to date. Answers whether it took the free number. */
const writeTerm = (write: TermWrite, freeTerm: number): boolean => {
  const { statements, scope, name } = write;
  const entry = statements.entry(scope, name);
  const { count, sum } = totalsAfter(write, entry);
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
  for (const { before, after } of write.changes) {
    if (has(before, write)) {
      count--;
      if (measured) sum -= before.measure;
    }
    if (has(after, write)) {
      count++;
      if (measured) sum += after.measure;
    }
  }
  if (count < 0) throw new Error(`A term of ${write.table.name} was counted below nothing.`);
  return { count, sum };
};

const listAfter = (write: TermWrite, entry: Entry | undefined): readonly number[] => {
  const rows = new Set<number>(entry?.rows ? (JSON.parse(entry.rows) as number[]) : []);
  for (const { row, before, after } of write.changes) {
    if (has(before, write)) rows.delete(row);
    if (has(after, write)) rows.add(row);
  }
  return [...rows];
};

const writePostings = (write: TermWrite, term: number): void => {
  const orders = orderNames(write.table);
  for (const order of ordersOf(write.table, write.name)) {
    const position = orders.indexOf(order);
    const postings = write.statements.by(order);
    for (const { key, row, before, after } of write.changes) {
      const old = has(before, write) ? before.sorts[position]! : null;
      const now = has(after, write) ? after.sorts[position]! : null;
      if (old === now) continue;
      if (old !== null && !postings.remove(term, old, key)) {
        throw new Error(`A change of ${write.table.name} does not start from what is indexed.`);
      }
      if (now !== null) postings.add(term, now, key, row);
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
const postRows = ({ statements, table, name, rowsInBatch }: TermWrite, term: number, rows: readonly number[]): void => {
  const orders = orderNames(table);
  for (const row of rows) {
    const inBatch = rowsInBatch.get(row);
    const stored: Row | null = inBatch ? null : JSON.parse(statements.docByRow(row));
    const key = inBatch?.key ?? table.key(stored!);
    const sorts = inBatch?.after?.sorts ?? indexed(table, stored!).sorts;
    for (const order of ordersOf(table, name)) statements.by(order).add(term, sorts[orders.indexOf(order)]!, key, row);
  }
};
