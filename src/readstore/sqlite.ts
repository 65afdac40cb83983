import { setImmediate, setTimeout } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import { openDatabase, type SqliteDatabase, type Statement, storeError } from '../sqlite/database.js';
import type {
  Build,
  BuildWrite,
  FacetTotal,
  Page,
  PageQuery,
  ProjectionTables,
  ReadStore,
  Row,
  Table,
} from './port.js';
import { RowCache } from './rowCache.js';
import { type BuildState, Builds } from './sqliteBuilds.js';
import { INDEX_ROWS, lookUp, piecesOf, READ_ROWS, writeLookups } from './sqliteFilling.js';
import { TermChanges, writeTerms } from './sqliteIndex.js';
import { readFacet, readPage } from './sqlitePage.js';
import { writeRows } from './sqliteRows.js';
import { type TableStatements, tableStatements } from './sqliteStatements.js';
import { facetName } from './terms.js';

export interface SqliteReadStoreOptions {
  /** Path of the file. Several connections, of this process or its workers, may have it open. */
  readonly file: string;
  /** 32 bytes, the key of this one file. */
  readonly fileKey: Uint8Array;
  /** Pages kept in memory, in MiB. */
  readonly cacheMiB?: number;
  /** Whoever copies the log into the file, so that commits need not. */
  readonly checkpoints?: WalCheckpoints;
}

export interface WalCheckpoints {
  /** Told after each commit how many rows it changed. */
  wrote(rows: number): void;
  /** Resolves when it has let go of the file. */
  close(): Promise<void>;
}

const DEFAULT_CACHE_MIB = 64;
/** Rows kept parsed, in characters of their JSON: some 20,000 contacts, and twice as many at the most. */
const CACHED_CHARACTERS = 12_000_000;
/** Pages of 4 KiB in the log before a commit copies them into the file: a page that many writes touch is copied once. */
const LOG_PAGES = 4_000;
/** The same where somebody else copies them: only for when that does not keep up. */
const LOG_PAGES_AT_MOST = 16_000;
/** How often, and after how long a pause, a write asks again for the lock that another connection holds. */
const LOCK_ATTEMPTS = 5_000;
const LOCK_RETRY_MS = 2;

/**
 * Opens the read store on SQLite. Durability `normal`: rows and the checkpoint they go with are lost together or not
 * at all, and what is lost is derived again.
 * Errors: WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const openSqliteReadStore = ({ file, fileKey, cacheMiB, checkpoints }: SqliteReadStoreOptions): ReadStore =>
  sqliteReadStoreOver(
    openDatabase({ file, fileKey, durability: 'normal', cacheMiB: cacheMiB ?? DEFAULT_CACHE_MIB }),
    checkpoints,
  );

/** The read store in a database that is open already, and closed with it. */
export const sqliteReadStoreOver = (database: SqliteDatabase, checkpoints?: WalCheckpoints): ReadStore =>
  new SqliteReadStore(database, checkpoints);

/**
 * Every read is one snapshot, which begins with asking what is live: a switch or a drop by another connection (a rebuild
 * in a worker) is seen by the next read, and never in the middle of one. What is remembered between transactions, which
 * builds are live and the rows read lately, is forgotten as soon as another connection has written anything (SQLite's
 * `data_version`); what this one writes it drops itself, before the commit, so that a rollback leaves nothing wrong.
 */
class SqliteReadStore implements ReadStore {
  readonly #builds: Builds;
  readonly #begin;
  readonly #beginImmediate;
  readonly #commit;
  readonly #projections = new Map<string, ProjectionTables>();
  readonly #projectionOfTable = new Map<string, string>();
  readonly #statements = new Map<number, Map<string, TableStatements>>();
  readonly #rows = new RowCache(CACHED_CHARACTERS);
  readonly #live = new Map<string, number>();
  readonly #dataVersion;
  #seenVersion = -1;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly checkpoints?: WalCheckpoints,
  ) {
    database.pragma(`wal_autocheckpoint = ${checkpoints === undefined ? LOG_PAGES : LOG_PAGES_AT_MOST}`);
    this.#builds = new Builds(database);
    this.#begin = database.prepare('BEGIN');
    this.#beginImmediate = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#dataVersion = database.prepare('PRAGMA data_version').pluck() as Statement;
    // A write waits for its lock without holding up the event loop: see #transaction.
    database.pragma('busy_timeout = 0');
  }

  async register(projection: ProjectionTables): Promise<void> {
    this.#know(projection);
    await this.#transaction(() => {
      if (this.#builds.of(projection.name).length === 0) this.#builds.start(projection, 'live');
    });
    await this.#purge();
  }

  async builds(projection: string): Promise<readonly Build[]> {
    return this.#read(() => this.#builds.of(projection));
  }

  async startBuild(projection: ProjectionTables): Promise<Build> {
    this.#know(projection);
    const build = await this.#transaction(() => this.#builds.startBeside(projection));
    await this.#purge();
    return build;
  }

  async indexBuild(build: Build): Promise<void> {
    const { generation } = build;
    const projection = this.#projections.get(build.projection);
    if (!projection) throw new TypeError(`The projection ${build.projection} is not registered.`);
    if (this.#read(() => this.#builds.stateOf(generation)) !== 'filling') return;
    await this.#transaction(() => this.#builds.proceed(generation, 'filling', 'indexing'));
    for (const table of projection.tables) await this.#indexTable(generation, table);
    await this.#transaction(() => this.#builds.proceed(generation, 'indexing', 'building'));
    await this.#inPieces(() => this.#builds.purgeLookups(generation));
  }

  async switchTo(build: Build): Promise<void> {
    await this.indexBuild(build);
    await this.#transaction(() => this.#builds.switchTo(build));
    await this.#purge();
  }

  async write(writes: readonly BuildWrite[]): Promise<void> {
    await this.#transaction(() => {
      for (const write of writes) this.#write(write);
    });
    this.checkpoints?.wrote(writes.reduce((sum, { rows }) => sum + rows.length, 0));
  }

  async get<R extends Row>(table: Table<R>, key: string, build?: Build): Promise<R | null> {
    return this.#readTable(table, build, (statements) => rowReader<R>(statements, build)(key));
  }

  async many<R extends Row>(table: Table<R>, keys: readonly string[], build?: Build): Promise<readonly (R | null)[]> {
    return this.#readTable(table, build, (statements) => keys.map(rowReader<R>(statements, build)));
  }

  async withFacet<R extends Row>(table: Table<R>, scope: string, facet: string, build?: Build): Promise<readonly R[]> {
    return this.#readTable(table, build, (statements, state) =>
      state === 'filling'
        ? (lookUp(statements, anyTable(table), scope, facet) as readonly R[])
        : (readFacet(statements, anyTable(table), scope, facet) as readonly R[]),
    );
  }

  async withFacets<R extends Row>(
    table: Table<R>,
    scope: string,
    facets: readonly string[],
  ): Promise<readonly (readonly R[])[]> {
    return this.#readTable(table, undefined, (statements) =>
      facets.map((facet) => readFacet(statements, anyTable(table), scope, facet) as readonly R[]),
    );
  }

  async page<R extends Row>(table: Table<R>, query: PageQuery): Promise<Page<R>> {
    return this.#readTable(table, undefined, (statements) => readPage(statements, anyTable(table), query) as Page<R>);
  }

  async totals(table: Table, scope: string, facetPrefix: string): Promise<readonly FacetTotal[]> {
    return this.#readTable(table, undefined, (statements) =>
      statements
        .totalsWith(scope, facetName(facetPrefix))
        .map(({ name, count, sum }) => ({ facet: name.slice(facetName('').length), count, sum })),
    );
  }

  async close(): Promise<void> {
    await this.checkpoints?.close();
    this.database.close();
  }

  #know(projection: ProjectionTables): void {
    this.#projections.set(projection.name, projection);
    for (const table of projection.tables) this.#projectionOfTable.set(table.name, projection.name);
  }

  #write({ build, from, to, rows, fence }: BuildWrite): void {
    if (fence !== undefined) throw new TypeError('One process has this store: there is nobody to be fenced off.');
    if (this.#projections.get(build.projection)?.version !== build.version) {
      throw new Error(`The rows of ${build.projection} are not those of the build's version ${build.version}.`);
    }
    const { generation } = build;
    const { state, nextTerm } = this.#builds.expect(build, from);
    let free = nextTerm;
    for (const table of new Set(rows.map((change) => change.table))) {
      const statements = this.#statementsOf(generation, table);
      const ofTable = rows.filter((change) => change.table === table);
      const changes = writeRows(statements, table, ofTable);
      if (state === 'filling') writeLookups(statements, table, changes);
      else {
        const terms = new TermChanges(table);
        for (const change of changes) terms.add(change);
        free = writeTerms(statements, table, terms.sorted(), free);
      }
    }
    this.#builds.advance(generation, to, free);
  }

  async #indexTable(generation: number, table: Table): Promise<void> {
    const rowsAfter = (row: number) =>
      this.#read(() => this.#statementsOf(generation, table).rowsAfter(row, READ_ROWS));
    for (let rows = rowsAfter(0); rows.length > 0; ) {
      const terms = new TermChanges(table);
      for (let size = 0; size < INDEX_ROWS && rows.length > 0; rows = rowsAfter(rows.at(-1)!.row)) {
        for (const { row, doc } of rows) {
          const after = JSON.parse(doc) as Row;
          terms.add({ key: table.key(after), row, before: null, after });
        }
        size += rows.length;
      }
      for (const piece of piecesOf(terms.sorted())) {
        await this.#transaction(() => {
          const nextTerm = this.#builds.nextTermOf(generation);
          const free = writeTerms(this.#statementsOf(generation, table), table, piece, nextTerm);
          this.#builds.setNextTerm(generation, free);
        });
        await setImmediate();
      }
    }
  }

  async #purge(): Promise<void> {
    await this.#inPieces(() => this.#builds.purge());
  }

  /** Long work, a transaction a piece, letting others have the event loop and the lock in between. */
  async #inPieces(work: () => boolean): Promise<void> {
    while (await this.#transaction(work)) await setImmediate();
  }

  #readTable<R extends Row, T>(
    table: Table<R>,
    build: Build | undefined,
    work: (statements: TableStatements, state: BuildState) => T,
  ): T {
    return this.#read(() => {
      const projection = this.#projectionOfTable.get(table.name);
      if (projection === undefined) throw new TypeError(`The table ${table.name} is not registered.`);
      const generation = build?.generation ?? this.#liveOf(projection);
      const state = build ? this.#builds.stateOf(build.generation) : 'live';
      if (generation === undefined || state === undefined) throw new CrmError('CONFLICT');
      return work(this.#statementsOf(generation, anyTable(table)), state);
    });
  }

  #statementsOf(generation: number, table: Table): TableStatements {
    let ofBuild = this.#statements.get(generation);
    if (!ofBuild) {
      for (const known of this.#statements.keys()) if (!this.#builds.stateOf(known)) this.#forget(known);
      ofBuild = new Map();
      this.#statements.set(generation, ofBuild);
    }
    let statements = ofBuild.get(table.name);
    if (!statements) {
      statements = tableStatements(this.database, generation, table, this.#rows.table());
      ofBuild.set(table.name, statements);
    }
    return statements;
  }

  #forget(generation: number): void {
    for (const { cached } of this.#statements.get(generation)!.values()) this.#rows.forget(cached);
    this.#statements.delete(generation);
  }

  #liveOf(projection: string): number | undefined {
    let generation = this.#live.get(projection);
    if (generation !== undefined) return generation;
    generation = this.#builds.live(projection);
    if (generation !== undefined) this.#live.set(projection, generation);
    return generation;
  }

  #read<T>(work: () => T): T {
    return this.#within(this.#begin, () => {
      const version = this.#dataVersion.get() as number;
      if (version !== this.#seenVersion) {
        this.#live.clear();
        this.#rows.clear();
        this.#seenVersion = version;
      }
      return work();
    });
  }

  /** Work that writes, in a transaction of its own. Error: STORE_FAILED where another holds the lock for too long. */
  async #transaction<T>(work: () => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#live.clear();
        return this.#within(this.#beginImmediate, work);
      } catch (error) {
        if (!isLocked(error) || attempt === LOCK_ATTEMPTS) throw error;
      }
      await setTimeout(LOCK_RETRY_MS);
    }
  }

  #within<T>(begin: { run(): unknown }, work: () => T): T {
    if (!this.database.open) throw new CrmError('STORE_FAILED', { reason: 'The store is closed.' });
    try {
      begin.run();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      // Some errors, a full disk among them, have rolled back already.
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      throw storeError(error);
    }
  }
}

const isLocked = (error: unknown): boolean =>
  error instanceof CrmError && String((error.cause as { code?: string } | undefined)?.code).startsWith('SQLITE_BUSY');

/** Inside, rows are any JSON: their type is the table's own. */
const anyTable = <R extends Row>(table: Table<R>): Table => table as unknown as Table;

const rowReader =
  <R extends Row>(statements: TableStatements, build: Build | undefined) =>
  (key: string): R | null =>
    (build ? statements.rowByKeyOnce(key) : statements.rowByKey(key)) as R | null;
