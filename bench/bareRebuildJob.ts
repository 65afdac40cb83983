import { allProjections } from '../projections/all.js';
import { filesIn } from '../src/app/dataDir.js';
import { decodeEvent } from '../src/eventstore/encoding.js';
import type { StoredEvent } from '../src/kernel/envelope.js';
import type { KeyRef } from '../src/kernel/personal.js';
import type { Row, Table } from '../src/readstore/port.js';
import { createTable, tableNames } from '../src/readstore/sqliteTables.js';
import { indexed, orderNames, ordersOf } from '../src/readstore/terms.js';
import { openDatabase, type SqliteDatabase } from '../src/sqlite/database.js';
import { openField } from '../src/vault/seal.js';
import { openSqliteKeyReader } from '../src/vault/sqlite.js';
import { keysOf, readModelsOf } from './dataset.js';
import { answerJob, type Home } from './processes.js';

/*
 * What a rebuild is held against: one loop that reads the log once and opens every sealed field, and one that inserts the
 * very rows that the rebuilt read store holds, in the order in which the events made them, 1,000 a transaction, in a file
 * with the same cipher and settings. What is to be inserted is worked out before, and not timed.
 */

export interface BareRebuildJob {
  readonly home: Home;
  /** Where to insert; made anew. */
  readonly target: string;
}

export interface BareRebuildReport {
  readonly readSeconds: number;
  readonly insertSeconds: number;
  /** Processor time of both. */
  readonly cpuSeconds: number;
  readonly fieldsOpened: number;
  readonly rowsInserted: number;
}

const BATCH_SIZE = 1_000;
/** A row has about ten entries in the index, which go into the same transaction. */
const INSERTS_A_TRANSACTION = 10 * BATCH_SIZE;
/** As the rebuild's worker and the read store have them. */
const CACHE_MIB = 64;
const LOG_PAGES = 4_000;
const CHUNK_ROWS = 20_000;

/** What both loops have taken of a processor so far, in microseconds. */
let cpu = 0;

const cpuSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

const readAndOpen = async (home: Home): Promise<{ seconds: number; fields: number }> => {
  const keys = await keysOf(home);
  const files = filesIn(home.dataDir);
  const log = openDatabase({ file: files.events, fileKey: keys.events, durability: 'full', readonly: true });
  const vault = openSqliteKeyReader({ file: files.vault, fileKey: keys.vault, wrapKey: keys.wrap });
  const statement = log.prepare(
    'SELECT position, body, bytes AS sealed FROM events LEFT JOIN sealed USING (position) WHERE position > ? ORDER BY position LIMIT ?',
  );
  const before = process.cpuUsage();
  const began = performance.now();
  let fields = 0;
  for (let after = 0; ; ) {
    const rows = statement.all(after, BATCH_SIZE) as { position: number; body: string; sealed: Buffer | null }[];
    if (rows.length === 0) break;
    after = rows.at(-1)!.position;
    fields += await openAll(rows.map(decodeEvent), vault);
  }
  const seconds = (performance.now() - began) / 1000;
  cpu += cpuSince(before);
  log.close();
  await vault.shut();
  return { seconds, fields };
};

const openAll = async (
  events: readonly StoredEvent[],
  vault: ReturnType<typeof openSqliteKeyReader>,
): Promise<number> => {
  const refs = new Map<string, KeyRef>();
  for (const { workspace, subject, sealed } of events) {
    for (const field of Object.values(sealed)) {
      refs.set(`${workspace} ${subject} ${field.class}`, { workspace, subject, class: field.class });
    }
  }
  const found = await vault.openingKeys([...refs.values()]);
  const byName = new Map([...refs.keys()].map((name, index) => [name, found[index]!]));
  let fields = 0;
  for (const { id, type, workspace, subject, sealed } of events) {
    for (const [field, value] of Object.entries(sealed)) {
      const key = byName.get(`${workspace} ${subject} ${value.class}`)!;
      openField(key, { eventId: id, type, subject, class: value.class, field }, value);
      fields += 1;
    }
  }
  return fields;
};

/** One row of SQLite's to insert: which statement, and its values. */
type Insert = readonly [statement: number, ...values: unknown[]];

/** Inserts in batches of one transaction each. Answers the seconds. */
const timed = (target: SqliteDatabase, statements: readonly string[], inserts: readonly Insert[]): number => {
  const prepared = statements.map((sql) => target.prepare(sql));
  const before = process.cpuUsage();
  const began = performance.now();
  for (let at = 0; at < inserts.length; ) {
    target.exec('BEGIN');
    const end = Math.min(at + INSERTS_A_TRANSACTION, inserts.length);
    for (; at < end; at++) {
      const [statement, ...values] = inserts[at]!;
      prepared[statement]!.run(...values);
    }
    target.exec('COMMIT');
  }
  cpu += cpuSince(before);
  return (performance.now() - began) / 1000;
};

const ROW_STATEMENT = 0;
const FIRST_ORDER_STATEMENT = 1;

const copyTable = (source: SqliteDatabase, target: SqliteDatabase, generation: number, table: Table) => {
  const names = tableNames(generation, table);
  createTable(target, generation, table);
  const orders = orderNames(table);
  const statements = [
    `INSERT INTO ${names.rows} (row, key, doc) VALUES (?, ?, ?)`,
    ...orders.map((order) => `INSERT INTO ${names.by(order)} (term, sort, key, row) VALUES (?, ?, ?, ?)`),
  ];
  const frequent = new Map(
    (
      source.prepare(`SELECT scope, name, term FROM ${names.terms} WHERE term IS NOT NULL`).raw().all() as string[][]
    ).map(([scope, name, term]) => [`${scope} ${name}`, term!]),
  );
  const chunk = source.prepare(`SELECT row, key, doc FROM ${names.rows} WHERE row > ? ORDER BY row LIMIT ?`);
  let seconds = 0;
  let rows = 0;
  for (let after = 0; ; ) {
    const found = chunk.all(after, CHUNK_ROWS) as { row: number; key: string; doc: string }[];
    if (found.length === 0) break;
    after = found.at(-1)!.row;
    const inserts = found.flatMap(({ row, key, doc }) => [
      [ROW_STATEMENT, row, key, doc] as const,
      ...postingsOf(table, JSON.parse(doc) as Row, key, row, frequent),
    ]);
    seconds += timed(target, statements, inserts);
    rows += inserts.length;
  }
  const terms = copyTerms(source, target, names.terms);
  return { seconds: seconds + terms.seconds, rows: rows + terms.rows };
};

const postingsOf = (
  table: Table,
  row: Row,
  key: string,
  number: number,
  frequent: ReadonlyMap<string, unknown>,
): Insert[] => {
  const { scope, names, sorts } = indexed(table, row);
  const orders = orderNames(table);
  const inserts: Insert[] = [];
  for (const name of names) {
    const term = frequent.get(`${scope} ${name}`);
    if (term === undefined) continue;
    for (const order of ordersOf(table, name)) {
      const at = orders.indexOf(order);
      inserts.push([FIRST_ORDER_STATEMENT + at, term, sorts[at], key, number]);
    }
  }
  return inserts;
};

const copyTerms = (source: SqliteDatabase, target: SqliteDatabase, terms: string) => {
  const insert = `INSERT INTO ${terms} (scope, name, count, sum, magnitude, term, rows) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  const chunk = source
    .prepare(
      `SELECT scope, name, count, sum, magnitude, term, rows FROM ${terms} WHERE (scope, name) > (?, ?) ORDER BY scope, name LIMIT ?`,
    )
    .raw();
  let seconds = 0;
  let rows = 0;
  for (let after = ['', '']; ; ) {
    const found = chunk.all(...after, CHUNK_ROWS) as [string, string, ...unknown[]][];
    if (found.length === 0) return { seconds, rows };
    const last = found.at(-1)!;
    after = [last[0], last[1]];
    const inserts = found.map((values): Insert => [0, ...values]);
    seconds += timed(target, [insert], inserts);
    rows += found.length;
  }
};

answerJob<BareRebuildJob, BareRebuildReport>(async ({ home, target }) => {
  const { seconds: readSeconds, fields: fieldsOpened } = await readAndOpen(home);
  const { file, fileKey } = await readModelsOf(home);
  const source = openDatabase({ file, fileKey, durability: 'normal', readonly: true });
  const copy = openDatabase({ file: target, fileKey, durability: 'normal', cacheMiB: CACHE_MIB });
  copy.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
  const live = source.prepare(`SELECT generation FROM builds WHERE projection = ? AND state = 'live'`).pluck();
  let insertSeconds = 0;
  let rowsInserted = 0;
  for (const { name, tables } of allProjections) {
    const generation = live.get(name) as number;
    for (const table of tables) {
      const { seconds, rows } = copyTable(source, copy, generation, table);
      insertSeconds += seconds;
      rowsInserted += rows;
    }
  }
  source.close();
  copy.close();
  return { readSeconds, insertSeconds, cpuSeconds: cpu / 1e6, fieldsOpened, rowsInserted };
});
