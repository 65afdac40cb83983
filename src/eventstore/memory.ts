import type { EventToAppend, Position, StoredEvent } from '../kernel/envelope.js';
import { type CompactableLog, compactLog, type DoomedRow, overwriteDoomed, type Removed } from './compaction.js';
import {
  decodeAsFarAsPossible,
  decodeEvent,
  type EventBytes,
  type EventRow,
  encodeEvent,
  formatPosition,
  parsePosition,
  sealedFor,
  type Upcast,
} from './encoding.js';
import { idInUse, meets, NO_STREAM, wrongRevision } from './expectation.js';
import type {
  AllPage,
  AllRange,
  AppendResult,
  Compacted,
  CompactRange,
  EventBatch,
  EventStore,
  ExpectedRevision,
  StreamRange,
  Subscription,
} from './port.js';
import { LiveLog, type LogPage, storeClosed } from './subscription.js';

/** The event store for tests: the bytes of an event as the file would hold them, in an array. What it gives out is frozen. */
export const memoryEventStore = (options: { readonly upcast?: Upcast } = {}): EventStore =>
  new MemoryEventStore(options.upcast);

interface MemoryRow extends EventRow {
  /** Number of events in the append that began with this one; 0 for those that came along. */
  readonly appended: number;
  /** Replaced as a whole: events that were given out keep the bytes that they came with. */
  sealed: Buffer | null;
}

class MemoryEventStore implements EventStore {
  readonly #rows: MemoryRow[] = [];
  readonly #streams = new Map<string, MemoryRow[]>();
  readonly #byId = new Map<string, MemoryRow>();
  readonly #live: LiveLog;
  readonly #decode: (row: EventBytes) => StoredEvent;
  #closed = false;

  constructor(upcast: Upcast = (event) => event) {
    this.#decode = (row) => frozen(upcast(decodeEvent(row)));
    this.#live = new LiveLog((range) => this.#page(range), this.#decode, formatPosition(0));
  }

  async append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
    beforeSending?: () => void,
  ): Promise<AppendResult> {
    this.#checkOpen();
    beforeSending?.();
    if (events.length === 0) throw new TypeError('An append needs an event.');
    const before = this.#streams.get(stream) ?? [];
    const revision = before.length === 0 ? NO_STREAM : before.length - 1;
    const original = this.#original(stream, events, expected);
    if (original !== null) return original;
    if (!meets(expected, revision)) throw wrongRevision(expected, revision);
    const rows = events.map((event, index) => ({
      ...encodeEvent(event, stream, revision + 1 + index, this.#rows.length + 1 + index),
      appended: index === 0 ? events.length : 0,
    }));
    const ids = new Set(events.map(({ id }) => id));
    if (ids.size < events.length || events.some(({ id }) => this.#byId.has(id))) throw idInUse();
    for (const row of rows) this.#byId.set(row.id, row);
    this.#streams.set(stream, [...before, ...rows]);
    this.#rows.push(...rows);
    this.#live.announce(rows);
    return resultOf(rows);
  }

  async readStream(stream: string, range: StreamRange = {}): Promise<readonly StoredEvent[]> {
    this.#checkOpen();
    const { from = 0, to = Number.MAX_SAFE_INTEGER, direction = 'forwards', limit } = range;
    const rows = (this.#streams.get(stream) ?? []).slice(from, to + 1);
    if (direction === 'backwards') rows.reverse();
    return rows.slice(0, limit).map(this.#decode);
  }

  async readAll(range: AllRange): Promise<AllPage> {
    this.#checkOpen();
    const { events, position } = this.#page(range);
    return { events, position };
  }

  subscribe(subscription: Subscription): AsyncIterable<EventBatch> {
    return this.#live.subscribe(subscription);
  }

  async head(): Promise<Position> {
    this.#checkOpen();
    return formatPosition(this.#rows.length);
  }

  compact(range: CompactRange): AsyncIterable<Compacted> {
    const log: CompactableLog = {
      look: (after, upTo) => {
        this.#checkOpen();
        const rows = this.#rows.slice(after, upTo).filter(({ sealed }) => sealed !== null);
        return { rows: rows.map((row) => ({ ...sealedFor(row), position: row.position, size: 0 })), to: upTo };
      },
      overwrite: async (rows) => this.#removed(rows),
      settle: async () => undefined,
    };
    return compactLog(log, range);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#live.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw storeClosed();
  }

  #page({ after, types, limit }: AllRange): LogPage {
    const wanted = this.#rows.slice(parsePosition(after)).filter(({ type }) => types?.includes(type) ?? true);
    const { events, whole } = decodeAsFarAsPossible(wanted.slice(0, limit), this.#decode);
    if (!whole || wanted.length > limit) return { events, position: events.at(-1)?.position ?? after, atEnd: false };
    const head = formatPosition(this.#rows.length);
    return { events, position: head > after ? head : after, atEnd: true };
  }

  #removed(rows: readonly DoomedRow[]): Removed {
    const counts = overwriteDoomed(
      rows,
      (position) => Buffer.from(this.#rows[position - 1]!.sealed!),
      (position, packed) => {
        this.#rows[position - 1]!.sealed = packed;
      },
    );
    this.#live.forget();
    return counts;
  }

  /** The result of the append that these very events were, to a stream that was then as is expected now. */
  #original(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): AppendResult | null {
    const first = this.#byId.get(events[0]!.id);
    if (first?.stream !== stream || first.appended !== events.length || !meets(expected, first.revision - 1))
      return null;
    const rows = this.#rows.slice(first.position - 1, first.position - 1 + events.length);
    return rows.every((row, index) => row.id === events[index]!.id) ? resultOf(rows) : null;
  }
}

const resultOf = (rows: readonly MemoryRow[]): AppendResult => {
  const { revision, position } = rows.at(-1)!;
  return { revision, position: formatPosition(position) };
};

/** Frozen all through, but for bytes, which cannot be. */
const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
};
