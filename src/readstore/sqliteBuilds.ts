import { CrmError } from '../errors.js';
import { type Position, START } from '../kernel/envelope.js';
import type { SqliteDatabase } from '../sqlite/database.js';
import type { Build, ProjectionTables } from './port.js';
import { createTable, generationPrefix } from './sqliteTables.js';

/*
 * The builds of all projections. A generation is never used again, so that whoever still holds a build that was dropped
 * meets nothing of another's. Dropping is two steps: the build is marked at once, in the transaction that replaces it,
 * and its tables are then emptied piece by piece, because one transaction over a million rows would hold the file's only
 * write lock, and a log as large as the table, for seconds.
 */

/** Rows or entries removed in one transaction while a dropped build is emptied. */
const PURGE_CHUNK = 2_000;

export type Builds = ReturnType<typeof sqliteBuilds>;

interface BuildRow {
  readonly generation: number;
  readonly projection: string;
  readonly version: number;
  readonly state: 'live' | 'building' | 'dropped';
  readonly checkpoint: Position;
  readonly nextTerm: number;
}

/** All of it runs inside a transaction of the caller's. */
export const sqliteBuilds = (database: SqliteDatabase) => {
  database.exec(`CREATE TABLE IF NOT EXISTS builds (generation INTEGER PRIMARY KEY AUTOINCREMENT, projection TEXT NOT NULL,
    version INTEGER NOT NULL, state TEXT NOT NULL, checkpoint TEXT NOT NULL, next_term INTEGER NOT NULL)`);
  database.exec('CREATE INDEX IF NOT EXISTS builds_by_projection ON builds (projection, state)');
  const columns = 'generation, projection, version, state, checkpoint, next_term AS nextTerm';
  const live = database
    .prepare(`SELECT generation FROM builds WHERE projection = ? AND state = 'live'`)
    .pluck() as unknown as { get(projection: string): number | undefined };
  const byGeneration = database.prepare(`SELECT ${columns} FROM builds WHERE generation = ? AND state <> 'dropped'`);
  const ofProjection = database.prepare(
    `SELECT ${columns} FROM builds WHERE projection = ? AND state <> 'dropped' ORDER BY generation`,
  );
  const insert = database.prepare(
    `INSERT INTO builds (projection, version, state, checkpoint, next_term) VALUES (?, ?, ?, ?, 1)`,
  );
  const setState = database.prepare('UPDATE builds SET state = ? WHERE projection = ? AND state = ?');
  const makeLive = database.prepare(`UPDATE builds SET state = 'live' WHERE generation = ?`);
  const advance = database.prepare('UPDATE builds SET checkpoint = ?, next_term = ? WHERE generation = ?');
  const dropped = database.prepare(`SELECT generation FROM builds WHERE state = 'dropped' ORDER BY generation LIMIT 1`);
  const forget = database.prepare('DELETE FROM builds WHERE generation = ?');

  const one = (generation: number): BuildRow | undefined => byGeneration.get(generation) as BuildRow | undefined;

  const start = ({ name, version, tables }: ProjectionTables, state: 'live' | 'building'): Build => {
    const generation = Number(insert.run(name, version, state, START).lastInsertRowid);
    for (const table of tables) createTable(database, generation, table);
    return { projection: name, version, generation, live: state === 'live', checkpoint: START };
  };

  return {
    /** The generation that readers see. */
    live: (projection: string): number | undefined => live.get(projection),
    isThere: (generation: number): boolean => one(generation) !== undefined,

    of: (projection: string): readonly Build[] =>
      (ofProjection.all(projection) as BuildRow[]).map(({ generation, version, state, checkpoint }) => ({
        projection,
        version,
        generation,
        live: state === 'live',
        checkpoint,
      })),

    start,

    /** Starts a build beside the live one in place of any other under way. */
    startBeside(projection: ProjectionTables): Build {
      setState.run('dropped', projection.name, 'building');
      return start(projection, 'building');
    },

    /** Error: CONFLICT where the build was dropped meanwhile. */
    switchTo({ generation, projection }: Build): void {
      const build = one(generation);
      if (!build) throw new CrmError('CONFLICT');
      if (build.state === 'live') return;
      setState.run('dropped', projection, 'live');
      makeLive.run(generation);
    },

    /** The number of the build's first free term. Error: CONFLICT where its checkpoint is another or it was dropped. */
    expect({ generation }: Build, from: Position): number {
      const build = one(generation);
      if (build?.checkpoint !== from) throw new CrmError('CONFLICT');
      return build.nextTerm;
    },

    advance: (generation: number, to: Position, nextTerm: number): void => {
      advance.run(to, nextTerm, generation);
    },

    /** Removes a piece of what is left of dropped builds. Answers whether there may be more. */
    purge(): boolean {
      const build = dropped.get() as { generation: number } | undefined;
      if (!build) return false;
      const [table] = tablesOf(database, build.generation);
      if (table === undefined) forget.run(build.generation);
      else if (!removeSome(database, table)) database.exec(`DROP TABLE "${table}"`);
      return true;
    },
  };
};

const tablesOf = (database: SqliteDatabase, generation: number): readonly string[] =>
  database
    .prepare(`SELECT replace(name, '"', '""') FROM sqlite_master WHERE type = 'table' AND name GLOB ? || '*'`)
    .pluck()
    .all(generationPrefix(generation)) as string[];

const removeSome = (database: SqliteDatabase, table: string): boolean =>
  database.prepare(`DELETE FROM "${table}" LIMIT ${PURGE_CHUNK}`).run().changes === PURGE_CHUNK;
