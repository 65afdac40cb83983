import { setImmediate as nextTurn } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { RandomBytes } from '../kernel/ids.js';
import { InTurn } from '../kernel/inTurn.js';
import { type EncodedEntry, encodeEntry, filtered } from './entry.js';
import { IdFilter } from './idFilter.js';
import type { AccessEntry, AccessLog, AccessPage, AccessQuery, PlacedEntry } from './port.js';
import { HEADER_BYTES, MAX_BLOCK_BYTES, newSegmentKey, type SegmentKey, sealBlock } from './sealing.js';
import type { SegmentIndex } from './segment.js';
import { type Disk, disk, SegmentFiles } from './segmentFiles.js';

export interface FileAccessLogOptions {
  /** Made with the first entry. One process has it open. */
  readonly directory: string;
  /** 32 bytes; each segment has a key that follows from it. */
  readonly logKey: Uint8Array;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly keepDays: number;
  readonly disk?: Disk;
  /** A segment that has grown so large is closed, and another begun. */
  readonly segmentBytes?: number;
}

/** Read in one go where somebody looks for an entry in it. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Answers that wait for their entry at the most; beyond, OVERLOADED is the honest answer. */
const MAX_WAITING = 20_000;
const DAY_MS = 86_400_000;

interface Waiting {
  readonly entry: AccessEntry;
  readonly encoded: EncodedEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The segment that is being written to. */
interface Active {
  readonly number: number;
  readonly file: number;
  readonly key: SegmentKey;
  readonly index: { -readonly [K in keyof SegmentIndex]: SegmentIndex[K] };
}

/**
 * Opens the log in a directory. Nothing is read before it is first used; what a crash cut short at the end of the last
 * segment, which nobody was answered on the strength of, counts for nothing.
 */
export const openFileAccessLog = (options: FileAccessLogOptions): AccessLog => new FileAccessLog(options);

class FileAccessLog implements AccessLog {
  readonly #files: SegmentFiles;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  #active: Active | undefined;
  /** Whether the last segment there is was looked at: it is gone on with, once. */
  #takenUp = false;
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** One after the other, so that nobody writes to a segment that another closes. */
  readonly #turns = new InTurn();
  #closed = false;

  constructor(private readonly options: FileAccessLogOptions) {
    const { directory, logKey, random } = options;
    this.#files = new SegmentFiles(directory, logKey, random);
    this.#disk = options.disk ?? disk;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
  }

  async append(entry: AccessEntry): Promise<void> {
    if (this.#closed) throw unwritable();
    if (this.#waiting.length >= MAX_WAITING) throw new CrmError('OVERLOADED');
    const encoded = encodeEntry(entry);
    if (encoded.bytes.length > MAX_BLOCK_BYTES) throw unwritable();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, encoded, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      void this.#turns.run(() => this.#writeWaiting());
    });
  }

  async page({ after, limit, ...filter }: AccessQuery): Promise<AccessPage> {
    const entries: PlacedEntry[] = [];
    for (const number of (await this.#files.numbers()).reverse()) {
      const prefix = `${String(number).padStart(8, '0')}-`;
      if (after !== undefined && prefix > after) continue;
      const index = await this.#indexOf(number);
      if (index === null || !mayMatch(index, filter)) continue;
      const segment = await this.#files.read(number, index.end);
      const before = after?.startsWith(prefix) ? after.slice(prefix.length) : null;
      for await (const { entry, place } of segment?.backwards(before) ?? []) {
        const found = filtered(entry, filter);
        if (found === null) continue;
        if (entries.length === limit) return { entries, hasMore: true };
        entries.push({ ...found, place: prefix + place });
      }
    }
    return { entries, hasMore: false };
  }

  expire(): Promise<string> {
    return this.#turns.run(async () => {
      const from = instant(this.options.clock.now() - this.options.keepDays * DAY_MS);
      if (!this.#takenUp) await this.#takeUp();
      if (this.#active !== undefined && this.#active.index.to < from) await this.#closeActive();
      for (const number of await this.#files.numbers()) {
        const span = number === this.#active?.number ? this.#active.index : await this.#files.index(number);
        if (span !== null && span.to >= from) break; // so are those that follow
        if (number !== this.#active?.number) await this.#files.remove(number);
      }
      return from;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.run(async () => {
      if (this.#active !== undefined) await this.#disk.close(this.#active.file);
      this.#active = undefined;
    });
  }

  /** Of a segment as far as it is written; what is being written is in nobody's answer yet. */
  async #indexOf(number: number): Promise<SegmentIndex | null> {
    if (!this.#takenUp) await this.#turns.run(() => this.#takeUp());
    if (number !== this.#active?.number) return this.#files.index(number);
    return this.#active.index.end > HEADER_BYTES ? this.#active.index : null;
  }

  async #writeWaiting(): Promise<void> {
    await nextTurn(); // whoever is ready in this turn comes along
    this.#scheduled = false;
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#write(batch);
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        for (const { reject } of batch) reject(unwritable(cause));
      }
    }
  }

  /** Of one day, and no more than a block holds. */
  #nextBatch(): Waiting[] {
    const day = dayOf(this.#waiting[0]!.entry);
    let bytes = 0;
    const end = this.#waiting.findIndex(({ entry, encoded }) => {
      bytes += encoded.bytes.length;
      return bytes > MAX_BLOCK_BYTES || dayOf(entry) !== day;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { key, file, index } = await this.#activeFor(batch[0]!.entry);
    const bytes = Buffer.concat(batch.map(({ encoded }) => encoded.bytes));
    const block = sealBlock(key, index.end, bytes, this.options.random);
    try {
      await this.#disk.write(file, block, index.end);
    } catch (error) {
      await this.#takeBack();
      throw error;
    }
    index.end += block.length;
    if (index.from === '') index.from = batch[0]!.entry.at;
    index.to = batch.at(-1)!.entry.at;
    for (const { entry, encoded } of batch) index.ids.addEntry(entry, encoded);
  }

  /** What was written in part. Where it cannot be cut off, it stays behind, and another segment is begun. */
  async #takeBack(): Promise<void> {
    const { file, index } = this.#active!;
    try {
      await this.#disk.truncate(file, index.end);
    } catch {
      await this.#closeActive().catch(() => undefined);
    }
  }

  /** A segment is of one day: so a day leaves the log when its time is over. */
  async #activeFor(entry: AccessEntry): Promise<Active> {
    if (!this.#takenUp) await this.#takeUp();
    const index = this.#active?.index;
    if (
      index !== undefined &&
      (index.end >= this.#segmentBytes || (index.from !== '' && dayOf(entry) !== index.from.slice(0, 10)))
    ) {
      await this.#closeActive();
    }
    this.#active ??= await this.#begin();
    return this.#active;
  }

  /** Goes on with the last segment that there is, if it is whole and not closed; what is wrong with it is for a reader to be told. */
  async #takeUp(): Promise<void> {
    const number = (await this.#files.numbers()).at(-1);
    if (number !== undefined && !this.#files.isClosed(number)) {
      const segment = await this.#files.read(number).catch(() => null);
      const index = (await segment?.index().catch(() => null)) ?? null;
      if (segment?.isWhole && index !== null) {
        this.#active = { number, file: await this.#disk.open(this.#files.path(number)), key: segment.key, index };
      }
    }
    this.#takenUp = true;
  }

  async #begin(): Promise<Active> {
    const { logKey, random } = this.options;
    this.#files.makeDirectory();
    const number = ((await this.#files.numbers()).at(-1) ?? 0) + 1;
    const key = newSegmentKey(logKey, random);
    const file = await this.#disk.create(this.#files.path(number));
    try {
      await this.#disk.write(file, key.header, 0);
      this.#files.syncNames();
    } catch (error) {
      await this.#disk.close(file);
      await this.#files.remove(number);
      throw error;
    }
    return { number, file, key, index: { from: '', to: '', end: HEADER_BYTES, ids: IdFilter.empty() } };
  }

  async #closeActive(): Promise<void> {
    const { number, file, key, index } = this.#active!;
    this.#active = undefined;
    await this.#disk.close(file);
    if (index.from !== '') await this.#files.writeIndex(number, key, index).catch(() => undefined); // made when it is looked for
  }
}

const dayOf = ({ at }: AccessEntry): string => at.slice(0, 10);

const mayMatch = ({ from, to, ids }: SegmentIndex, filter: Omit<AccessQuery, 'limit' | 'after'>): boolean =>
  (filter.from === undefined || to >= filter.from) &&
  (filter.to === undefined || from <= filter.to) &&
  ids.mayMatch(filter);

const unwritable = (cause?: unknown): CrmError => new CrmError('ACCESS_LOG_UNWRITABLE', {}, { cause });
