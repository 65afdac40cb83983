import { setTimeout as pauseFor } from 'node:timers/promises';
import { type ErrorCode, isCrmError } from '../errors.js';
import type { EngineStores } from './stores.js';
import { STORES, type StoreLocations, type StoreName } from './storeUrls.js';

/** An engine that a running server works on. */
export interface WatchedEngine {
  /** The variable that says where it is. */
  readonly field: string;
  /** Asks it for something small, past every cache; resolves once it has answered. */
  readonly ask: () => Promise<unknown>;
}

export interface LostEngine {
  readonly code: ErrorCode;
  readonly field: string;
}

/** Who has not answered by then counts as away, though the adapters go on trying. */
const ANSWER_MS = 3_000;
/** An engine that was away for this long while the server closes is not waited for. */
const GRACE_MS = 5_000;
const LOOK_MS = 500;

/** Says whether the engines of a running server answer. Each is asked one question at a time, however many want to know. */
export class EngineWatch {
  readonly #asked = new Map<string, Promise<LostEngine | null>>();

  constructor(
    private readonly engines: readonly WatchedEngine[],
    private readonly answerMs = ANSWER_MS,
  ) {}

  /** The first that does not answer; `null` where all do. */
  async lost(): Promise<LostEngine | null> {
    const answers = await Promise.all(this.engines.map((engine) => this.#answer(engine)));
    return answers.find((answer) => answer !== null) ?? null;
  }

  async #answer(engine: WatchedEngine): Promise<LostEngine | null> {
    const { field } = engine;
    const asked = this.#asked.get(field) ?? this.#ask(engine);
    this.#asked.set(field, asked);
    const inTime = new AbortController();
    const late = pauseFor(this.answerMs, { code: 'STORE_UNREACHABLE', field } as const, { signal: inTime.signal });
    late.catch(() => undefined);
    try {
      return await Promise.race([asked, late]);
    } finally {
      inTime.abort();
    }
  }

  async #ask({ field, ask }: WatchedEngine): Promise<LostEngine | null> {
    try {
      await ask();
      return null;
    } catch (error) {
      return { code: isCrmError(error) ? error.code : 'STORE_FAILED', field };
    } finally {
      this.#asked.delete(field);
    }
  }
}

const QUESTIONS: { readonly [name in StoreName]: (stores: EngineStores) => Promise<unknown> } = {
  events: ({ eventStore }) => eventStore.head(),
  readModels: ({ readStore }) => readStore.builds('none'),
  state: ({ stateStore }) => stateStore.get('leases', 'any'),
  vault: ({ vault }) => vault.state('any', 'any'),
};

/** Watches the stores that are not files. */
export const watchOver = (locations: StoreLocations, stores: EngineStores): EngineWatch => {
  const names = (Object.keys(STORES) as StoreName[]).filter((name) => locations[name].engine !== 'sqlite');
  return new EngineWatch(names.map((name) => ({ field: STORES[name].variable, ask: () => QUESTIONS[name](stores) })));
};

/**
 * Waits for a closing as long as the engines are there. Where one stays away, nothing that waits for it can be finished:
 * it is left as after a kill, which every store bears. Answers whether the closing came to its end.
 */
export const closedUnlessLost = async (
  closing: Promise<void>,
  lost: () => Promise<{ readonly code: ErrorCode } | null | undefined>,
): Promise<boolean> => {
  const ended = closing.then((): true => true);
  ended.catch(() => undefined);
  let awaySince: number | undefined;
  for (;;) {
    const askedAt = performance.now();
    const found = await Promise.race([ended, lost()]);
    if (found === true) return true;
    awaySince = found?.code === 'STORE_UNREACHABLE' ? (awaySince ?? askedAt) : undefined;
    if (awaySince !== undefined && performance.now() - awaySince >= GRACE_MS) return false;
    if (await Promise.race([ended, pauseFor(LOOK_MS, false)])) return true;
  }
};
