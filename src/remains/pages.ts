import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCrmError } from '../errors.js';
import { openDatabase } from '../sqlite/database.js';

/** Pages in clear, and which. */
export interface Pages {
  readonly where: string;
  readonly bytes: Buffer;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

interface Frame {
  readonly page: number;
  /** Pages of the database after the commit that ends with this frame; 0 within one. */
  readonly size: number;
  /** Of the round of the log that it was written in. */
  readonly salt: Buffer;
  /** Where it ends in the log. */
  readonly end: number;
  /** The encrypted page, as it stands in the log. */
  readonly bytes: Buffer;
}

/**
 * The pages of an encrypted SQLite file in clear, free ones included, and every page that its write-ahead log holds: also
 * what a later commit has superseded, what was never committed, and what an earlier round of the log has left behind
 * its present end. Nobody but the engine can decrypt a page, so it is given the log as it was after each commit, and for
 * what belongs to no commit logs that were made for it. The file itself is read only.
 * Errors: WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const decryptedPages = (file: string, fileKey: Uint8Array): Pages[] => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-pages-'));
  try {
    const copy = join(directory, 'copy.db');
    copyFileSync(file, copy);
    const wal = existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : Buffer.alloc(0);
    const read = (log: Buffer) => readPages(copy, fileKey, log);
    const pages = [{ where: 'pages of the file', bytes: read(Buffer.alloc(0)) }];
    const frames = framesIn(wal);
    const commits = commitsIn(frames, wal);
    for (const commit of commits) pages.push(changedIn(read(wal.subarray(0, commit.at(-1)!.end)), commit));
    const committed = frames.slice(0, commits.flat().length);
    const ending = newestOf(committed);
    for (const group of eachPageOnce(frames.slice(committed.length))) {
      pages.push(...readOver(group, (some) => read(logOf(wal, overlaid(ending, some), pagesOf(copy, some)))));
    }
    return pages;
  } finally {
    rmSync(directory, { recursive: true });
  }
};

const readPages = (file: string, fileKey: Uint8Array, wal: Buffer): Buffer => {
  for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  if (wal.length > 0) writeFileSync(`${file}-wal`, wal);
  // Closing one that may write would copy the log into the file.
  const database = openDatabase({ file, fileKey, durability: 'normal', readonly: true });
  try {
    return database.serialize();
  } finally {
    database.close();
  }
};

/** Every frame of a write-ahead log (SQLite file format, section 4.1), of whichever round. */
const framesIn = (wal: Buffer): Frame[] => {
  if (wal.length < HEADER_BYTES) return [];
  const frameBytes = FRAME_HEADER_BYTES + wal.readUInt32BE(8);
  const frames: Frame[] = [];
  for (let at = HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    frames.push({
      page: wal.readUInt32BE(at),
      size: wal.readUInt32BE(at + 4),
      salt: wal.subarray(at + 8, at + 16),
      end: at + frameBytes,
      bytes: wal.subarray(at + FRAME_HEADER_BYTES, at + frameBytes),
    });
  }
  return frames;
};

/** The commits of the log's present round, each by its frames. */
const commitsIn = (frames: readonly Frame[], wal: Buffer): Frame[][] => {
  const commits: Frame[][] = [];
  let open: Frame[] = [];
  for (const frame of frames) {
    if (!frame.salt.equals(wal.subarray(16, 24))) break;
    open.push(frame);
    if (frame.size === 0) continue;
    commits.push(open);
    open = [];
  }
  return commits;
};

const newestOf = (frames: readonly Frame[]): ReadonlyMap<number, Frame> =>
  new Map(frames.map((frame) => [frame.page, frame]));

/** The first page says how long the database is and where its tables are: an old one would not fit the others. */
const overlaid = (under: ReadonlyMap<number, Frame>, frames: readonly Frame[]): Frame[] => [
  ...new Map([
    ...under,
    ...frames.filter(({ page }) => page > 1).map((frame) => [frame.page, frame] as const),
  ]).values(),
];

const pagesOf = (file: string, frames: readonly Frame[]): number =>
  Math.max(Math.ceil(statSync(file).size / frames[0]!.bytes.length), ...frames.map(({ page }) => page));

const changedIn = (all: Buffer, frames: readonly Frame[]): Pages => {
  const pageBytes = frames[0]!.bytes.length;
  const changed = frames.map(({ page }) => all.subarray((page - 1) * pageBytes, page * pageBytes));
  return { where: 'pages of the log', bytes: Buffer.concat(changed) };
};

/** Pages laid over a database that they may not fit: where the engine refuses them together, one by one. */
const readOver = (frames: readonly Frame[], read: (frames: readonly Frame[]) => Buffer): Pages[] => {
  const rest = frames.filter(({ page }) => page > 1);
  if (rest.length === 0) return [];
  try {
    return [changedIn(read(rest), rest)];
  } catch (error) {
    if (rest.length === 1 || !isCrmError(error, 'CORRUPT_STORE')) throw error;
    const half = rest.length >>> 1;
    return [...readOver(rest.slice(0, half), read), ...readOver(rest.slice(half), read)];
  }
};

/** Groups in each of which a page comes once, in the order of the log. */
const eachPageOnce = (frames: readonly Frame[]): Frame[][] => {
  const groups: Frame[][] = [];
  const versions = new Map<number, number>();
  for (const frame of frames) {
    const version = versions.get(frame.page) ?? 0;
    versions.set(frame.page, version + 1);
    groups[version] ??= [];
    groups[version].push(frame);
  }
  return groups;
};

/** A log that holds these frames as one commit, which leaves the file no shorter than it is. */
const logOf = (wal: Buffer, frames: readonly Frame[], pagesInFile: number): Buffer => {
  const littleEndian = (wal.readUInt32BE(0) & 1) === 0;
  const header = Buffer.from(wal.subarray(0, HEADER_BYTES));
  let sum = checksum([0, 0], header.subarray(0, 24), littleEndian);
  writeSum(header, 24, sum);
  const size = Math.max(pagesInFile, ...frames.map(({ page }) => page));
  const parts = frames.map(({ page, bytes }, at) => {
    const head = Buffer.alloc(FRAME_HEADER_BYTES);
    head.writeUInt32BE(page, 0);
    head.writeUInt32BE(at === frames.length - 1 ? size : 0, 4);
    header.copy(head, 8, 16, 24);
    sum = checksum(checksum(sum, head.subarray(0, 8), littleEndian), bytes, littleEndian);
    writeSum(head, 16, sum);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat([header, ...parts]);
};

type Sum = readonly [number, number];

const writeSum = (bytes: Buffer, at: number, [first, second]: Sum): void => {
  bytes.writeUInt32BE(first, at);
  bytes.writeUInt32BE(second, at + 4);
};

/** SQLite file format, section 4.2. */
const checksum = ([first, second]: Sum, bytes: Buffer, littleEndian: boolean): Sum => {
  let [s0, s1] = [first, second];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    s0 = (s0 + (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)) + s1) >>> 0;
    s1 = (s1 + (littleEndian ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4)) + s0) >>> 0;
  }
  return [s0, s1];
};
