import type { Clock } from '../kernel/clock.js';
import type { Leases } from '../statestore/leases.js';

export interface LeasedWorkParts {
  readonly leases: Pick<Leases, 'keep' | 'release'>;
  /** Of the lease. */
  readonly name: string;
  readonly clock: Clock;
  /** Takes up what the holder before may have left undone. */
  readonly takenOver: () => Promise<unknown>;
  /** Done then, and again whenever `everyMs` have gone by. */
  readonly work: () => Promise<unknown>;
  readonly everyMs: number;
  readonly report: (error: unknown) => void;
}

/** How often the lease is renewed, or looked at. */
const TEND_MS = 1_000;

/**
 * Work that one server does of several: whoever has the lease. The work bears to be done by two at once, since a holder
 * that was paused in the midst of it does not know that it has lost it; the lease is there so that they do not as a rule.
 */
export class LeasedWork {
  #fence: number | null = null;
  #doneAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(private readonly parts: LeasedWorkParts) {}

  /** Resolves once it is known whether it is ours, and if so, what was left undone is taken up. */
  async start(): Promise<void> {
    await this.tend();
    await this.#working;
    this.#timer = setInterval(() => void this.tend(), TEND_MS).unref();
  }

  /** Keeps the lease or takes it where it is free, and begins what is due. */
  tend(): Promise<void> {
    this.#turn ??= this.#tend()
      .catch(this.parts.report)
      .finally(() => {
        this.#turn = undefined;
      });
    return this.#turn;
  }

  /** Finishes what is under way, and lets another server take over. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turn;
    await this.#working;
    await this.parts.leases.release(this.parts.name).catch(this.parts.report);
  }

  async #tend(): Promise<void> {
    const { leases, name, clock, everyMs } = this.parts;
    const fence = await leases.keep(name);
    const isTakenOver = fence !== null && fence !== this.#fence;
    this.#fence = fence;
    if (fence === null || (!isTakenOver && clock.now() - this.#doneAt < everyMs)) return;
    this.#doneAt = clock.now();
    this.#working = this.#working.then(() => this.#work(isTakenOver)).catch(this.parts.report);
  }

  async #work(isTakenOver: boolean): Promise<void> {
    if (isTakenOver) await this.parts.takenOver();
    await this.parts.work();
  }
}
