import type { Json } from '../kernel/canonical.js';

/** Whether a claim was won. `held` says that somebody else has it; the owner is not told to whom it is not due. */
export type ClaimResult = 'reserved' | 'own' | 'held';

/**
 * What is neither fact nor derived: sessions, one-time tokens, claims, leases, process checkpoints.
 * Keys and values hold nothing personal in clear: a claim's key is a keyed hash.
 * Every adapter passes `test/contract/stateStore.ts`. Writes are on disk when they resolve.
 */
export interface StateStore {
  get(space: string, key: string): Promise<Json | null>;
  /** Sets a value, until `expiresAt` (milliseconds) where given. */
  put(space: string, key: string, value: Json, expiresAt?: number): Promise<void>;
  /** Sets a value if the current one deeply equals `expected` (`null`: if there is none). Answers whether it did. */
  compareAndSet(space: string, key: string, expected: Json | null, value: Json, expiresAt?: number): Promise<boolean>;
  remove(space: string, key: string): Promise<void>;
  /** Every unexpired entry of a space whose key starts with the prefix, by key. */
  list(space: string, prefix?: string): Promise<readonly { key: string; value: Json }[]>;

  /**
   * Uniqueness. Reserve, append, confirm: a reservation that is not confirmed by `expiresAt` lapses, a confirmed claim
   * stays until it is released. Reserving again as the same owner answers `own` and renews.
   */
  reserveClaim(space: string, key: string, owner: string, expiresAt: number): Promise<ClaimResult>;
  /** Error: CLAIM_TAKEN where it belongs to another by now. */
  confirmClaim(space: string, key: string, owner: string): Promise<void>;
  /** The owner of a confirmed claim. */
  claimOwner(space: string, key: string): Promise<string | null>;
  /** Releases what this owner has of it; another's is left alone. */
  releaseClaim(space: string, key: string, owner: string): Promise<void>;
  /** Releases everything an owner has claimed: for an erasure. Answers how many. */
  releaseClaimsOf(owner: string): Promise<number>;

  /** Removes what has expired. Answers how many. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}
