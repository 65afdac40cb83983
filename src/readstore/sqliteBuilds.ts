import { CrmError } from '../errors.js';
import { type Position, START } from '../kernel/envelope.js';
import type { SqliteDatabase } from '../sqlite/database.js';
import type { Build, ProjectionTables } from './port.js';
import { createLookups, createTable, generationPrefix } from './sqliteTables.js';

/*
 * The builds of all projections:
 *
 *   filling → indexing → building → live → dropped        (the first build of a projection is live at once)
 *
 * A generation is never used again, so that whoever still holds a build that was dropped meets nothing of another's.
 * Dropping is two steps: the build is marked at once, in the transaction that replaces it, and its tables are then
 * emptied piece by piece, because one transaction over a million rows would hold the file's only write lock, and fill a
 * log as large as the tables, for seconds.
 */

export type BuildState = 'filling' | 'indexing' | 'building' | 'live' | 'dropped';

/** Rows or entries removed in one transaction. */
const PIECE = 2_000;

interface BuildRow {
  readonly generation: number;
  readonly projection: string;
  readonly version: number;
  readonly state: BuildState;
  readonly checkpoint: Position;
  readonly nextTerm: number;
}

const COLUMNS = 'generation, projection, version, state, checkpoint, next_term AS nextTerm';

const statementsOf = (database: SqliteDatabase) => {
  database.exec(`CREATE TABLE IF NOT EXISTS builds (generation INTEGER PRIMARY KEY AUTOINCREMENT, projection TEXT NOT NULL,
    version INTEGER NOT NULL, state TEXT NOT NULL, checkpoint TEXT NOT NULL, next_term INTEGER NOT NULL)`);
  database.exec('CREATE INDEX IF NOT EXISTS builds_by_projection ON builds (projection, state)');
  return {
    live: database
      .prepare(`SELECT generation FROM builds WHERE projection = ? AND state = 'live'`)
      .pluck() as unknown as { get(projection: string): number | undefined },
    byGeneration: database.prepare(`SELECT ${COLUMNS} FROM builds WHERE generation = ? AND state <> 'dropped'`),
    ofProjection: database.prepare(
      `SELECT ${COLUMNS} FROM builds WHERE projection = ? AND state <> 'dropped' ORDER BY generation`,
    ),
    insert: database.prepare(
      `INSERT INTO builds (projection, version, state, checkpoint, next_term) VALUES (?, ?, ?, ?, 1)`,
    ),
    dropLive: database.prepare(`UPDATE builds SET state = 'dropped' WHERE projection = ? AND state = 'live'`),
    dropOthers: database.prepare(`UPDATE builds SET state = 'dropped' WHERE projection = ? AND state <> 'live'`),
    setState: database.prepare('UPDATE builds SET state = ? WHERE generation = ?'),
    advance: database.prepare('UPDATE builds SET checkpoint = ?, next_term = ? WHERE generation = ?'),
    setNextTerm: database.prepare('UPDATE builds SET next_term = ? WHERE generation = ?'),
    dropped: database.prepare(`SELECT generation FROM builds WHERE state = 'dropped' ORDER BY generation LIMIT 1`),
    forget: database.prepare('DELETE FROM builds WHERE generation = ?'),
  };
};

/** All of it runs inside a transaction of the caller's. */
export class Builds {
  readonly #statements: ReturnType<typeof statementsOf>;

  constructor(private readonly database: SqliteDatabase) {
    this.#statements = statementsOf(database);
  }

  /** The generation that readers see. */
  live(projection: string): number | undefined {
    return this.#statements.live.get(projection);
  }

  /** `undefined` where it was dropped. */
  stateOf(generation: number): BuildState | undefined {
    return this.#one(generation)?.state;
  }

  of(projection: string): readonly Build[] {
    const rows = this.#statements.ofProjection.all(projection) as BuildRow[];
    return rows.map(({ generation, version, state, checkpoint }) => ({
      projection,
      version,
      generation,
      live: state === 'live',
      checkpoint,
    }));
  }

  start({ name, version, tables }: ProjectionTables, state: 'live' | 'filling'): Build {
    const generation = Number(this.#statements.insert.run(name, version, state, START).lastInsertRowid);
    for (const table of tables) createTable(this.database, generation, table);
    if (state === 'filling') for (const table of tables) createLookups(this.database, generation, table);
    return { projection: name, version, generation, live: state === 'live', checkpoint: START };
  }

  /** Starts a build beside the live one in place of any other under way. */
  startBeside(projection: ProjectionTables): Build {
    this.#statements.dropOthers.run(projection.name);
    return this.start(projection, 'filling');
  }

  /** From one state to the next. Error: CONFLICT where it is in another. */
  proceed(generation: number, from: BuildState, to: BuildState): void {
    if (this.stateOf(generation) !== from) throw new CrmError('CONFLICT');
    this.#statements.setState.run(to, generation);
  }

  /** Error: CONFLICT where the build was dropped or is not ready. */
  switchTo({ generation, projection }: Build): void {
    const state = this.stateOf(generation);
    if (state === 'live') return;
    if (state !== 'building') throw new CrmError('CONFLICT');
    this.#statements.dropLive.run(projection);
    this.#statements.setState.run('live', generation);
  }

  /** The build. Error: CONFLICT where its checkpoint is another, or it is not one to be written to now. */
  expect({ generation }: Build, from: Position): { readonly state: BuildState; readonly nextTerm: number } {
    const build = this.#one(generation);
    if (build?.checkpoint !== from || build.state === 'indexing') throw new CrmError('CONFLICT');
    return build;
  }

  /** The number of the first free term of a build that is being indexed. Error: CONFLICT where it was dropped. */
  nextTermOf(generation: number): number {
    const build = this.#one(generation);
    if (build?.state !== 'indexing') throw new CrmError('CONFLICT');
    return build.nextTerm;
  }

  setNextTerm(generation: number, nextTerm: number): void {
    this.#statements.setNextTerm.run(nextTerm, generation);
  }

  advance(generation: number, to: Position, nextTerm: number): void {
    this.#statements.advance.run(to, nextTerm, generation);
  }

  /** Removes a piece of what is left of dropped builds. Answers whether there may be more. */
  purge(): boolean {
    const build = this.#statements.dropped.get() as { generation: number } | undefined;
    if (!build) return false;
    const [table] = tablesOf(this.database, build.generation, '*');
    if (table === undefined) this.#statements.forget.run(build.generation);
    else removeSome(this.database, table);
    return true;
  }

  /** Removes a piece of the look-ups that only the filling needed. Answers whether there may be more. */
  purgeLookups(generation: number): boolean {
    const [table] = tablesOf(this.database, generation, '*/lookups');
    if (table !== undefined) removeSome(this.database, table);
    return table !== undefined;
  }

  #one(generation: number): BuildRow | undefined {
    return this.#statements.byGeneration.get(generation) as BuildRow | undefined;
  }
}

const tablesOf = (database: SqliteDatabase, generation: number, pattern: string): readonly string[] =>
  database
    .prepare(`SELECT replace(name, '"', '""') FROM sqlite_master WHERE type = 'table' AND name GLOB ?`)
    .pluck()
    .all(generationPrefix(generation) + pattern) as string[];

/** Removes a piece of a table, and the table itself with the last one. */
const removeSome = (database: SqliteDatabase, table: string): void => {
  const { changes } = database.prepare(`DELETE FROM "${table}" LIMIT ${PIECE}`).run();
  if (changes < PIECE) database.exec(`DROP TABLE "${table}"`);
};
