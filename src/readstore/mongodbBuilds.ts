import type { Collection } from 'mongodb';
import { CrmError } from '../errors.js';
import { type Position, START } from '../kernel/envelope.js';
import { ignoringDuplicates, type MongoDatabase, type Stored } from '../mongodb/database.js';
import type { Build, ProjectionTables } from './port.js';

/*
 * The builds of all projections. What readers go by is in one document a projection, so that a switch is one write;
 * where a build is, is in a document of its own, which is gone from the moment that nobody may write to it any more.
 */

/** Which builds a projection has, and which of them readers see. A generation is never used again. */
interface Projected extends Stored {
  readonly revision: number;
  readonly last: number;
  readonly live: number;
  readonly builds: readonly { readonly generation: number; readonly version: number }[];
}

/** A batch that is decided and not yet known to be carried out: whoever meets it can finish it. */
export interface Decided {
  readonly batch: string;
  readonly to: Position;
  /** How many parts of it are kept beside, besides these changes. */
  readonly parts: number;
  readonly changes: readonly DocumentChange[];
}

/** A document as the batch leaves it: `fresh` where there was none before. */
export interface DocumentChange {
  readonly collection: string;
  readonly fresh: boolean;
  readonly document: Stored & { readonly at: Position };
}

/** Where a build is; `_id` is projection and generation. */
export interface Progress extends Stored {
  readonly projection: string;
  readonly generation: number;
  readonly checkpoint: Position;
  /** The highest that has written: a lower one may not any more. */
  readonly fence: number;
  readonly decided: Decided | null;
}

type BuildName = Pick<Build, 'projection' | 'generation'>;

export const buildId = ({ projection, generation }: BuildName): string => `${projection}/${generation}`;

/** Every collection of a projection begins with this. */
const collectionsOf = (projection: string): string => `read.${projection}.`;

export const collectionName = ({ projection, generation }: BuildName, table: string, kind: 'rows' | 'totals'): string =>
  `${collectionsOf(projection)}${generation}.${kind}.${table}`;

const generationIn = (collection: string, projection: string): number =>
  Number.parseInt(collection.slice(collectionsOf(projection).length), 10);

export class MongoBuilds {
  readonly #projections: Collection<Projected>;
  readonly progress: Collection<Progress>;

  constructor(private readonly database: MongoDatabase) {
    this.#projections = database.collection<Projected>('read.projections');
    this.progress = database.collection<Progress>('read.builds');
  }

  /** The generation that readers see. */
  async live(projection: string): Promise<number | undefined> {
    return (await this.#projections.findOne({ _id: projection }))?.live;
  }

  async of(projection: string): Promise<readonly Build[]> {
    const [projected, found] = await Promise.all([
      this.#projections.findOne({ _id: projection }),
      this.progress.find({ projection }).project<Progress>({ generation: 1, checkpoint: 1 }).toArray(),
    ]);
    const checkpoints = new Map(found.map(({ generation, checkpoint }) => [generation, checkpoint]));
    return (projected?.builds ?? []).flatMap(({ generation, version }) => {
      const checkpoint = checkpoints.get(generation);
      const live = generation === projected!.live;
      return checkpoint === undefined ? [] : [{ projection, version, generation, live, checkpoint }];
    });
  }

  /** Where each of these is; left out where it was dropped. */
  async whereAre(builds: readonly BuildName[]): Promise<ReadonlyMap<string, Progress>> {
    const found = await this.progress.find({ _id: { $in: [...new Set(builds.map(buildId))] } }).toArray();
    return new Map(found.map((progress) => [progress._id, progress]));
  }

  async exists(build: BuildName): Promise<boolean> {
    return (await this.progress.findOne({ _id: buildId(build) }, { projection: { _id: 1 } })) !== null;
  }

  /** The generation that is live, which is a first one where the projection is new. */
  async startFirst({ name, version }: ProjectionTables): Promise<number> {
    const projected = await this.#projections.findOne({ _id: name });
    if (projected === null) {
      const first = { revision: 1, last: 1, live: 1, builds: [{ generation: 1, version }] };
      await ignoringDuplicates(() => this.#projections.insertOne({ _id: name, ...first }));
      return this.startFirst({ name, version, tables: [] });
    }
    await this.#makeProgress({ projection: name, generation: projected.live });
    return projected.live;
  }

  /** Starts a build beside the live one in place of any other under way. */
  async startBeside({ name, version }: ProjectionTables): Promise<Build> {
    const { last: generation } = await this.#change(name, (projected) => {
      const next = projected.last + 1;
      const live = projected.builds.filter((build) => build.generation === projected.live);
      return { last: next, builds: [...live, { generation: next, version }] };
    });
    await this.#makeProgress({ projection: name, generation });
    await this.forgetUnlisted(name);
    return { projection: name, version, generation, live: false, checkpoint: START };
  }

  /** Error: CONFLICT where the build was dropped. */
  async switchTo({ projection, generation }: Build): Promise<void> {
    await this.#change(projection, ({ builds }) => {
      const build = builds.find((each) => each.generation === generation);
      if (build === undefined) throw new CrmError('CONFLICT');
      return { live: generation, builds: [build] };
    });
    await this.forgetUnlisted(projection);
  }

  /** Nothing is written any more to builds that the projection does not list. */
  async forgetUnlisted(projection: string): Promise<void> {
    const progress = await this.progress.find({ projection }).project<Progress>({ generation: 1 }).toArray();
    const listed = await this.#listed(projection);
    const unlisted = progress.filter(({ generation }) => !listed.has(generation)).map(({ _id }) => _id);
    if (unlisted.length > 0) await this.progress.deleteMany({ _id: { $in: unlisted } });
  }

  /**
   * Drops the collections of builds that are not listed. What is listed is asked last, and a build is listed before
   * its collections are made: so none is dropped that somebody is about to use.
   */
  async purge(projection: string): Promise<void> {
    const collections = await this.database.collectionsWith(collectionsOf(projection));
    const listed = await this.#listed(projection);
    for (const name of collections) {
      if (!listed.has(generationIn(name, projection))) await this.database.collection(name).drop();
    }
  }

  async #listed(projection: string): Promise<ReadonlySet<number>> {
    const projected = await this.#projections.findOne({ _id: projection });
    return new Set(projected?.builds.map(({ generation }) => generation));
  }

  async #makeProgress({ projection, generation }: BuildName): Promise<void> {
    const start = { projection, generation, checkpoint: START, fence: 0, decided: null };
    await ignoringDuplicates(() => this.progress.insertOne({ _id: buildId({ projection, generation }), ...start }));
  }

  /** Compare-and-set over the whole document, until it succeeds. Answers what it is then. */
  async #change(projection: string, next: (projected: Projected) => Partial<Projected>): Promise<Projected> {
    const projected = await this.#projections.findOne({ _id: projection });
    if (projected === null) throw new TypeError(`The projection ${projection} is not registered.`);
    const { _id, revision } = projected;
    const changed = { ...projected, ...next(projected), revision: revision + 1 };
    const { matchedCount } = await this.#projections.replaceOne({ _id, revision }, changed);
    return matchedCount === 1 ? changed : this.#change(projection, next);
  }
}
