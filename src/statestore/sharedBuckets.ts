import { type Buckets, type Level, levelAt, type Rate, secondsUntil } from '../kernel/buckets.js';
import type { Clock } from '../kernel/clock.js';
import { BoundedMap } from '../kernel/memory.js';
import type { StateStore } from './port.js';

const SPACE = 'rate-buckets';
/** A server draws this part of a bucket at once and spends it by itself: the store is asked for one in so many. */
const PORTION = 0.1;
/** Servers that draw from one bucket at the same moment; past this many attempts it is as good as empty. */
const ATTEMPTS = 5;
const MAX_KEYS = 50_000;

/**
 * Buckets that several servers share through the state store. What a server has drawn and not spent stays with it, so
 * that together they may exceed a rate by a tenth of the bucket each.
 */
export class SharedBuckets implements Buckets {
  readonly #inHand = new BoundedMap<string, { amount: number }>(MAX_KEYS);

  /** `hide` turns a key, which may be an address, into what may stand in the store: a keyed hash. */
  constructor(
    private readonly stateStore: StateStore,
    private readonly clock: Clock,
    private readonly hide: (key: string) => string,
  ) {}

  take(key: string, rate: Rate, amount: number): number | Promise<number> {
    const asked = Math.min(amount, rate.capacity);
    const hand = this.#inHand.get(key);
    if (hand === undefined || hand.amount < asked) return this.#draw(key, rate, asked);
    hand.amount -= asked;
    return 0;
  }

  giveBack(key: string, rate: Rate, amount: number): void {
    const inHand = this.#inHand.get(key)?.amount ?? 0;
    this.#inHand.set(key, { amount: Math.min(rate.capacity, inHand + amount) });
  }

  async #draw(key: string, rate: Rate, asked: number): Promise<number> {
    const hidden = this.hide(key);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const now = this.clock.now();
      const stored = (await this.stateStore.get(SPACE, hidden)) as unknown as Level | null;
      const level = stored === null ? rate.capacity : levelAt(stored, rate, now);
      const hand = this.#inHand.get(key)?.amount ?? 0;
      if (hand + level < asked) return secondsUntil(asked - hand - level, rate);
      const drawn = Math.min(level, Math.max(asked - hand, rate.capacity * PORTION));
      const left = { level: level - drawn, at: now };
      const fullAgain = now + Math.ceil((rate.capacity / rate.perSecond) * 1000);
      if (!(await this.stateStore.compareAndSet(SPACE, hidden, stored && { ...stored }, left, fullAgain))) continue;
      this.giveBack(key, rate, drawn);
      return this.#spend(key, asked);
    }
    return 1;
  }

  /** Others may have spent, while the store was asked, what was in hand before. */
  #spend(key: string, asked: number): number {
    const hand = this.#inHand.get(key);
    if (hand === undefined || hand.amount < asked) return 1;
    hand.amount -= asked;
    return 0;
  }
}
