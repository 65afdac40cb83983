import { type CrmError, type ErrorCode, isCrmError } from '../errors.js';

/** What may pass by itself: an engine that is not up yet, a user that is not made yet. The rest has to be put right first. */
const PASSING: readonly ErrorCode[] = ['STORE_UNREACHABLE', 'STORE_UNAUTHORISED'];
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

export interface OpeningParts<Opened> {
  readonly open: () => Promise<Opened>;
  /** Told why it is not open yet, each time. */
  readonly report: (why: CrmError) => void;
  /** Resolves after this many milliseconds, or as soon as the signal says so. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Something that is opened again and again, until the engines that it needs let it. */
export class Opening<Opened extends { close(): Promise<void> }> {
  #opened: Opened | undefined;
  #waitingFor: CrmError | undefined;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(private readonly parts: OpeningParts<Opened>) {}

  /** Tries once, and goes on in the background where it may pass. Throws what does not. Answers whether it is open. */
  async start(): Promise<boolean> {
    if (await this.#try()) return true;
    this.#loop = this.#keepTrying();
    // Whoever waits for it is told; nobody has to.
    this.#loop.catch(() => undefined);
    return false;
  }

  /** Resolves once it is open, or closed. Throws what will not pass by itself. */
  settled(): Promise<void> {
    return this.#loop;
  }

  /** `undefined` while it is not open. */
  get opened(): Opened | undefined {
    return this.#opened;
  }

  /** Why it is not open yet: a code, and the variable of the store. */
  get waitingFor(): { readonly code: ErrorCode; readonly field?: string } | undefined {
    return this.#waitingFor && { code: this.#waitingFor.code, field: this.#waitingFor.details.field };
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#loop.catch(() => undefined);
    await this.#opened?.close();
  }

  async #keepTrying(): Promise<void> {
    for (let tried = 0; !this.#stopping.signal.aborted; tried++) {
      await this.parts.pause(RETRY_MS[Math.min(tried, RETRY_MS.length - 1)]!, this.#stopping.signal);
      if (this.#stopping.signal.aborted || (await this.#try())) return;
    }
  }

  async #try(): Promise<boolean> {
    try {
      this.#opened = await this.parts.open();
      this.#waitingFor = undefined;
      return true;
    } catch (error) {
      if (!isCrmError(error) || !PASSING.includes(error.code)) throw error;
      this.#waitingFor = error;
      this.parts.report(error);
      return false;
    }
  }
}
