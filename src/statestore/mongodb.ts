import type { Collection } from 'mongodb';
import { canonicalJson, type Json } from '../kernel/canonical.js';
import type { Clock } from '../kernel/clock.js';
import { connectMongo, isDuplicate, type MongoDatabase, type Stored } from '../mongodb/database.js';
import { afterPrefix, joined, startOf } from '../mongodb/texts.js';
import { MongoClaims } from './mongodbClaims.js';
import type { ClaimResult, StateStore } from './port.js';

export interface MongoStateStoreOptions {
  /** `mongodb://…` of a replica set. */
  readonly url: string;
  /** Says what has expired. */
  readonly clock: Clock;
}

/** A value in canonical form, so that equal values are equal texts; `_id` is space and key. `null`: it does not expire. */
export interface Entry extends Stored {
  readonly value: string;
  readonly expiresAt: number | null;
}

/** The state store in a MongoDB replica set; any number of processes share it. Errors: as `connectMongo`. */
export const openMongoStateStore = async ({ url, clock }: MongoStateStoreOptions): Promise<StateStore> => {
  const database = await connectMongo(url, 'state store');
  const store = new MongoStateStore(database, clock);
  try {
    await store.makeIndexes();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
};

/** Every change is one conditional write of one document: nobody needs a transaction. */
class MongoStateStore implements StateStore {
  readonly #entries: Collection<Entry>;
  readonly #claims: MongoClaims;

  constructor(
    private readonly database: MongoDatabase,
    private readonly clock: Clock,
  ) {
    this.#entries = database.collection<Entry>('state.entries');
    this.#claims = new MongoClaims(database);
  }

  async makeIndexes(): Promise<void> {
    await this.database.run(async () => {
      await this.#entries.createIndex({ expiresAt: 1 });
      await this.#claims.makeIndexes();
    });
  }

  async get(space: string, key: string): Promise<Json | null> {
    return this.database.run(async () => {
      const entry = await this.#entries.findOne({ _id: joined(space, key) });
      return entry === null || this.#isExpired(entry) ? null : (JSON.parse(entry.value) as Json);
    });
  }

  async put(space: string, key: string, value: Json, expiresAt?: number): Promise<void> {
    const entry = entryOf(value, expiresAt);
    await this.database.run(async () => {
      // Of two that insert at the same time one is refused; the other's is there then, to be replaced.
      while (!(await this.#replace({ _id: joined(space, key) }, entry)));
    });
  }

  async compareAndSet(
    space: string,
    key: string,
    expected: Json | null,
    value: Json,
    expiresAt?: number,
  ): Promise<boolean> {
    const _id = joined(space, key);
    const entry = entryOf(value, expiresAt);
    const now = this.clock.now();
    const expectedText = canonicalJson(expected);
    return this.database.run(async () => {
      // To a caller none and `null` are the same: `get` answers alike.
      if (expected === null) {
        return this.#replace({ _id, $or: [{ expiresAt: { $lte: now } }, { value: expectedText }] }, entry);
      }
      const unexpired = { $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }] };
      const { matchedCount } = await this.#entries.replaceOne({ _id, value: expectedText, ...unexpired }, entry);
      return matchedCount === 1;
    });
  }

  async remove(space: string, key: string): Promise<void> {
    await this.database.run(() => this.#entries.deleteOne({ _id: joined(space, key) }));
  }

  async list(space: string, prefix = ''): Promise<readonly { key: string; value: Json }[]> {
    const start = startOf(space);
    return this.database.run(async () => {
      const found = await this.#entries
        .find({ _id: { $gte: start + prefix, $lt: afterPrefix(start + prefix) } })
        .sort({ _id: 1 })
        .toArray();
      return found
        .filter((entry) => !this.#isExpired(entry))
        .map(({ _id, value }) => ({ key: _id.slice(start.length), value: JSON.parse(value) as Json }));
    });
  }

  async reserveClaim(space: string, key: string, owner: string, expiresAt: number): Promise<ClaimResult> {
    return this.database.run(() => this.#claims.reserve(joined(space, key), owner, expiresAt, this.clock.now()));
  }

  async confirmClaim(space: string, key: string, owner: string): Promise<void> {
    await this.database.run(() => this.#claims.confirm(joined(space, key), owner, this.clock.now()));
  }

  async claimOwner(space: string, key: string): Promise<string | null> {
    return this.database.run(() => this.#claims.confirmedOwner(joined(space, key)));
  }

  async releaseClaim(space: string, key: string, owner: string): Promise<void> {
    await this.database.run(() => this.#claims.release(joined(space, key), owner));
  }

  async releaseClaimsOf(owner: string): Promise<number> {
    return this.database.run(() => this.#claims.releaseAllOf(owner, this.clock.now()));
  }

  async sweep(): Promise<number> {
    const now = this.clock.now();
    return this.database.run(async () => {
      const { deletedCount } = await this.#entries.deleteMany({ expiresAt: { $lte: now } });
      return deletedCount + (await this.#claims.sweep(now));
    });
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  #isExpired({ expiresAt }: Entry): boolean {
    return expiresAt !== null && expiresAt <= this.clock.now();
  }

  /** Sets the entry where there is none or the condition holds. Answers whether it did. */
  async #replace(condition: object, entry: Omit<Entry, '_id'>): Promise<boolean> {
    try {
      await this.#entries.replaceOne(condition, entry, { upsert: true });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }
}

const entryOf = (value: Json, expiresAt: number | undefined): Omit<Entry, '_id'> => ({
  value: canonicalJson(value),
  expiresAt: expiresAt ?? null,
});
