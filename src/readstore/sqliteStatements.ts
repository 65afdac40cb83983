import type { SqliteDatabase, Statement } from '../sqlite/database.js';
import type { Row, Table } from './port.js';
import type { TableRows } from './rowCache.js';
import { type Bound, type TableNames, tableNames } from './sqliteTables.js';

/** What the dictionary says of a term: `rows`, a JSON array of numbers, where it is rare, `term` where it is frequent. */
export interface Entry {
  readonly count: number;
  readonly sum: number;
  /** The power of two that the count has reached; 0 for a rare term. */
  readonly magnitude: number;
  readonly term: number | null;
  readonly rows: string | null;
}

/** What part of an order to scan, and which way: from behind a place, up to and with a sort key. */
export interface Range {
  readonly order: string;
  readonly direction: 'asc' | 'desc';
  readonly after: { readonly sort: Bound; readonly key: Bound };
  readonly last: Bound;
}

/** The statements of one table of one build, each prepared once. */
export type TableStatements = ReturnType<typeof tableStatements>;

export const tableStatements = (database: SqliteDatabase, generation: number, table: Table, cached: TableRows) => {
  const names = tableNames(generation, table);
  const orders = new Map<string, ReturnType<typeof postings>>();
  // Prepared when first asked for: a build of an older version may lack an order that the code declares by now.
  const by = (order: string) => {
    let statements = orders.get(order);
    if (!statements) {
      statements = postings(database, names, order);
      orders.set(order, statements);
    }
    return statements;
  };
  let lookups: ReturnType<typeof facetLookups> | undefined;
  return {
    cached,
    ...rows(database, names, table, cached),
    ...dictionary(database, names),
    by,
    ...scans(database, names),
    /** Of a build that is being filled; there is no such table afterwards. */
    get lookups() {
      lookups ??= facetLookups(database, names);
      return lookups;
    },
  };
};

const pluck = (database: SqliteDatabase, sql: string): Statement => (database.prepare(sql) as Statement).pluck();

const rows = (database: SqliteDatabase, names: TableNames, table: Table, cached: TableRows) => {
  const docByRow = pluck(database, `SELECT doc FROM ${names.rows} WHERE row = ?`);
  const byKey = (database.prepare(`SELECT row, doc FROM ${names.rows} WHERE key = ?`) as Statement).raw();
  const next = database.prepare(`SELECT row, doc FROM ${names.rows} WHERE row > ? ORDER BY row LIMIT ?`);
  const insert = database.prepare(`INSERT INTO ${names.rows} (key, doc) VALUES (?, ?) ON CONFLICT DO NOTHING`);
  const update = pluck(database, `UPDATE ${names.rows} SET doc = ? WHERE key = ? RETURNING row`);
  const remove = pluck(database, `DELETE FROM ${names.rows} WHERE key = ? RETURNING row`);
  const dropped = (row: number | undefined): number | undefined => {
    if (row !== undefined) cached.drop(row);
    return row;
  };
  const kept = (number: number, doc: string): Row => {
    const row = JSON.parse(doc) as Row;
    cached.put(number, table.key(row), row, doc.length);
    return row;
  };
  return {
    /** For the writer, who may yet roll back: past the cache. */
    docByRow: (row: number) => docByRow.get(row) as string,
    rowByNumber: (number: number): Row => cached.get(number) ?? kept(number, docByRow.get(number) as string),
    rowByKey(key: string): Row | null {
      const known = cached.byKey(key);
      if (known !== undefined) return known;
      const found = byKey.get(key) as [number, string] | undefined;
      return found === undefined ? null : kept(...found);
    },
    /** Past the cache, for a build that passes by row after row. */
    rowByKeyOnce(key: string): Row | null {
      const found = byKey.get(key) as [number, string] | undefined;
      return found === undefined ? null : (JSON.parse(found[1]) as Row);
    },
    /** Rows of higher numbers than that one, by number. */
    rowsAfter: (row: number, limit: number) => next.all(row, limit) as { row: number; doc: string }[],
    /** The number of the new row; `undefined` where the key is there already. */
    insertRow(key: string, doc: string): number | undefined {
      const { changes, lastInsertRowid } = insert.run(key, doc);
      return changes === 1 ? Number(lastInsertRowid) : undefined;
    },
    /** The number of the row; `undefined` where there is none. */
    updateRow: (key: string, doc: string) => dropped(update.get(doc, key) as number | undefined),
    deleteRow: (key: string) => dropped(remove.get(key) as number | undefined),
  };
};

const dictionary = (database: SqliteDatabase, { terms, frequent }: TableNames) => {
  const columns = 'count, sum, magnitude, term, rows';
  const find = database.prepare(`SELECT ${columns} FROM ${terms} WHERE scope = ? AND name = ?`);
  const insert = database.prepare(`INSERT INTO ${terms} (scope, name, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const recount = database.prepare(`UPDATE ${terms} SET count = ?, sum = ?, rows = ? WHERE scope = ? AND name = ?`);
  const change = database.prepare(
    `UPDATE ${terms} SET count = ?, sum = ?, rows = ?, magnitude = ?, term = ? WHERE scope = ? AND name = ?`,
  );
  const remove = database.prepare(`DELETE FROM ${terms} WHERE scope = ? AND name = ?`);
  const prefix = 'scope = ? AND name >= ? AND name < CAST(? AS TEXT)';
  const totals = database.prepare(`SELECT name, count, sum FROM ${terms} WHERE ${prefix} ORDER BY name`);
  const mostFrequent = database.prepare(
    `SELECT term, magnitude FROM ${terms} INDEXED BY ${frequent} WHERE ${prefix} AND term IS NOT NULL
     ORDER BY magnitude DESC, name LIMIT ?`,
  );
  const rare = pluck(database, `SELECT rows FROM ${terms} WHERE ${prefix} AND term IS NULL ORDER BY name LIMIT ?`);
  return {
    entry: (scope: string, name: string) => find.get(scope, name) as Entry | undefined,
    insertEntry: (scope: string, name: string, { count, sum, magnitude, term, rows }: Entry) =>
      insert.run(scope, name, count, sum, magnitude, term, rows),
    updateEntry(scope: string, name: string, before: Entry, { count, sum, magnitude, term, rows }: Entry) {
      // A statement that names an indexed column writes the index even where the value stays.
      if (before.term === term && before.magnitude === magnitude) recount.run(count, sum, rows, scope, name);
      else change.run(count, sum, rows, magnitude, term, scope, name);
    },
    deleteEntry: (scope: string, name: string) => remove.run(scope, name),
    /** Counts and sums of every term that begins with the prefix, by name. */
    totalsWith: (scope: string, begin: string) =>
      totals.all(scope, begin, afterPrefix(begin)) as { name: string; count: number; sum: number }[],
    /** The frequent terms that begin with the prefix, the most frequent first. */
    frequentWith: (scope: string, begin: string, limit: number) =>
      mostFrequent.all(scope, begin, afterPrefix(begin), limit) as { term: number; magnitude: number }[],
    /** The lists of the rare terms that begin with the prefix, by name. */
    rareWith: (scope: string, begin: string, limit: number) =>
      rare.all(scope, begin, afterPrefix(begin), limit) as string[],
  };
};

const postings = (database: SqliteDatabase, names: TableNames, order: string) => {
  const by = names.by(order);
  const add = database.prepare(`INSERT INTO ${by} (term, sort, key, row) VALUES (?, ?, ?, ?)`);
  const remove = database.prepare(`DELETE FROM ${by} WHERE term = ? AND sort = ? AND key = ?`);
  const clear = database.prepare(`DELETE FROM ${by} WHERE term = ?`);
  const rowsOf = pluck(database, `SELECT row FROM ${by} WHERE term = ?`);
  const inOrder = pluck(database, `SELECT row FROM ${by} WHERE term = ? ORDER BY sort, key`);
  return {
    add: (term: number, sort: string, key: string, row: number) => add.run(term, sort, key, row),
    /** Whether there was one. */
    remove: (term: number, sort: string, key: string) => remove.run(term, sort, key).changes === 1,
    clear: (term: number) => clear.run(term),
    rowsOf: (term: number) => rowsOf.all(term) as number[],
    /** The same in the order. */
    rowsInOrder: (term: number) => inOrder.all(term) as number[],
  };
};

const facetLookups = (database: SqliteDatabase, { lookups }: TableNames) => {
  const add = database.prepare(`INSERT INTO ${lookups} (hash, row) VALUES (?, ?)`);
  const remove = database.prepare(`DELETE FROM ${lookups} WHERE hash = ? AND row = ?`);
  const rowsOf = pluck(database, `SELECT row FROM ${lookups} WHERE hash = ?`);
  return {
    add: (hash: number, row: number) => add.run(hash, row),
    remove: (hash: number, row: number) => remove.run(hash, row),
    rowsOf: (hash: number) => rowsOf.all(hash) as number[],
  };
};

const scans = (database: SqliteDatabase, names: TableNames) => {
  const prepared = new Map<string, Statement>();
  const statement = (range: Range, terms: number, column: 'row' | 'count'): Statement => {
    const variant = `${column} ${terms} ${range.direction} ${range.order}`;
    let found = prepared.get(variant);
    if (!found) {
      const sql = scanSql(names, range, terms, column);
      found =
        column === 'count'
          ? pluck(database, `SELECT count(*) FROM (${sql})`)
          : (database.prepare(sql) as Statement).raw();
      prepared.set(variant, found);
    }
    return found;
  };
  const run = (range: Range, [first, ...others]: readonly number[], limit: number) =>
    [...others, first, range.after.sort, range.after.key, range.last, limit] as const;
  return {
    /** The rows with all the terms, in the order: `[sort, key, row]`. The first term drives. */
    scanRows: (terms: readonly number[], range: Range, limit: number) =>
      statement(range, terms.length, 'row').all(...run(range, terms, limit)) as [string, string, number][],
    /** How many rows have all the terms, counted up to a bound. */
    countRows: (terms: readonly number[], range: Range, upTo: number) =>
      statement(range, terms.length, 'count').get(...run(range, terms, upTo)) as number,
  };
};

/**
 * A range scan of the first term's postings, each looked up in those of the others. CROSS JOIN keeps the loops in the
 * sequence written (https://sqlite.org/optoverview.html section 6.2), so that the first, the rarest, drives.
 */
const scanSql = (names: TableNames, range: Range, terms: number, column: 'row' | 'count'): string => {
  const by = names.by(range.order);
  let from = `${by} p`;
  for (let i = 1; i < terms; i++) {
    from += ` CROSS JOIN ${by} q${i} ON q${i}.term = ? AND q${i}.sort = p.sort AND q${i}.key = p.key`;
  }
  const columns = { row: 'p.sort, p.key, p.row', count: '1' }[column];
  const [beyond, upTo, way] = range.direction === 'asc' ? ['>', '<=', 'ASC'] : ['<', '>=', 'DESC'];
  return `SELECT ${columns} FROM ${from} WHERE p.term = ? AND (p.sort, p.key) ${beyond} (?, ?) AND p.sort ${upTo} ?
    ORDER BY p.sort ${way}, p.key ${way} LIMIT ?`;
};

/** The least byte string above every text that begins with the prefix; 255 is no byte of UTF-8. */
const afterPrefix = (prefix: string): Buffer => {
  const bytes = Buffer.from(prefix);
  bytes[bytes.length - 1]! += 1;
  return bytes;
};
