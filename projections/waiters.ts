import { CrmError } from '../src/errors.js';
import type { Position } from '../src/kernel/envelope.js';

interface Waiter {
  readonly position: Position;
  readonly resolve: () => void;
  readonly reject: (error: CrmError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Those who wait for a projection to reach a position. */
export class Waiters {
  readonly #byProjection = new Map<string, Set<Waiter>>();

  wait(projection: string, position: Position, timeoutMs: number, hasStopped: boolean): Promise<void> {
    if (hasStopped) return Promise.reject(new CrmError('PROJECTION_STOPPED'));
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#of(projection).delete(waiter);
        reject(new CrmError('CONSISTENCY_TIMEOUT', { position }));
      }, timeoutMs);
      timer.unref();
      const waiter: Waiter = { position, resolve, reject, timer };
      this.#of(projection).add(waiter);
    });
  }

  isAwaited(projection: string): boolean {
    return this.#of(projection).size > 0;
  }

  reached(projection: string, checkpoint: Position): void {
    for (const waiter of this.#of(projection)) {
      if (waiter.position <= checkpoint) this.#settle(projection, waiter, waiter.resolve);
    }
  }

  stopped(projection: string): void {
    for (const waiter of this.#of(projection)) {
      this.#settle(projection, waiter, () => waiter.reject(new CrmError('PROJECTION_STOPPED')));
    }
  }

  /** Nobody will be told any more. */
  endAll(): void {
    for (const [projection, waiters] of this.#byProjection) {
      for (const waiter of waiters) {
        this.#settle(projection, waiter, () =>
          waiter.reject(new CrmError('CONSISTENCY_TIMEOUT', { position: waiter.position })),
        );
      }
    }
  }

  #settle(projection: string, waiter: Waiter, answer: () => void): void {
    clearTimeout(waiter.timer);
    this.#of(projection).delete(waiter);
    answer();
  }

  #of(projection: string): Set<Waiter> {
    const waiters = this.#byProjection.get(projection) ?? new Set();
    this.#byProjection.set(projection, waiters);
    return waiters;
  }
}
