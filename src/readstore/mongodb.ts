import { CrmError } from '../errors.js';
import { pooledRandomBytes, type RandomBytes } from '../kernel/ids.js';
import { connectMongo, type MongoDatabase } from '../mongodb/database.js';
import { afterPrefix, startOf } from '../mongodb/texts.js';
import { Batches, prepare } from './mongodbBatches.js';
import { buildId, collectionName, MongoBuilds } from './mongodbBuilds.js';
import { BATCH_ROWS, readFacets, readPage, type TableCollections } from './mongodbPage.js';
import { indexesOf, type RowDocument, type TotalDocument, totalId } from './mongodbRows.js';
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
import { facetName } from './terms.js';

export interface MongoReadStoreOptions {
  /** `mongodb://…` of a replica set. */
  readonly url: string;
}

/** How long the answer to which build is live is good for. */
const LIVE_MS = 1_000;
/** How long a build that is no longer live is kept for those who have begun to read it: well above `LIVE_MS`. */
const SETTLED_MS = 5_000;

/** The read store in a MongoDB replica set; any number of processes share it. Errors: as `connectMongo`. */
export const openMongoReadStore = async ({ url }: MongoReadStoreOptions): Promise<ReadStore> =>
  mongoReadStoreOver(await connectMongo(url, 'read store'));

/** The read store in a database that is connected already, and closed with it. */
export const mongoReadStoreOver = (
  database: MongoDatabase,
  { settledMs = SETTLED_MS, random = pooledRandomBytes }: { settledMs?: number; random?: RandomBytes } = {},
): ReadStore => new MongoReadStore(database, settledMs, random);

interface Live {
  readonly generation: number;
  /** When it was asked for, on a clock that nobody sets. */
  readonly askedAt: number;
}

class MongoReadStore implements ReadStore {
  readonly #builds: MongoBuilds;
  readonly #batches: Batches;
  readonly #projections = new Map<string, ProjectionTables>();
  readonly #projectionOfTable = new Map<string, string>();
  readonly #live = new Map<string, Live>();
  readonly #purges = new Set<NodeJS.Timeout>();

  constructor(
    private readonly database: MongoDatabase,
    private readonly settledMs: number,
    random: RandomBytes,
  ) {
    this.#builds = new MongoBuilds(database);
    this.#batches = new Batches(database, this.#builds, random);
  }

  async register(projection: ProjectionTables): Promise<void> {
    this.#know(projection);
    await this.database.run(async () => {
      const generation = await this.#builds.startFirst(projection);
      await this.#makeIndexes({ projection: projection.name, generation }, projection);
      await this.#builds.forgetUnlisted(projection.name);
    });
    this.#purgeLater(projection.name);
  }

  async builds(projection: string): Promise<readonly Build[]> {
    const askedAt = performance.now();
    const builds = await this.database.run(() => this.#builds.of(projection));
    // Who has seen where a build is reads that build from now on.
    const live = builds.find((build) => build.live);
    if (live) this.#live.set(projection, { generation: live.generation, askedAt });
    return builds;
  }

  async startBuild(projection: ProjectionTables): Promise<Build> {
    this.#know(projection);
    const build = await this.database.run(async () => {
      const started = await this.#builds.startBeside(projection);
      await this.#makeIndexes(started, projection);
      return started;
    });
    this.#purgeLater(projection.name);
    return build;
  }

  /** Indexes are kept up from the start. */
  async indexBuild(): Promise<void> {}

  async switchTo(build: Build): Promise<void> {
    const askedAt = performance.now();
    await this.database.run(() => this.#builds.switchTo(build));
    this.#live.set(build.projection, { generation: build.generation, askedAt });
    this.#purgeLater(build.projection);
  }

  /** Each build all or nothing; several of them too, unless somebody else writes to one at this very time. */
  async write(writes: readonly BuildWrite[]): Promise<void> {
    for (const { build } of writes) this.#checkVersion(build);
    const batches = writes.map(prepare);
    await this.database.run(async () => {
      await this.#checkCheckpoints(writes);
      await this.#batches.checkStart(batches);
      const byBuild = new Map<string, typeof batches>();
      for (const batch of batches) {
        byBuild.set(buildId(batch.build), [...(byBuild.get(buildId(batch.build)) ?? []), batch]);
      }
      const written = await Promise.allSettled(
        [...byBuild.values()].map(async (ofBuild) => {
          for (const batch of ofBuild) await this.#batches.write(batch);
        }),
      );
      const failed = written.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    });
  }

  async get<R extends Row>(table: Table<R>, key: string, build?: Build): Promise<R | null> {
    return this.#read(table, build, async ({ rows }) => {
      const found = await rows.findOne({ _id: key }, { projection: { row: 1 } });
      return found?.row === undefined ? null : (JSON.parse(found.row) as R);
    });
  }

  async many<R extends Row>(table: Table<R>, keys: readonly string[], build?: Build): Promise<readonly (R | null)[]> {
    return this.#read(table, build, async ({ rows }) => {
      if (keys.length === 0) return [];
      const wanted = { _id: { $in: [...new Set(keys)] } };
      const found = rows.find(wanted, { batchSize: keys.length + 1 }).project<RowDocument>({ row: 1 });
      const byKey = new Map((await found.toArray()).map(({ _id, row }) => [_id, row]));
      return keys.map((key) => {
        const row = byKey.get(key);
        return row === undefined ? null : (JSON.parse(row) as R);
      });
    });
  }

  async withFacet<R extends Row>(table: Table<R>, scope: string, facet: string, build?: Build): Promise<readonly R[]> {
    const [rows] = await this.#facets(table, scope, [facet], build);
    return rows!;
  }

  async withFacets<R extends Row>(
    table: Table<R>,
    scope: string,
    facets: readonly string[],
  ): Promise<readonly (readonly R[])[]> {
    return this.#facets(table, scope, facets);
  }

  async page<R extends Row>(table: Table<R>, query: PageQuery): Promise<Page<R>> {
    return this.#read(
      table,
      undefined,
      (collections) => readPage(collections, anyTable(table), query) as Promise<Page<R>>,
    );
  }

  async totals(table: Table, scope: string, facetPrefix: string): Promise<readonly FacetTotal[]> {
    const first = totalId(scope, facetPrefix);
    const nameAt = startOf(scope).length + facetName('').length;
    return this.#read(table, undefined, async ({ totals }) => {
      const found = await totals
        .find({ _id: { $gte: first, $lt: afterPrefix(first) }, count: { $gt: 0 } }, { batchSize: BATCH_ROWS })
        .sort({ _id: 1 })
        .toArray();
      return found.map(({ _id, count, sum }) => ({ facet: _id.slice(nameAt), count, sum }));
    });
  }

  async close(): Promise<void> {
    for (const timer of this.#purges) clearTimeout(timer);
    await this.database.close();
  }

  #know(projection: ProjectionTables): void {
    this.#projections.set(projection.name, projection);
    for (const table of projection.tables) this.#projectionOfTable.set(table.name, projection.name);
  }

  async #makeIndexes(build: Pick<Build, 'projection' | 'generation'>, { tables }: ProjectionTables): Promise<void> {
    for (const table of tables) {
      await this.database.collection(collectionName(build, table.name, 'rows')).createIndexes(indexesOf(table));
    }
  }

  #checkVersion({ projection, version }: Build): void {
    if (this.#projections.get(projection)?.version !== version) {
      throw new Error(`The rows of ${projection} are not those of the build's version ${version}.`);
    }
  }

  /** Error: CONFLICT where one of the batches does not start where its build is; nothing is written then. */
  async #checkCheckpoints(writes: readonly BuildWrite[]): Promise<void> {
    const found = await this.#builds.whereAre(writes.map(({ build }) => build));
    const undecided = [...found.values()].filter(({ decided }) => decided !== null);
    for (const progress of undecided) await this.#batches.finish(progress);
    if (undecided.length > 0) throw new CrmError('CONFLICT');
    const checkpoints = new Map([...found].map(([id, { checkpoint }]) => [id, checkpoint]));
    for (const { build, from, to, fence = 0 } of writes) {
      const id = buildId(build);
      if (checkpoints.get(id) !== from || found.get(id)!.fence > fence) throw new CrmError('CONFLICT');
      checkpoints.set(id, to);
    }
  }

  async #facets<R extends Row>(
    table: Table<R>,
    scope: string,
    facets: readonly string[],
    build?: Build,
  ): Promise<readonly (readonly R[])[]> {
    return this.#read(
      table,
      build,
      ({ rows }) => readFacets(rows, anyTable(table), scope, facets) as Promise<readonly (readonly R[])[]>,
    );
  }

  /** Reads from the live build of a table, or from the one given. Error: CONFLICT where that was dropped. */
  async #read<R extends Row, T>(
    table: Table<R>,
    build: Build | undefined,
    work: (collections: TableCollections) => Promise<T>,
  ): Promise<T> {
    const projection = this.#projectionOfTable.get(table.name);
    if (projection === undefined) throw new TypeError(`The table ${table.name} is not registered.`);
    return this.database.run(async () => {
      if (build) {
        const [exists, result] = await Promise.all([
          this.#builds.exists(build),
          work(this.#collections(build, table.name)),
        ]);
        if (!exists) throw new CrmError('CONFLICT');
        return result;
      }
      for (;;) {
        const { generation, askedAt } = await this.#liveBuild(projection);
        const result = await work(this.#collections({ projection, generation }, table.name));
        // It was live at `askedAt`, and is kept for this long after it was live last.
        if (performance.now() - askedAt < this.settledMs) return result;
      }
    });
  }

  async #liveBuild(projection: string): Promise<Live> {
    const known = this.#live.get(projection);
    const askedAt = performance.now();
    if (known && askedAt - known.askedAt < Math.min(LIVE_MS, this.settledMs / 2)) return known;
    const generation = await this.#builds.live(projection);
    if (generation === undefined) throw new CrmError('CONFLICT');
    const live = { generation, askedAt };
    this.#live.set(projection, live);
    return live;
  }

  #collections(build: Pick<Build, 'projection' | 'generation'>, table: string): TableCollections {
    return {
      rows: this.database.collection<RowDocument>(collectionName(build, table, 'rows')),
      totals: this.database.collection<TotalDocument>(collectionName(build, table, 'totals')),
    };
  }

  /** Drops what is left of builds that were dropped, once nobody can be reading them any more. */
  #purgeLater(projection: string): void {
    const timer = setTimeout(() => {
      this.#purges.delete(timer);
      // What stays behind is dropped after the next start, or the next rebuild.
      this.database.run(() => this.#builds.purge(projection)).catch(() => undefined);
    }, this.settledMs);
    timer.unref();
    this.#purges.add(timer);
  }
}

/** Inside, rows are any JSON: their type is the table's own. */
const anyTable = <R extends Row>(table: Table<R>): Table => table as unknown as Table;
