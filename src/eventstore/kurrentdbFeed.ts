import { type AllStreamSubscription, START as ENGINE_START, eventTypeFilter } from '@kurrent/kurrentdb-client';
import type { Position } from '../kernel/envelope.js';
import type { EngineEvent } from './kurrentdbEncoding.js';
import { FROM_LEADER, filterFor, type KurrentConnection } from './kurrentdbLog.js';
import { type EnginePosition, formatEnginePosition, parseEnginePosition } from './kurrentdbPosition.js';

/** What a subscription of the engine says, in the order in which it says it. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: EngineEvent }
  /** Everything up to there has been looked at. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'caughtUp' };

/** Events that may wait for their reader before the engine is told to wait. */
const MAX_WAITING = 2_000;
const BUFFERED_BY_CLIENT = 512;
/** The engine sends a checkpoint whenever it has looked at this many events, wanted or not. */
const CHECKPOINT_EVERY = 256;

/**
 * One subscription of the engine, until it drops. The client tells events as a stream but checkpoints and that it has
 * caught up as they come in, ahead of events that it still holds: each is kept back here until those are through.
 */
export class Feed {
  readonly #subscription: AllStreamSubscription;
  #items: FeedItem[] = [];
  #early: { readonly due: number; readonly item: FeedItem }[] = [];
  #delivered = 0;
  #ended: { readonly error?: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(connection: KurrentConnection, after: Position, types: readonly string[] | undefined) {
    const filter = eventTypeFilter({
      ...(filterFor(connection, types) as { regex: string }),
      maxSearchWindow: CHECKPOINT_EVERY,
      checkpointInterval: 1,
      checkpointReached: (_, position) => this.#note({ kind: 'checkpoint', position: checkpoint(position) }),
    });
    const fromPosition = parseEnginePosition(after) ?? ENGINE_START;
    this.#subscription = connection.client.subscribeToAll(
      { fromPosition, filter, ...FROM_LEADER },
      { highWaterMark: BUFFERED_BY_CLIENT },
    );
    this.#subscription
      .on('data', ({ event }: { readonly event?: EngineEvent }) => this.#deliver(event))
      .on('caughtUp', () => this.#note({ kind: 'caughtUp' }))
      .on('error', (error: unknown) => this.#end({ error }))
      .on('end', () => this.#end({}))
      .on('close', () => this.#end({}));
  }

  /** What has come since; waits where nothing has. `null` once the engine has ended it. Throws what it failed of. */
  async next(): Promise<readonly FeedItem[] | null> {
    if (this.#items.length === 0 && this.#ended === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const items = this.#items;
    this.#items = [];
    if (this.#subscription.isPaused()) this.#subscription.resume();
    if (items.length > 0 || this.#ended === undefined) return items;
    if (this.#ended.error !== undefined) throw this.#ended.error;
    return null;
  }

  /** Tells the engine that nobody listens any more. Idempotent. */
  close(): void {
    this.#end({});
    // Whatever it fails of now is nobody's business: the subscription may never have come about.
    this.#subscription.unsubscribe().catch(() => undefined);
    this.#subscription.destroy();
  }

  #deliver(event: EngineEvent | undefined): void {
    this.#delivered += 1;
    if (event !== undefined) this.#items.push({ kind: 'event', event });
    while (this.#early.length > 0 && this.#early[0]!.due <= this.#delivered)
      this.#items.push(this.#early.shift()!.item);
    if (this.#items.length >= MAX_WAITING) this.#subscription.pause();
    this.#wake();
  }

  #note(item: FeedItem): void {
    const due = this.#delivered + this.#subscription.readableLength;
    if (due > this.#delivered) this.#early.push({ due, item });
    else this.#items.push(item);
    this.#wake();
  }

  #end(ended: { readonly error?: unknown }): void {
    this.#ended ??= ended;
    this.#wake();
  }
}

const checkpoint = (position: EnginePosition): Position => formatEnginePosition(position);
