import { BSON, type Collection } from 'mongodb';
import { CrmError } from '../errors.js';
import type { Position } from '../kernel/envelope.js';
import type { RandomBytes } from '../kernel/ids.js';
import { type MongoDatabase, onlyDuplicates, type Stored } from '../mongodb/database.js';
import {
  buildId,
  collectionName,
  type Decided,
  type DocumentChange,
  type MongoBuilds,
  type Progress,
} from './mongodbBuilds.js';
import {
  type Gone,
  goneDocument,
  type RowDocument,
  rowDocument,
  TotalChanges,
  type TotalDocument,
} from './mongodbRows.js';
import type { BuildWrite, Row, Table } from './port.js';

/*
 * How a batch is written without a transaction over its documents:
 *
 *   1. what every document becomes is computed from the state at the checkpoint: rows as they are given, totals whole;
 *   2. the batch is decided: one compare-and-set puts it, complete, into the build's document, where the checkpoint is
 *      still the one it starts from, no other batch is decided, and no higher fence has written;
 *   3. it is carried out: each document is replaced where what is there is of an older position;
 *   4. the checkpoint moves to its end, and the decision is taken out again.
 *
 * Whoever meets a decided batch can do 3 and 4, any number of times and at any later time: a document that has it, or
 * something newer, is left alone. So a writer that dies leaves nothing half done, and one that was paused for however
 * long in the midst of 3 can only write what is there already. Before 2 it can write nothing.
 * A batch that is decided starts from the checkpoint, hence from the end of the one before; what 1 has read since then
 * has not changed, for nothing changes without moving the checkpoint.
 */

/** A part of a batch that is too large for one document of 16 MB. `from`: once the checkpoint is past it, nobody needs it. */
interface Part extends Stored {
  readonly build: string;
  readonly from: Position;
  readonly changes: readonly DocumentChange[];
}

const PART_BYTES = 8_000_000;

/** What becomes of one row over a whole batch. */
interface NetChange {
  readonly before: Row | null;
  readonly after: Row | null;
}

/** A batch with everything that can be known before anything is written. */
export interface Prepared extends Omit<BuildWrite, 'rows'> {
  readonly tables: ReadonlyMap<Table, ReadonlyMap<string, NetChange>>;
  readonly documents: readonly (DocumentChange & { readonly document: RowDocument | Gone })[];
}

/** Computes what does not depend on the store. Throws what the table's functions do, and TypeError as `indexed`. */
export const prepare = ({ rows, ...write }: BuildWrite): Prepared => {
  const tables = new Map<Table, Map<string, NetChange>>();
  for (const change of rows) {
    const net = tables.get(change.table) ?? new Map<string, NetChange>();
    tables.set(change.table, net);
    net.set(change.key, {
      before: net.has(change.key) ? net.get(change.key)!.before : change.before,
      after: change.after,
    });
  }
  const documents = [...tables].flatMap(([table, net]) =>
    [...net].flatMap(([key, { before, after }]) => {
      if (before === null && after === null) return [];
      const document = after === null ? goneDocument(key, write.to) : rowDocument(table, key, after, write.to);
      return [{ collection: collectionName(write.build, table.name, 'rows'), fresh: before === null, document }];
    }),
  );
  return { ...write, tables, documents };
};

export class Batches {
  readonly #parts: Collection<Part>;

  constructor(
    private readonly database: MongoDatabase,
    private readonly builds: MongoBuilds,
    private readonly random: RandomBytes,
  ) {
    this.#parts = database.collection<Part>('read.parts');
  }

  /** Throws where `before` is not what is stored, which is a bug of the writer's, before anything is written. */
  async checkStart(batches: readonly Prepared[]): Promise<void> {
    const stored = new Map<string, boolean>();
    const idOf = (collection: string, key: string) => `${collection} ${key}`;
    const wanted = new Map<string, string[]>();
    for (const { collection, document } of batches.flatMap((batch) => batch.documents)) {
      wanted.set(collection, [...(wanted.get(collection) ?? []), document._id]);
    }
    await Promise.all(
      [...wanted].map(async ([collection, keys]) => {
        const found = this.#rows(collection).find({ _id: { $in: keys } }, { batchSize: keys.length + 1 });
        for (const { _id, gone } of await found.project<Gone>({ gone: 1 }).toArray()) {
          stored.set(idOf(collection, _id), gone !== true);
        }
      }),
    );
    for (const { collection, fresh, document } of batches.flatMap((batch) => batch.documents)) {
      const id = idOf(collection, document._id);
      if ((stored.get(id) ?? false) === fresh) {
        throw new Error(`A change of ${collection} does not start from what is stored.`);
      }
      stored.set(id, !('gone' in document));
    }
  }

  /** Decides a batch and carries it out. Error: CONFLICT where somebody else has written, or may in our place. */
  async write(batch: Prepared): Promise<void> {
    const { build, from, to, fence } = batch;
    const changes = [...batch.documents, ...(await this.#totals(batch))];
    if (changes.length === 0) return this.#pass(batch);
    const parts = inParts(changes);
    const decided: Decided = {
      batch: this.random(16).toString('hex'),
      to,
      parts: parts.length - 1,
      changes: parts[0]!,
    };
    await this.#keepParts(buildId(build), from, decided.batch, parts.slice(1));
    const { matchedCount } = await this.builds.progress.updateOne(
      { _id: buildId(build), checkpoint: from, decided: null, fence: { $lte: fence ?? 0 } },
      { $set: { decided, fence: fence ?? 0 } },
    );
    if (matchedCount === 0) throw new CrmError('CONFLICT');
    await this.#carryOut(buildId(build), decided, parts.flat());
  }

  /** Finishes what another has decided. */
  async finish({ _id, decided }: Progress): Promise<void> {
    if (decided === null) return;
    const ids = Array.from({ length: decided.parts }, (_, n) => partId(_id, decided.batch, n));
    const parts = ids.length === 0 ? [] : await this.#parts.find({ _id: { $in: ids } }).toArray();
    // Taken away by the one who has carried it out meanwhile.
    if (parts.length < ids.length) return;
    await this.#carryOut(_id, decided, [...decided.changes, ...parts.flatMap((part) => part.changes)]);
  }

  /** A batch that changes no row moves the checkpoint alone, or not even that: then it raises the fence. */
  async #pass({ build, from, to, fence }: Prepared): Promise<void> {
    const { matchedCount } = await this.builds.progress.updateOne(
      { _id: buildId(build), checkpoint: from, decided: null, fence: { $lte: fence ?? 0 } },
      { $set: { checkpoint: to, fence: fence ?? 0 } },
    );
    if (matchedCount === 0) throw new CrmError('CONFLICT');
  }

  async #carryOut(build: string, { batch, to, parts }: Decided, changes: readonly DocumentChange[]): Promise<void> {
    const collections = new Map<string, DocumentChange[]>();
    for (const change of changes) {
      const ofCollection = collections.get(change.collection);
      if (ofCollection) ofCollection.push(change);
      else collections.set(change.collection, [change]);
    }
    await Promise.all([...collections].map(([name, ofCollection]) => this.#replaceOlder(name, to, ofCollection)));
    // Where nobody matches, another has finished it for us.
    await this.builds.progress.updateOne(
      { _id: build, 'decided.batch': batch },
      { $set: { checkpoint: to, decided: null } },
    );
    if (parts > 0) await this.#parts.deleteMany({ build, from: { $lt: to } });
  }

  async #replaceOlder(collection: string, to: Position, changes: readonly DocumentChange[]): Promise<void> {
    const replace = (mayInsert: boolean) =>
      this.#rows(collection).bulkWrite(
        changes.map(({ fresh, document }) => ({
          replaceOne: {
            filter: { _id: document._id, at: { $lt: to } },
            replacement: document,
            upsert: mayInsert && fresh,
          },
        })),
        { ordered: false },
      );
    try {
      await replace(true);
    } catch (error) {
      if (!onlyDuplicates(error)) throw error;
      // Those are there by now, perhaps by the belated write of an earlier batch: no longer to be inserted.
      await replace(false);
    }
  }

  /** What the totals become: whole, not by how much, so that writing them twice is writing them once. */
  async #totals({ build, to, tables }: Prepared): Promise<readonly DocumentChange[]> {
    const changes = [...tables].map(async ([table, net]) => {
      const totals = new TotalChanges(table);
      for (const { before, after } of net.values()) totals.add(before, after);
      const { changed } = totals;
      if (changed.size === 0) return [];
      const collection = collectionName(build, table.name, 'totals');
      const ids = [...changed.keys()];
      const found = await this.database
        .collection<TotalDocument>(collection)
        .find({ _id: { $in: ids } }, { batchSize: ids.length + 1 })
        .toArray();
      const stored = new Map(found.map((total) => [total._id, total]));
      return [...changed].map(([_id, { count, sum }]) => {
        const total = stored.get(_id);
        const now = { _id, at: to, count: (total?.count ?? 0) + count, sum: (total?.sum ?? 0) + sum };
        if (now.count < 0) throw new Error(`A facet of ${table.name} was counted below nothing.`);
        return { collection, fresh: total === undefined, document: now };
      });
    });
    return (await Promise.all(changes)).flat();
  }

  async #keepParts(build: string, from: Position, batch: string, parts: readonly DocumentChange[][]): Promise<void> {
    if (parts.length === 0) return;
    await this.#parts.insertMany(parts.map((changes, n) => ({ _id: partId(build, batch, n), build, from, changes })));
  }

  #rows(collection: string): Collection<DocumentChange['document']> {
    return this.database.collection(collection);
  }
}

const partId = (build: string, batch: string, n: number): string => `${build}/${batch}/${n}`;

const inParts = (changes: readonly DocumentChange[]): DocumentChange[][] => {
  const parts: DocumentChange[][] = [[]];
  let size = 0;
  for (const change of changes) {
    const bytes = BSON.calculateObjectSize(change.document);
    if (size > 0 && size + bytes > PART_BYTES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(change);
    size += bytes;
  }
  return parts;
};
