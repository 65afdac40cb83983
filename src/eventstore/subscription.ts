import { setImmediate as nextTurn } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import type { Position, StoredEvent } from '../kernel/envelope.js';
import { decodeAsFarAsPossible, type EventBytes, type EventRow, formatPosition } from './encoding.js';
import type { AllPage, AllRange, EventBatch, Subscription } from './port.js';

/** A page of the log, and whether the log ended there when it was read. */
export interface LogPage extends AllPage {
  readonly atEnd: boolean;
}

const DEFAULT_BATCH_SIZE = 500;
const MAX_RECENT_EVENTS = 512;
/** Characters and sealed bytes together; roughly the memory that recent events may take. */
const MAX_RECENT_SIZE = 8 * 1024 * 1024;

export const storeClosed = (): CrmError => new CrmError('STORE_FAILED', { reason: 'The store is closed.' });

/** An event that was appended just now, decoded at most once for all who follow the log. */
class RecentEvent {
  readonly position: Position;
  #event: StoredEvent | undefined;
  constructor(readonly row: EventRow) {
    this.position = formatPosition(row.position);
  }
  get size(): number {
    return this.row.body.length + (this.row.sealed?.length ?? 0);
  }
  decoded(decode: (row: EventBytes) => StoredEvent): StoredEvent {
    this.#event ??= decode(this.row);
    return this.#event;
  }
}

/**
 * Subscriptions over an embedded log. A subscriber pulls at its own pace: pages of the log until it is up with what was
 * appended recently, that from memory, and then it sleeps until an append, its signal or `close` wakes it.
 *
 * Nothing is lost or doubled between the two, because both go by the subscriber's position: memory holds every event
 * after `#floor`, and whoever is not that far, or has fallen behind it again, reads the log.
 */
export class LiveLog {
  #recent: RecentEvent[] = [];
  #recentSize = 0;
  #floor: Position;
  #closed = false;
  readonly #sleepers = new Set<() => void>();

  /** `read` and `decode` are the adapter's, `head` the position of the last event that will not be announced. */
  constructor(
    private readonly read: (range: AllRange) => LogPage,
    private readonly decode: (row: EventBytes) => StoredEvent,
    head: Position,
  ) {
    this.#floor = head;
  }

  /** Every event once it is committed, in the order of positions and without leaving one out. */
  announce(rows: readonly EventRow[]): void {
    for (const row of rows) {
      const event = new RecentEvent(row);
      this.#recent.push(event);
      this.#recentSize += event.size;
    }
    if (this.#recent.length > MAX_RECENT_EVENTS || this.#recentSize > MAX_RECENT_SIZE) this.#forgetOlder();
    for (const wake of this.#sleepers) wake();
  }

  /** Lets go of all recent events, which are not in the log as they were any more. */
  forget(): void {
    this.#floor = this.#recent.at(-1)?.position ?? this.#floor;
    this.#recent = [];
    this.#recentSize = 0;
  }

  subscribe(subscription: Subscription): AsyncIterable<EventBatch> {
    return this.#closed ? refused() : this.#follow(subscription);
  }

  /** Ends every subscription, without an error. */
  close(): void {
    this.#closed = true;
    this.#recent = [];
    for (const wake of this.#sleepers) wake();
  }

  async *#follow({ after, types, signal, batchSize = DEFAULT_BATCH_SIZE }: Subscription): AsyncGenerator<EventBatch> {
    let awaken = (): void => {};
    const wake = (): void => awaken();
    this.#sleepers.add(wake);
    signal.addEventListener('abort', wake);
    try {
      let position = after;
      let caughtUp = false;
      while (!signal.aborted && !this.#closed) {
        const fromMemory = position >= this.#floor;
        const range = { after: position, types, limit: batchSize };
        const page = fromMemory ? this.#readRecent(range) : this.read(range);
        const news = page.position > position || (page.atEnd && !caughtUp);
        if (news) {
          position = page.position;
          caughtUp ||= page.atEnd;
          yield { events: page.events, position, caughtUp };
          // Reading is synchronous: without this, catching up would keep everything else from being served.
          if (!fromMemory) await nextTurn();
        } else {
          await new Promise<void>((resolve) => {
            awaken = resolve;
          });
        }
      }
    } finally {
      this.#sleepers.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  #readRecent({ after, types, limit }: AllRange): LogPage {
    const wanted: RecentEvent[] = [];
    let position = after;
    let index = this.#firstAfter(after);
    for (; index < this.#recent.length && wanted.length < limit; index++) {
      const event = this.#recent[index]!;
      position = event.position;
      if (types === undefined || types.includes(event.row.type)) wanted.push(event);
    }
    const { events, whole } = decodeAsFarAsPossible(wanted, (event) => event.decoded(this.decode));
    if (!whole) return { events, position: events.at(-1)!.position, atEnd: false };
    return { events, position, atEnd: index === this.#recent.length };
  }

  /** Index of the first recent event after a position, by bisection. */
  #firstAfter(position: Position): number {
    let low = 0;
    let high = this.#recent.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#recent[middle]!.position > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Lets go of the older half, or more where events are large; half at once, so that it is seldom. */
  #forgetOlder(): void {
    let forgotten = 0;
    for (const event of this.#recent) {
      if (this.#recent.length - forgotten <= MAX_RECENT_EVENTS / 2 && this.#recentSize <= MAX_RECENT_SIZE / 2) break;
      this.#recentSize -= event.size;
      this.#floor = event.position;
      forgotten += 1;
    }
    this.#recent.splice(0, forgotten);
  }
}

async function* refused(): AsyncGenerator<EventBatch> {
  yield await Promise.reject(storeClosed());
}
