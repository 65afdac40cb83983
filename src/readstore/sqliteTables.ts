import type { SqliteDatabase } from '../sqlite/database.js';
import type { Table } from './port.js';
import { orderNames } from './terms.js';

/*
 * One table of one build, as an inverted index:
 *
 *   rows    row, key, doc                            the rows themselves, as JSON
 *   terms   scope, name → count, sum, term | rows    the dictionary: facets and words, how many rows have each
 *   by <o>  term, sort, key → row                    the postings of a frequent term, once for every order it goes with
 *   lookups hash → row                               facets of a build that is being filled: see `sqliteFilling.ts`
 *
 * A term of few rows keeps their numbers in the dictionary itself and has no postings: most terms of a contact (the
 * address, the number, the family name) are as rare as that, and each posting saved is a page that a write leaves
 * alone. Such a list is read whole and put in order in memory. See `sqliteIndex.ts` for when a term changes sides.
 *
 * The columns `sort` and `key` of the postings have no declared type, so that no affinity converts what they are
 * compared with: a number is below every text there, and a blob above (https://sqlite.org/datatype3.html section 4.1).
 */

export const BELOW_EVERY_TEXT = 0;
export const ABOVE_EVERY_TEXT: Uint8Array = new Uint8Array(0);
export type Bound = string | typeof BELOW_EVERY_TEXT | Uint8Array;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** All tables of a build begin with its generation, so that dropping one needs to know nothing else of it. */
export const generationPrefix = (generation: number): string => `${generation}/`;

export type TableNames = ReturnType<typeof tableNames>;

export const tableNames = (generation: number, table: Table) => {
  const prefix = `${generationPrefix(generation)}${table.name}`;
  return {
    rows: quoted(`${prefix}/rows`),
    terms: quoted(`${prefix}/terms`),
    frequent: quoted(`${prefix}/frequent`),
    lookups: quoted(`${prefix}/lookups`),
    by: (order: string) => quoted(`${prefix}/by ${order}`),
  };
};

export const createTable = (database: SqliteDatabase, generation: number, table: Table): void => {
  const name = tableNames(generation, table);
  database.exec(`CREATE TABLE ${name.rows} (row INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, doc TEXT NOT NULL)`);
  database.exec(`CREATE TABLE ${name.terms} (scope TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
    sum INTEGER NOT NULL, magnitude INTEGER NOT NULL, term INTEGER, rows TEXT, PRIMARY KEY (scope, name)) WITHOUT ROWID`);
  // The count itself is left out: it changes with every write, its magnitude hardly ever.
  database.exec(`CREATE INDEX ${name.frequent} ON ${name.terms} (scope, name, magnitude, term) WHERE term IS NOT NULL`);
  for (const order of orderNames(table)) {
    database.exec(`CREATE TABLE ${name.by(order)} (term INTEGER NOT NULL, sort NOT NULL, key NOT NULL,
      row INTEGER NOT NULL, PRIMARY KEY (term, sort, key)) WITHOUT ROWID`);
  }
};

/** For a build that starts by being filled. */
export const createLookups = (database: SqliteDatabase, generation: number, table: Table): void => {
  const { lookups } = tableNames(generation, table);
  database.exec(`CREATE TABLE ${lookups} (hash INTEGER NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY (hash, row)) WITHOUT ROWID`);
};
