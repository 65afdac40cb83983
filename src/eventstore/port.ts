import type { EventToAppend, Position, StoredEvent } from '../kernel/envelope.js';
import type { KeyRef } from '../kernel/personal.js';

/**
 * What an append expects of its stream: the revision of its last event, that it does not exist, that it exists, or
 * nothing.
 */
export type ExpectedRevision = number | 'no-stream' | 'stream-exists' | 'any';

export interface AppendResult {
  /** Revision of the last event appended. */
  readonly revision: number;
  /** Position of the last event appended. */
  readonly position: Position;
}

export interface StreamRange {
  /** First revision wanted; inclusive. */
  readonly from?: number;
  /** Last revision wanted; inclusive. */
  readonly to?: number;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
}

export interface AllRange {
  /** Everything after this position; `START` for all. */
  readonly after: Position;
  /** Only these event types; all when left out. */
  readonly types?: readonly string[];
  readonly limit: number;
}

export interface AllPage {
  readonly events: readonly StoredEvent[];
  /** How far the store has looked: the checkpoint to go on from, also where a filter let nothing through. */
  readonly position: Position;
}

export interface EventBatch extends AllPage {
  /** True once the subscription has delivered all that was there; what follows comes as it happens. */
  readonly caughtUp: boolean;
}

export interface Subscription {
  readonly after: Position;
  readonly types?: readonly string[];
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal;
  /** Events a batch at the most; default 500. */
  readonly batchSize?: number;
}

export interface CompactRange {
  /** Everything after this position: `START` for all, or how far a compaction that was cut off had come. */
  readonly after: Position;
  /** Up to this position; inclusive. */
  readonly upTo: Position;
  /** Whether each of these keys is destroyed for good, in the order asked for. */
  readonly areDestroyed: (refs: readonly KeyRef[]) => Promise<readonly boolean[]>;
}

/** How far a compaction has come, and what it has removed since it last said so. */
export interface Compacted {
  readonly position: Position;
  /** Events that it has still to look at, at the most. */
  readonly remaining: number;
  /** Events, fields of theirs, and bytes. */
  readonly events: number;
  readonly fields: number;
  readonly bytes: number;
}

/** The one place where facts are kept. Every adapter passes `test/contract/eventStore.ts`. */
export interface EventStore {
  /**
   * Appends all of the events or none, in order. Resolves only once they are on disk. An append that repeats the ids
   * of one that was made at the same expected revision answers with the original result.
   * `beforeSending` is called right before the events leave this process, each time that they do; what it throws ends the append.
   * Errors: WRONG_EXPECTED_REVISION, EVENT_TOO_LARGE, STORAGE_FULL, STORE_FAILED, OVERLOADED.
   */
  append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
    beforeSending?: () => void,
  ): Promise<AppendResult>;

  /** The events of a stream; none where there is no such stream. Error: CORRUPT_EVENT. */
  readStream(stream: string, range?: StreamRange): Promise<readonly StoredEvent[]>;

  /** Events of all streams in the order of their positions, strictly increasing, gaps allowed. Error: CORRUPT_EVENT. */
  readAll(range: AllRange): Promise<AllPage>;

  /** What is there after a position and then what comes, without loss or duplicate, until the signal. */
  subscribe(subscription: Subscription): AsyncIterable<EventBatch>;

  /** Position of the last event; `START` where there is none. */
  head(): Promise<Position>;

  /**
   * Where the engine lets us: removes for good the sealed bytes of fields whose keys are destroyed, while others read
   * and append. Nothing else of an event changes: not its envelope with the digests, nor position nor revision; the
   * field's bytes are `null` from then on. Once the iteration has come to its end nothing that was removed is
   * in any file of the store's. It can be left and taken up from where it was; over again it changes nothing.
   * Errors: CORRUPT_EVENT; STORAGE_FULL; STORE_FAILED, also where a reader keeps what was removed from leaving the log.
   */
  compact?(range: CompactRange): AsyncIterable<Compacted>;

  /** Finishes what was accepted, refuses what comes after, releases the files. Idempotent. */
  close(): Promise<void>;
}

/** Bytes of one event, open and sealed together, that every engine accepts. */
export const MAX_EVENT_BYTES = 1024 * 1024;
