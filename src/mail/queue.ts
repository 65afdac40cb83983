import type { Json } from '../kernel/canonical.js';
import type { Clock } from '../kernel/clock.js';
import type { Ids } from '../kernel/ids.js';
import type { Sealer } from '../kernel/sealer.js';
import type { StateStore } from '../statestore/port.js';
import { isAmong, type Mail, type Message, type Recipients } from './port.js';
import { openMessage, type SealedMessage, sealMessage } from './sealedMessage.js';

/** Hands a message over to whoever takes it to its recipient. */
export interface Carrier {
  /** Rejects with `Undeliverable` where trying again is of no use, with anything else where it may be. */
  deliver(id: string, message: Message): Promise<void>;
  close(): Promise<void>;
}

/** The other side has refused the message for good. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';
}

/** Said to who runs the installation. Nothing of the message. */
export interface MailReport {
  readonly kind: 'mail-delayed' | 'mail-refused';
  readonly attempts: number;
}

export interface MailQueueParts {
  readonly carrier: Carrier;
  readonly stateStore: StateStore;
  readonly sealer: Sealer;
  readonly ids: Ids;
  readonly clock: Clock;
  /** Calls back after so many milliseconds; answers with what takes that back. */
  readonly wake: (afterMs: number, call: () => void) => () => void;
  readonly report: (what: MailReport) => void;
  /** Whether other servers deliver what is in the same state store. */
  readonly shared?: boolean;
  /** Told, by its recipient's subject, of a message that has left and is about to be removed. */
  readonly left?: (subject: string) => Promise<void>;
}

interface Waiting extends SealedMessage {
  readonly attempts: number;
  /** When to try (again), in milliseconds. */
  readonly due: number;
}

const SPACE = 'mail';
const FIRST_RETRY_MS = 30_000;
/** Longer than any attempt takes. */
const CLAIMED_MS = 5 * 60_000;
const LONGEST_RETRY_MS = 3600_000;
/** RFC 5321 section 4.5.4.1: give up after four to five days. */
const KEPT_MS = 4 * 24 * 3600 * 1000;

/** Keeps messages sealed in the state store until a carrier has taken them: what was accepted outlives a crash. */
export class MailQueue implements Mail {
  readonly keptMs = KEPT_MS;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;
  #unwake: () => void = () => undefined;

  constructor(private readonly parts: MailQueueParts) {}

  /** Takes up what waits from before. */
  start(): void {
    this.#deliverSoon();
  }

  async send(message: Message): Promise<void> {
    const { ids, clock, sealer, stateStore } = this.parts;
    const id = ids.next();
    const now = clock.now();
    const waiting: Waiting = { ...(await sealMessage(id, message, sealer)), attempts: 0, due: now };
    await stateStore.put(SPACE, id, waiting as unknown as Json, now + KEPT_MS);
    this.#deliverSoon();
  }

  async forget(recipients: Recipients): Promise<number> {
    const { stateStore } = this.parts;
    const theirs = (await stateStore.list(SPACE)).filter(({ value }) =>
      isAmong(value as unknown as Waiting, recipients),
    );
    for (const { key } of theirs) await stateStore.remove(SPACE, key);
    return theirs.length;
  }

  /** What expires is swept with the rest of the state store. */
  async sweep(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwake();
    await this.#running;
    await this.parts.carrier.close();
  }

  /** One round at a time; what comes in meanwhile gets another. */
  #deliverSoon(): void {
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = null;
      if (this.#again && !this.#closed) this.#deliverSoon();
    });
  }

  async #rounds(): Promise<void> {
    let next: number | null = null;
    while (this.#again && !this.#closed) {
      this.#again = false;
      next = await this.#round().catch(() => this.parts.clock.now() + FIRST_RETRY_MS);
    }
    if (next === null || this.#closed) return;
    this.#unwake();
    this.#unwake = this.parts.wake(Math.max(0, next - this.parts.clock.now()), () => this.#deliverSoon());
  }

  /** Tries what is due. Answers when the next is, or `null` where nothing waits. */
  async #round(): Promise<number | null> {
    let next: number | null = null;
    for (const { key, value } of await this.parts.stateStore.list(SPACE)) {
      if (this.#closed) break;
      const waiting = value as unknown as Waiting;
      const due = waiting.due > this.parts.clock.now() ? waiting.due : await this.#attempt(key, waiting);
      if (due !== null) next = Math.min(next ?? due, due);
    }
    return next;
  }

  /** Answers when to try again, or `null` where it is done with. */
  async #attempt(id: string, waiting: Waiting): Promise<number | null> {
    const { carrier, clock, sealer, stateStore, report, shared } = this.parts;
    const message = await openMessage(id, waiting, sealer);
    const attempts = waiting.attempts + 1;
    const until = clock.now() + CLAIMED_MS;
    const held = shared ? { ...waiting, due: until } : waiting;
    // Until then no other server tries; if this one ends meanwhile, another does then.
    if (shared && !(await this.#replace(id, waiting, held))) return until;
    try {
      if (message !== null) await carrier.deliver(id, message);
    } catch (error) {
      if (!(error instanceof Undeliverable)) {
        report({ kind: 'mail-delayed', attempts });
        const due = clock.now() + Math.min(FIRST_RETRY_MS * 2 ** waiting.attempts, LONGEST_RETRY_MS);
        await this.#replace(id, held, { ...waiting, attempts, due });
        return due;
      }
      report({ kind: 'mail-refused', attempts });
    }
    await this.parts.left?.(waiting.subject);
    await stateStore.remove(SPACE, id);
    return null;
  }

  /** Writes over what was read: had it been removed or taken meanwhile, it stays so. Answers whether it was there. */
  #replace(id: string, from: Waiting, to: Waiting): Promise<boolean> {
    const { clock, stateStore } = this.parts;
    const [expected, value] = [from, to] as unknown as [Json, Json];
    return stateStore.compareAndSet(SPACE, id, expected, value, clock.now() + KEPT_MS);
  }
}
