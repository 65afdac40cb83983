import type { Clock } from './clock.js';

/** How much a bucket holds, and how fast it fills again. */
export interface Rate {
  readonly capacity: number;
  readonly perSecond: number;
}

/**
 * Token buckets, one a key, full when first seen. In memory for one server, in the state store where several share.
 * Every adapter passes `test/contract/buckets.ts`.
 */
export interface Buckets {
  /**
   * Takes an amount out of a bucket, never more than it can hold. Answers 0 where it was in there; otherwise nothing is
   * taken, and the answer is after how many whole seconds it will be.
   */
  take(key: string, rate: Rate, amount: number): number | Promise<number>;
  /** Gives back what was taken and not used. */
  giveBack(key: string, rate: Rate, amount: number): void | Promise<void>;
}

/** What is in a bucket, and when (milliseconds) that was so. */
export interface Level {
  readonly level: number;
  readonly at: number;
}

export const levelAt = ({ level, at }: Level, { capacity, perSecond }: Rate, now: number): number =>
  Math.min(capacity, level + (Math.max(0, now - at) / 1000) * perSecond);

export const secondsUntil = (missing: number, { perSecond }: Rate): number =>
  Math.max(1, Math.ceil(missing / perSecond));

/** Buckets kept at once, some 200 bytes each. */
const MAX_BUCKETS = 50_000;

/** The buckets of one process. A request costs well under a microsecond; nothing survives a restart, and need not. */
export class MemoryBuckets implements Buckets {
  readonly #buckets = new Map<string, { level: number; at: number; rate: Rate }>();

  constructor(
    private readonly clock: Clock,
    private readonly limit = MAX_BUCKETS,
  ) {}

  take(key: string, rate: Rate, amount: number): number {
    const now = this.clock.now();
    const asked = Math.min(amount, rate.capacity);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.limit) this.#makeRoom(now);
      this.#buckets.set(key, { level: rate.capacity - asked, at: now, rate });
      return 0;
    }
    bucket.level = levelAt(bucket, rate, now);
    bucket.at = now;
    if (bucket.level < asked) return secondsUntil(asked - bucket.level, rate);
    bucket.level -= asked;
    return 0;
  }

  giveBack(key: string, rate: Rate, amount: number): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) bucket.level = Math.min(rate.capacity, bucket.level + amount);
  }

  /** Full buckets say nothing and go first. Where that is too few, somebody is making up keys: the oldest tenth goes. */
  #makeRoom(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (levelAt(bucket, bucket.rate, now) >= bucket.rate.capacity) this.#buckets.delete(key);
    }
    const wanted = Math.floor(this.limit * 0.9);
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= wanted) return;
      this.#buckets.delete(key);
    }
  }
}
