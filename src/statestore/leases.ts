import type { Json } from '../kernel/canonical.js';
import type { Clock } from '../kernel/clock.js';
import type { StateStore } from './port.js';

/** Who has a lease. `holder` is `null` once it was given back; `beat` is counted up by every renewal. */
interface Lease {
  readonly [member: string]: Json;
  readonly holder: string | null;
  readonly fence: number;
  readonly beat: number;
}

export interface LeaseOptions {
  readonly stateStore: Pick<StateStore, 'get' | 'compareAndSet'>;
  /** Milliseconds of a clock that runs evenly and is never set. Clocks of different machines are not compared. */
  readonly clock: Clock;
  /** This process: an id that no other has, and that it does not have again after a restart. */
  readonly holder: string;
  /** A lease that was not renewed for this long is free; default 4,000. It is to be renewed several times as often. */
  readonly silentMs?: number;
}

const SPACE = 'leases';
const SILENT_MS = 4_000;

/**
 * Leases in a state store that several processes share: of one name at most one process has it at a time.
 *
 * Who finds a lease taken remembers what it looked like and since when. If it still looks so after `silentMs`, its
 * holder has not renewed it for as long, and it is taken by compare-and-set on just that. Its holder counts its time from
 * before it asked for the last renewal, hence from earlier on, and so stops first. A holder that was paused in between
 * two steps does not know; that is what the fence is for: each new holder's is higher, and what it guards refuses lower ones.
 */
export class Leases {
  readonly #held = new Map<string, { readonly lease: Lease; readonly renewedAt: number }>();
  readonly #seen = new Map<string, { readonly lease: Lease; readonly since: number }>();

  constructor(private readonly options: LeaseOptions) {}

  /** Takes the lease where it is free, renews it where it is ours. Answers the fence, or `null` where another has it. */
  async keep(name: string): Promise<number | null> {
    const askedAt = this.options.clock.now();
    const held = this.#held.get(name)?.lease;
    if (held !== undefined && (await this.#set(name, held, { ...held, beat: held.beat + 1 }, askedAt)))
      return held.fence;
    this.#held.delete(name);
    const lease = (await this.options.stateStore.get(SPACE, name)) as Lease | null;
    // A write of ours whose outcome was not known.
    const isOurs = lease?.holder === this.options.holder;
    if (lease !== null && !isOurs && !this.#isFree(name, lease)) return null;
    const fence = isOurs ? lease.fence : (lease?.fence ?? 0) + 1;
    const next = { holder: this.options.holder, fence, beat: (lease?.beat ?? 0) + 1 };
    return (await this.#set(name, lease, next, askedAt)) ? fence : null;
  }

  /** Whether it is ours for certain: nobody else can have taken it yet. */
  holds(name: string): boolean {
    const held = this.#held.get(name);
    return held !== undefined && this.options.clock.now() - held.renewedAt < this.#silentMs;
  }

  /** Gives it back, so that another need not wait. */
  async release(name: string): Promise<void> {
    const held = this.#held.get(name)?.lease;
    this.#held.delete(name);
    if (held !== undefined) await this.options.stateStore.compareAndSet(SPACE, name, held, { ...held, holder: null });
  }

  get #silentMs(): number {
    return this.options.silentMs ?? SILENT_MS;
  }

  #isFree(name: string, lease: Lease): boolean {
    if (lease.holder === null) return true;
    const now = this.options.clock.now();
    const seen = this.#seen.get(name);
    const isSame = seen?.lease.fence === lease.fence && seen.lease.beat === lease.beat;
    if (isSame) return now - seen.since >= this.#silentMs;
    this.#seen.set(name, { lease, since: now });
    return false;
  }

  async #set(name: string, expected: Lease | null, lease: Lease, renewedAt: number): Promise<boolean> {
    if (!(await this.options.stateStore.compareAndSet(SPACE, name, expected, lease))) return false;
    this.#held.set(name, { lease, renewedAt });
    return true;
  }
}
