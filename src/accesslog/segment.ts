import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import { decodeEntries, encodeEntry } from './entry.js';
import { IdFilter } from './idFilter.js';
import type { AccessEntry } from './port.js';
import { blockLength, HEADER_BYTES, MAX_BLOCK_BYTES, openBlock, type SegmentKey, segmentKeyOf } from './sealing.js';

const LENGTH_BYTES = 4;
/** Bytes that are opened in one turn of the event loop. */
const A_TURN_BYTES = 128 * 1024;

/** What is known of a segment without reading it. */
export interface SegmentIndex {
  /** Of the first and the last entry. */
  readonly from: string;
  readonly to: string;
  /** Where the last whole block ends: what a crash or a full disk left after it counts for nothing. */
  readonly end: number;
  readonly ids: IdFilter;
}

/** A segment in memory: a few MiB at the most. */
export class Segment {
  private constructor(
    readonly key: SegmentKey,
    private readonly bytes: Buffer,
    /** Where each whole block begins, and where the last one ends. */
    private readonly places: readonly number[],
  ) {}

  /**
   * Reads a segment's file as far as its blocks are whole, or, where it is known how far that is, exactly so far.
   * `null` where there is none, or nothing whole in it. Error: CORRUPT_STORE.
   */
  static async read(path: string, logKey: Uint8Array, end?: number): Promise<Segment | null> {
    const bytes = await readFile(path).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === 'ENOENT') return null;
      throw error;
    });
    if (bytes === null || bytes.length <= HEADER_BYTES) return null;
    const key = keyIn(bytes, logKey);
    const places = placesIn(bytes.subarray(0, end));
    const segment = new Segment(key, bytes, places);
    if (end !== undefined && segment.end !== end) throw damaged();
    return end === undefined ? segment.#withoutTornBlock() : segment;
  }

  get end(): number {
    return this.places.at(-1)!;
  }

  /** Whether nothing follows the last whole block. */
  get isWhole(): boolean {
    return this.end === this.bytes.length;
  }

  /** Entries with where they stand in the segment, from the last one before a place backwards. */
  async *backwards(before: string | null): AsyncGenerator<{ entry: AccessEntry; place: string }> {
    let opened = 0;
    for (let at = this.places.length - 2; at >= 0; at--) {
      const place = this.places[at]!;
      if (before !== null && placeIn(place, 0) >= before) continue;
      const entries = decodeEntries(this.#open(at));
      for (let index = entries.length - 1; index >= 0; index--) {
        const own = placeIn(place, index);
        if (before === null || own < before) yield { entry: entries[index]!, place: own };
      }
      opened += this.places[at + 1]! - place;
      if (opened < A_TURN_BYTES) continue;
      opened = 0;
      await nextTurn();
    }
  }

  /** Made anew from the entries; `null` where there are none. */
  async index(): Promise<SegmentIndex | null> {
    const ids = IdFilter.empty();
    let first: AccessEntry | undefined;
    let last: AccessEntry | undefined;
    for await (const { entry } of this.backwards(null)) {
      ids.addEntry(entry, encodeEntry(entry));
      last ??= entry;
      first = entry;
    }
    return first === undefined ? null : { from: first.at, to: last!.at, end: this.end, ids };
  }

  #open(at: number): Buffer {
    const place = this.places[at]!;
    const bytes = openBlock(this.key, place, this.bytes.subarray(place, this.places[at + 1]));
    if (bytes === null) throw damaged();
    return bytes;
  }

  /** A power failure may leave a last block that has its length and not all of its bytes. */
  #withoutTornBlock(): Segment {
    const last = this.places.length - 2;
    if (last < 0) return this;
    const block = this.bytes.subarray(this.places[last], this.end);
    const whole = openBlock(this.key, this.places[last]!, block) !== null;
    return whole ? this : new Segment(this.key, this.bytes, this.places.slice(0, -1));
  }
}

/** Where an entry stands in its segment, as text that is ordered as they are. */
const placeIn = (block: number, index: number): string =>
  `${String(block).padStart(8, '0')}-${String(index).padStart(5, '0')}`;

const keyIn = (bytes: Buffer, logKey: Uint8Array): SegmentKey => {
  try {
    return segmentKeyOf(logKey, Buffer.from(bytes.subarray(0, HEADER_BYTES)));
  } catch (cause) {
    throw damaged(cause);
  }
};

/** Error: CORRUPT_STORE where more follows than one write that was cut off can have left. */
const placesIn = (bytes: Buffer): number[] => {
  const places = [HEADER_BYTES];
  for (;;) {
    const place = places.at(-1)!;
    const rest = bytes.length - place;
    const length = rest < LENGTH_BYTES ? null : blockLength(bytes.subarray(place, place + LENGTH_BYTES));
    if (length === null || length > rest) {
      if (rest > 2 * MAX_BLOCK_BYTES) throw damaged();
      return places;
    }
    places.push(place + length);
  }
};

export const damaged = (cause?: unknown): CrmError =>
  new CrmError('CORRUPT_STORE', { reason: 'A file of the access log is damaged.' }, { cause });
