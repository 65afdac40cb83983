import { setTimeout as pauseFor } from 'node:timers/promises';
import { type AppendStreamState, NO_STREAM as ENGINE_NO_STREAM, KurrentDBClient } from '@kurrent/kurrentdb-client';
import { CrmError, isCrmError } from '../errors.js';
import { type EventToAppend, type Position, type StoredEvent } from '../kernel/envelope.js';
import { SerialByKey } from '../kernel/memory.js';
import type { Upcast } from './encoding.js';
import { idInUse, NO_STREAM, wrongRevision } from './expectation.js';
import { type KnownEvent, KnownStreams } from './knownStreams.js';
import { type DecodedEvent, toEngine } from './kurrentdbEncoding.js';
import { actualRevision, RETRY_MS, untilDecided } from './kurrentdbErrors.js';
import { follow } from './kurrentdbFollow.js';
import { FROM_LEADER, type KurrentConnection, KurrentLog } from './kurrentdbLog.js';
import { formatEnginePosition } from './kurrentdbPosition.js';
import { parseKurrentUrl } from './kurrentdbUrl.js';
import type {
  AllPage,
  AllRange,
  AppendResult,
  EventBatch,
  EventStore,
  ExpectedRevision,
  StreamRange,
  Subscription,
} from './port.js';
import { storeClosed } from './subscription.js';

export interface KurrentEventStoreOptions {
  /** As `parseKurrentUrl` takes it. */
  readonly url: string;
  readonly upcast?: Upcast;
  /** What a single call may take; default 10 s. Its outcome is then unknown, and it is tried again. */
  readonly timeoutMs?: number;
  /** Resolves after this many milliseconds; injected, so that tests need not wait. */
  readonly pause?: (ms: number) => Promise<void>;
}

const TIMEOUT_MS = 10_000;
/** Ids that are remembered; roughly 150 bytes each. */
const MAX_KNOWN_EVENTS = 200_000;

/**
 * The event store on a KurrentDB server or cluster, 23.10 or later. Resolves once it has answered.
 * Errors: BAD_CONFIGURATION, STORE_UNREACHABLE, STORE_UNAUTHORISED.
 */
export const openKurrentEventStore = async (options: KurrentEventStoreOptions): Promise<EventStore> => {
  const { url, upcast = (event) => event, timeoutMs = TIMEOUT_MS, pause = (ms) => pauseFor(ms) } = options;
  const { connectionString, prefix } = parseKurrentUrl(url);
  const client = connect(connectionString);
  const connection = { client, prefix, upcast, trying: { timeoutMs, retryMs: RETRY_MS, pause } };
  try {
    // Once: whoever opens it decides how long to go on.
    const head = await new KurrentLog({ ...connection, trying: { timeoutMs, retryMs: [], pause } }).head();
    return new KurrentEventStore(connection, head);
  } catch (error) {
    await client.dispose();
    throw error;
  }
};

/** The client's own complaint may quote the URL, and goes no further. */
const connect = (connectionString: string): KurrentDBClient => {
  try {
    return KurrentDBClient.connectionString(connectionString);
  } catch {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'The KurrentDB URL cannot be used, or a file that it names.' });
  }
};

/** What came of a write: accepted, by this try or an earlier one, or refused because the stream is elsewhere. */
type Written =
  | { readonly revision: number; readonly position: Position | undefined; readonly tried: boolean }
  | { readonly actual: number };

/**
 * The engine checks an expected revision, and takes an append that repeats the ids which it finds there for the one
 * that was. What it does not check is done here:
 *
 * - It keeps no index of ids, so the same ids at a later revision would be written again. Every append therefore goes
 *   out at an exact revision, and only once the ids of the stream up to there are known: from the reading that came
 *   before the command, from earlier appends, or by reading now.
 * - It takes the first ids of an append for the whole of it. So an answer that may be a repetition is held against the
 *   stream: one after a try whose outcome was unknown, or at a position that is not new.
 */
class KurrentEventStore implements EventStore {
  readonly #log: KurrentLog;
  readonly #known = new KnownStreams(MAX_KNOWN_EVENTS);
  readonly #serial = new SerialByKey();
  readonly #accepted = new Set<Promise<unknown>>();
  /** Streams with an append of which it was never learnt what became of it. */
  readonly #unsettled = new Set<string>();
  readonly #closing = new AbortController();
  /** The last position that this process has heard of. */
  #newest: Position;
  #closed: Promise<void> | undefined;

  constructor(
    private readonly connection: KurrentConnection,
    head: Position,
  ) {
    this.#log = new KurrentLog(connection);
    this.#newest = head;
  }

  async append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
    beforeSending = () => {},
  ): Promise<AppendResult> {
    this.#checkOpen();
    if (events.length === 0) throw new TypeError('An append needs an event.');
    const appended = this.#serial.run(stream, () => this.#append(stream, events, expected, beforeSending));
    const settled = appended.catch(() => undefined).finally(() => this.#accepted.delete(settled));
    this.#accepted.add(settled);
    return appended;
  }

  async readStream(stream: string, range?: StreamRange): Promise<readonly StoredEvent[]> {
    this.#checkOpen();
    return (await this.#read(stream, range)).map(({ event }) => event);
  }

  async readAll(range: AllRange): Promise<AllPage> {
    this.#checkOpen();
    const { events, position } = await this.#log.readAll(range);
    this.#heardOf(position);
    return { events, position };
  }

  subscribe(subscription: Subscription): AsyncIterable<EventBatch> {
    const signal = AbortSignal.any([subscription.signal, this.#closing.signal]);
    return this.#follow({ ...subscription, signal }, this.#closed !== undefined);
  }

  async head(): Promise<Position> {
    this.#checkOpen();
    const head = await this.#log.head();
    this.#heardOf(head);
    return head;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#accepted);
    await this.connection.client.dispose();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw storeClosed();
  }

  async *#follow(subscription: Subscription, refused: boolean): AsyncGenerator<EventBatch> {
    if (refused) throw storeClosed();
    for await (const batch of follow(this.connection, this.#log, subscription)) {
      this.#heardOf(batch.position);
      yield batch;
    }
  }

  async #append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
    beforeSending: () => void,
  ): Promise<AppendResult> {
    const ids = events.map(({ id }) => id);
    for (;;) {
      const original = this.#known.original(stream, ids, expected);
      if (original !== null) return original;
      if (new Set(ids).size < ids.length) throw idInUse();
      if (ids.some((id) => this.#known.holds(id))) {
        // An append of which the first events only are known is no reason to refuse the whole of it.
        if (await this.#catchUp(stream)) continue;
        throw idInUse();
      }
      const at = await this.#revisionToWriteAt(stream, expected);
      // What was read to find it may hold these very ids.
      if (at === 'look-again') continue;
      const newestBefore = this.#newest;
      const written = await this.#write(stream, events, at, beforeSending);
      if ('actual' in written) {
        if (typeof expected === 'number' || expected === 'no-stream') throw wrongRevision(expected, written.actual);
        if (!(await this.#catchUp(stream))) await this.connection.trying.pause(RETRY_MS[0]!);
        continue;
      }
      const { position, revision, tried } = written;
      const isNew = position !== undefined && position > newestBefore && revision === at + events.length;
      if (tried || !isNew) return await this.#settled(stream, ids, expected);
      this.#heardOf(position);
      this.#known.learn(stream, at + 1, knownFrom(ids, position));
      return { revision, position };
    }
  }

  /**
   * The exact revision at which an append has to be made to be what is expected, with every id of the stream up to
   * there known. Error: WRONG_EXPECTED_REVISION where it is clear already that it is not.
   */
  async #revisionToWriteAt(stream: string, expected: ExpectedRevision): Promise<number | 'look-again'> {
    const known = this.#known.revision(stream);
    if (expected === 'no-stream') {
      if (known !== NO_STREAM) throw wrongRevision(expected, known);
      return NO_STREAM;
    }
    const enough = typeof expected === 'number' ? known >= expected : known !== NO_STREAM;
    if (!enough) {
      if (await this.#catchUp(stream)) return 'look-again';
      if (expected !== 'any') throw wrongRevision(expected, known);
    }
    if (typeof expected === 'number' && known > expected) throw wrongRevision(expected, known);
    return known;
  }

  /** Error: besides the port's, STORE_UNREACHABLE where the outcome stays unknown; the next append to the stream is then held against it. */
  async #write(
    stream: string,
    events: readonly EventToAppend[],
    at: number,
    beforeSending: () => void,
  ): Promise<Written> {
    const { client, trying, prefix } = this.connection;
    const data = toEngine(events, stream, at + 1, this.connection);
    const streamState: AppendStreamState = at === NO_STREAM ? ENGINE_NO_STREAM : BigInt(at);
    const options = { streamState, deadline: trying.timeoutMs, ...FROM_LEADER };
    const unsettled = this.#unsettled.has(stream);
    let isSent = false;
    try {
      return await untilDecided(trying, async (triedBefore) => {
        beforeSending();
        isSent = true;
        try {
          const result = await client.appendToStream(prefix + stream, data, options);
          const position = result.position && formatEnginePosition(result.position);
          return { position, revision: Number(result.nextExpectedRevision), tried: unsettled || triedBefore > 0 };
        } catch (error) {
          const actual = actualRevision(error);
          if (actual === null) throw error;
          return { actual };
        }
      });
    } catch (error) {
      if (isSent && isCrmError(error, 'STORE_UNREACHABLE')) this.#unsettled.add(stream);
      throw error;
    }
  }

  /** What the stream says of an append that the engine accepted, now or before. */
  async #settled(stream: string, ids: readonly string[], expected: ExpectedRevision): Promise<AppendResult> {
    await this.#catchUp(stream);
    this.#unsettled.delete(stream);
    const original = this.#known.original(stream, ids, expected);
    if (original === null) throw idInUse();
    return original;
  }

  /** Reads what is not known yet of a stream. Answers whether there was anything. */
  async #catchUp(stream: string): Promise<boolean> {
    return (await this.#read(stream, { from: this.#known.revision(stream) + 1 })).length > 0;
  }

  async #read(stream: string, range: StreamRange = {}): Promise<readonly DecodedEvent[]> {
    const read = await this.#log.readStream(stream, range);
    const first = read[0]?.event;
    if (first !== undefined && range.direction !== 'backwards') {
      this.#known.learn(stream, first.revision, read.map(knownOf));
      this.#heardOf(read.at(-1)!.event.position);
    }
    return read;
  }

  #heardOf(position: Position): void {
    if (position > this.#newest) this.#newest = position;
  }
}

const knownOf = ({ event: { id, position }, appended }: DecodedEvent): KnownEvent => ({ id, position, appended });

const knownFrom = (ids: readonly string[], position: Position): KnownEvent[] =>
  ids.map((id, index) => ({
    id,
    appended: index === 0 ? ids.length : 0,
    ...(index === ids.length - 1 && { position }),
  }));
