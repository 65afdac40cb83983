import type { Clock } from '../../src/kernel/clock.js';

/** Time that goes on only when it is told to. */
export interface VirtualTime extends Clock {
  /** Resolves when so many milliseconds have gone by. */
  pause(ms: number): Promise<void>;
  /** Lets time go by, and what was waiting for it have its turn. */
  pass(ms: number): Promise<void>;
}

/** Turns of the event loop: enough for what runs in memory and on a local socket to come to rest. */
const TURNS = 40;

export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export const virtualTime = (startMs = 0): VirtualTime => {
  let nowMs = startMs;
  let waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  return {
    now: () => nowMs,
    pause: (ms) => new Promise((resolve) => waiting.push({ at: nowMs + ms, resolve })),
    async pass(ms) {
      for (const end = nowMs + ms; ; ) {
        await settled();
        const next = Math.min(...waiting.map(({ at }) => at));
        if (next > end) {
          nowMs = end;
          return;
        }
        nowMs = next;
        const due = waiting.filter(({ at }) => at <= nowMs);
        waiting = waiting.filter(({ at }) => at > nowMs);
        for (const { resolve } of due) resolve();
      }
    },
  };
};
