import { close, constants, existsSync, fdatasync, ftruncate, mkdirSync, open, write } from 'node:fs';
import { open as openHandle, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RandomBytes } from '../kernel/ids.js';
import { syncDirectory } from '../vault/masterKey.js';
import { IdFilter } from './idFilter.js';
import { HEADER_BYTES, openBlock, type SegmentKey, sealBlock, segmentKeyOf } from './sealing.js';
import { Segment, type SegmentIndex } from './segment.js';

const NAME = /^(\d{8})\.log$/;
/** Where an index stands among the blocks of its segment: after all there can be. */
const INDEX_PLACE = Number.MAX_SAFE_INTEGER;

/** What the log asks of the file that it writes to. Faults are injected here. */
export interface Disk {
  create(path: string): Promise<number>;
  open(path: string): Promise<number>;
  /** Resolves once all of the bytes are on disk at this place. */
  write(file: number, bytes: Buffer, at: number): Promise<void>;
  truncate(file: number, size: number): Promise<void>;
  close(file: number): Promise<void>;
}

const openFile = promisify(open);
const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const syncData = promisify(fdatasync);

/** With it a write returns when its bytes are on disk, in one call instead of two; Windows has none. */
const { O_DSYNC = 0 } = constants as { O_DSYNC?: number };

/** Node's own, in threads that are not the event loop's. */
export const disk: Disk = {
  create: (path) => openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | O_DSYNC, 0o600),
  open: (path) => openFile(path, constants.O_RDWR | O_DSYNC, 0o600),
  async write(file, bytes, at) {
    for (let written = 0; written < bytes.length; ) {
      const rest = bytes.subarray(written);
      written += await new Promise<number>((resolve, reject) => {
        write(file, rest, 0, rest.length, at + written, (error, count) => (error ? reject(error) : resolve(count)));
      });
    }
    if (O_DSYNC === 0) await syncData(file);
  },
  truncate: truncateFile,
  close: closeFile,
};

/** The files of a log: `00000001.log` and on, and beside each that is full its index, `00000001.who`. */
export class SegmentFiles {
  constructor(
    private readonly directory: string,
    private readonly logKey: Uint8Array,
    private readonly random: RandomBytes,
  ) {}

  path(number: number): string {
    return join(this.directory, `${name(number)}.log`);
  }

  makeDirectory(): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
  }

  /** A file's name has to survive a power failure as well as its content. */
  syncNames(): void {
    syncDirectory(this.directory);
  }

  /** In order. */
  async numbers(): Promise<number[]> {
    const names = await readdir(this.directory).catch(() => []);
    return names.flatMap((each) => Number(NAME.exec(each)?.[1] ?? [])).sort((a, b) => a - b);
  }

  /** Whether nothing is to be written to it any more. */
  isClosed(number: number): boolean {
    return existsSync(this.#indexPath(number));
  }

  read(number: number, end?: number): Promise<Segment | null> {
    return Segment.read(this.path(number), this.logKey, end);
  }

  /** Of a segment that nothing is written to any more; where it has none, it is made. `null` where nothing is in the segment. */
  async index(number: number): Promise<SegmentIndex | null> {
    return (await this.#readIndex(number)) ?? this.#makeIndex(number);
  }

  async writeIndex(number: number, key: SegmentKey, { from, to, end, ids }: SegmentIndex): Promise<void> {
    const head = Buffer.from(`${JSON.stringify({ from, to, end })}\n`);
    const sealed = sealBlock(key, INDEX_PLACE, Buffer.concat([head, ids.folded().bits]), this.random);
    await writeFile(this.#indexPath(number), sealed, { mode: 0o600 });
  }

  /** The index last, so that one that is cut off begins anew. */
  async remove(number: number): Promise<void> {
    await rm(this.path(number), { force: true });
    await rm(this.#indexPath(number), { force: true });
  }

  #indexPath(number: number): string {
    return join(this.directory, `${name(number)}.who`);
  }

  /** `null` where there is none that can be used: it says nothing that the segment does not. */
  async #readIndex(number: number): Promise<SegmentIndex | null> {
    try {
      const sealed = await readFile(this.#indexPath(number));
      const key = segmentKeyOf(this.logKey, await headerOf(this.path(number)));
      const bytes = openBlock(key, INDEX_PLACE, sealed);
      if (bytes === null) return null;
      const headEnd = bytes.indexOf('\n');
      const head = JSON.parse(bytes.toString('utf8', 0, headEnd)) as Omit<SegmentIndex, 'ids'>;
      return { ...head, ids: IdFilter.of(bytes.subarray(headEnd + 1)) };
    } catch {
      return null;
    }
  }

  async #makeIndex(number: number): Promise<SegmentIndex | null> {
    const segment = await this.read(number);
    const index = (await segment?.index()) ?? null;
    if (index !== null) await this.writeIndex(number, segment!.key, index).catch(() => undefined);
    return index;
  }
}

const name = (number: number): string => String(number).padStart(8, '0');

const headerOf = async (path: string): Promise<Buffer> => {
  const file = await openHandle(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    return header;
  } finally {
    await file.close();
  }
};
