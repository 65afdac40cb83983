import { setImmediate as nextTurn } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import type { Position, StoredEvent } from '../kernel/envelope.js';
import { decided, mayPass, RETRY_MS } from './kurrentdbErrors.js';
import { Feed, type FeedItem } from './kurrentdbFeed.js';
import type { KurrentConnection, KurrentLog } from './kurrentdbLog.js';
import type { EventBatch, Subscription } from './port.js';

const DEFAULT_BATCH_SIZE = 500;

/**
 * A subscription that outlives the engine's own: where one drops, for whatever reason, the next begins where the
 * reader is. Nothing is lost, because a position is handed on only once all before it was; nothing is doubled, because
 * what is not past it is left out.
 * Errors: CORRUPT_EVENT, STORE_UNAUTHORISED; STORE_UNREACHABLE once the engine has not answered several times in a row.
 */
export async function* follow(
  connection: KurrentConnection,
  log: KurrentLog,
  subscription: Subscription,
): AsyncGenerator<EventBatch> {
  const { signal } = subscription;
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const reader = new Reader(log.decode, subscription);
  for (let failures = 0; !signal.aborted; ) {
    let feed: Feed | undefined;
    let dropped: unknown;
    try {
      const head = await Promise.race([log.head(), stopped]);
      if (head === null) return;
      feed = new Feed(connection, reader.position, subscription.types);
      reader.connected(head);
      for (;;) {
        const items = await Promise.race([feed.next(), stopped]);
        if (items === null) break;
        for (const batch of reader.batches(items)) {
          failures = 0;
          yield batch;
          if (signal.aborted) return;
        }
        // More of what the engine sent at once: larger batches are cheaper for everybody.
        await nextTurn();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (decided(error) !== null) throw decided(error);
      if (!mayPass(error)) throw error;
      dropped = error;
    } finally {
      feed?.close();
    }
    if (signal.aborted) return;
    if (failures === RETRY_MS.length) throw new CrmError('STORE_UNREACHABLE', {}, { cause: dropped });
    await Promise.race([connection.trying.pause(RETRY_MS[failures++]!), stopped]);
  }
}

/** Makes batches of what one feed after the other says. */
class Reader {
  position: Position;
  #caughtUp = false;
  /** Whether the feed of now has caught up; before, checkpoints say no more than what the log ended with. */
  #level = false;
  #head: Position = '';
  readonly #batchSize: number;

  constructor(
    private readonly decode: (event: (FeedItem & { kind: 'event' })['event']) => StoredEvent,
    { after, batchSize = DEFAULT_BATCH_SIZE }: Subscription,
  ) {
    this.position = after;
    this.#batchSize = batchSize;
  }

  /** A new feed has begun at the reader's position; the log's last event was at `head` just before. */
  connected(head: Position): void {
    this.#level = false;
    this.#head = head;
  }

  *batches(items: readonly FeedItem[]): Generator<EventBatch> {
    let events: StoredEvent[] = [];
    let before = this.position;
    const batch = (): EventBatch => {
      const made = { events, position: this.position, caughtUp: this.#caughtUp };
      events = [];
      before = this.position;
      return made;
    };
    for (const item of items) {
      let news = false;
      if (item.kind === 'event') {
        try {
          const event = this.decode(item.event);
          if (event.position > this.position) {
            events.push(event);
            this.position = event.position;
          }
        } catch (error) {
          // What precedes it is still delivered.
          if (events.length > 0) yield batch();
          throw error;
        }
      } else if (item.kind === 'checkpoint') {
        this.#advance(this.#level || item.position < this.#head ? item.position : this.#head);
      } else {
        news = !this.#caughtUp;
        this.#caughtUp = this.#level = true;
        this.#advance(this.#head);
      }
      if (news || events.length >= this.#batchSize) yield batch();
    }
    if (events.length > 0 || this.position > before) yield batch();
  }

  #advance(position: Position): void {
    if (position > this.position) this.position = position;
  }
}
