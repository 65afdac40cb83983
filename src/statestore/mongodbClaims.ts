import type { Collection, Filter } from 'mongodb';
import { CrmError } from '../errors.js';
import { isDuplicate, type MongoDatabase, type Stored } from '../mongodb/database.js';
import type { ClaimResult } from './port.js';

/** `expiresAt` is `null` once it is confirmed. A reservation past its time counts for nothing, swept or not. */
export interface Claim extends Stored {
  readonly owner: string;
  readonly expiresAt: number | null;
}

/** The claims of the state store. Ids are space and key; times are milliseconds. */
export class MongoClaims {
  readonly #claims: Collection<Claim>;

  constructor(database: MongoDatabase) {
    this.#claims = database.collection<Claim>('state.claims');
  }

  async makeIndexes(): Promise<void> {
    await this.#claims.createIndex({ owner: 1 });
    await this.#claims.createIndex({ expiresAt: 1 });
  }

  async reserve(id: string, owner: string, expiresAt: number, now: number): Promise<ClaimResult> {
    const free = { $or: [{ expiresAt: { $lte: now } }, { owner, expiresAt: { $gt: now } }] };
    const written = await this.#set({ _id: id, ...free }, owner, expiresAt);
    if (written !== 'refused') {
      const isRenewed = written?.owner === owner && written.expiresAt! > now;
      return isRenewed ? 'own' : 'reserved';
    }
    const claim = await this.#claims.findOne({ _id: id });
    // Released since it stood in the way.
    if (claim === null) return this.reserve(id, owner, expiresAt, now);
    return claim.owner === owner ? 'own' : 'held';
  }

  /** Also where the reservation has lapsed, as long as nobody else has taken it: the fact it guards is written by now. */
  async confirm(id: string, owner: string, now: number): Promise<void> {
    const own = { $or: [{ owner }, { expiresAt: { $lte: now } }] };
    if ((await this.#set({ _id: id, ...own }, owner, null)) !== 'refused') return;
    const claim = await this.#claims.findOne({ _id: id });
    if (claim !== null && claim.owner !== owner) throw new CrmError('CLAIM_TAKEN');
    // Made by the owner, or released, since it stood in the way.
    await this.confirm(id, owner, now);
  }

  async confirmedOwner(id: string): Promise<string | null> {
    return (await this.#claims.findOne({ _id: id, expiresAt: null }))?.owner ?? null;
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#claims.deleteOne({ _id: id, owner });
  }

  /** Answers how many were in force. */
  async releaseAllOf(owner: string, now: number): Promise<number> {
    await this.#claims.deleteMany({ owner, expiresAt: { $lte: now } });
    return (await this.#claims.deleteMany({ owner })).deletedCount;
  }

  async sweep(now: number): Promise<number> {
    return (await this.#claims.deleteMany({ expiresAt: { $lte: now } })).deletedCount;
  }

  /** Sets the claim where there is none or the condition holds. Answers what was there before. */
  async #set(condition: Filter<Claim>, owner: string, expiresAt: number | null): Promise<Claim | null | 'refused'> {
    try {
      const set = { $set: { owner, expiresAt } as Partial<Claim> };
      return (await this.#claims.findOneAndUpdate(condition, set, {
        upsert: true,
        returnDocument: 'before',
      })) as Claim | null;
    } catch (error) {
      if (isDuplicate(error)) return 'refused';
      throw error;
    }
  }
}
