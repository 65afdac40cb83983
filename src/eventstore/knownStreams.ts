import type { Position } from '../kernel/envelope.js';
import { meets, NO_STREAM } from './expectation.js';
import type { AppendResult, ExpectedRevision } from './port.js';

/** One event as it is remembered. */
export interface KnownEvent {
  readonly id: string;
  /** Number of events in the append that began with this one; 0 for those that came along. */
  readonly appended: number;
  /** Left out where it is not known: of the events of an append only the last one's is told. */
  readonly position?: Position;
}

/**
 * What this process knows of streams: the ids of their events from the first one on, and in which appends they came.
 * For engines that keep no index of ids. What is known stays true, because events do not change; there may be more.
 *
 * Bounded: the streams that were first heard of are forgotten first.
 */
export class KnownStreams {
  readonly #streams = new Map<string, KnownEvent[]>();
  readonly #places = new Map<string, { readonly stream: string; readonly revision: number }>();

  constructor(private readonly maxEvents: number) {}

  /** The last revision known of a stream; `NO_STREAM` where nothing is. */
  revision(stream: string): number {
    return (this.#streams.get(stream)?.length ?? 0) + NO_STREAM;
  }

  /** Adds events that begin at a revision; those known already may be among them, a gap may not. */
  learn(stream: string, first: number, events: readonly KnownEvent[]): void {
    const known = this.#streams.get(stream) ?? [];
    if (first > known.length) return;
    for (const event of events.slice(known.length - first)) {
      this.#places.set(event.id, { stream, revision: known.length });
      known.push(event);
    }
    if (known.length > 0) this.#streams.set(stream, known);
    if (this.#places.size > this.maxEvents) this.#forgetSome(stream);
  }

  /** Whether an event with this id is known, in whatever stream. */
  holds(id: string): boolean {
    return this.#places.has(id);
  }

  /**
   * The result of the append that these very events were, to a stream that was then as is expected now; `null` where
   * none such is known.
   */
  original(stream: string, ids: readonly string[], expected: ExpectedRevision): AppendResult | null {
    const place = this.#places.get(ids[0]!);
    if (place?.stream !== stream || !meets(expected, place.revision - 1)) return null;
    const events = this.#streams.get(stream)!.slice(place.revision, place.revision + ids.length);
    if (events[0]!.appended !== ids.length || !ids.every((id, index) => events[index]?.id === id)) return null;
    const position = events.at(-1)!.position;
    return position === undefined ? null : { revision: place.revision + ids.length - 1, position };
  }

  forget(stream: string): void {
    for (const { id } of this.#streams.get(stream) ?? []) this.#places.delete(id);
    this.#streams.delete(stream);
  }

  /** Half of it at once, so that it is seldom. */
  #forgetSome(except: string): void {
    for (const stream of this.#streams.keys()) {
      if (this.#places.size <= this.maxEvents / 2) return;
      if (stream !== except) this.forget(stream);
    }
  }
}
