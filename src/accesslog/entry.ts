import type { Category } from '../kernel/personal.js';
import type { AccessEntry, AccessFilter, SubjectsRead } from './port.js';

export const ID_BYTES = 16;
const LENGTH_BYTES = 4;

type Head = Omit<AccessEntry, 'reads'> & {
  readonly reads: readonly (readonly [controller: string, categories: readonly Category[], subjects: number])[];
};

/** Where the two digits of each byte stand in the text of a UUID. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const NO_DIGIT = 0xff;
const digitValues = new Uint8Array(0x80).fill(NO_DIGIT);
for (const [value, digit] of [...'0123456789abcdef'].entries()) digitValues[digit.charCodeAt(0)] = value;

/** An id as its 16 bytes. Error: TypeError for what is no UUID, which no subject's id is. */
export const idBytes = (id: string): Buffer => {
  const bytes = Buffer.allocUnsafe(ID_BYTES);
  writeId(bytes, id, 0);
  return bytes;
};

/** By hand, because a page of contacts writes a hundred: five times as fast as a regular expression and `write` in hex. */
const writeId = (bytes: Buffer, id: string, at: number): void => {
  for (let byte = 0; byte < ID_BYTES; byte++) {
    const place = DIGITS[byte]!;
    const high = digitValues[id.charCodeAt(place)] ?? NO_DIGIT;
    const low = digitValues[id.charCodeAt(place + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) throw new TypeError('An id in the access log is no UUID.');
    bytes[at + byte] = (high << 4) | low;
  }
  if (id.length !== 36) throw new TypeError('An id in the access log is no UUID.');
};

const idAt = (bytes: Buffer, at: number): string => {
  const hex = bytes.toString('hex', at, at + ID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** An entry's bytes, and from where on they are ids of subjects, to their end. */
export interface EncodedEntry {
  readonly bytes: Buffer;
  readonly subjectsAt: number;
}

/** An entry as bytes: the length of what follows, the length of the head, the head as JSON, then 16 bytes a subject. */
export const encodeEntry = ({ reads, ...rest }: AccessEntry): EncodedEntry => {
  const parts = reads.map(({ controller, categories, subjects }) => [controller, categories, subjects.length] as const);
  const head = JSON.stringify({ ...rest, reads: parts } satisfies Head);
  const headBytes = Buffer.byteLength(head);
  const subjects = reads.reduce((sum, each) => sum + each.subjects.length, 0);
  const bytes = Buffer.allocUnsafe(2 * LENGTH_BYTES + headBytes + subjects * ID_BYTES);
  bytes.writeUInt32BE(bytes.length - LENGTH_BYTES, 0);
  bytes.writeUInt32BE(headBytes, LENGTH_BYTES);
  bytes.write(head, 2 * LENGTH_BYTES);
  const subjectsAt = 2 * LENGTH_BYTES + headBytes;
  let at = subjectsAt;
  for (const each of reads) {
    for (const subject of each.subjects) {
      writeId(bytes, subject, at);
      at += ID_BYTES;
    }
  }
  return { bytes, subjectsAt };
};

/** Every entry of a run of them, in order. */
export const decodeEntries = (bytes: Buffer): AccessEntry[] => {
  const entries: AccessEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
    entries.push(decodeEntry(bytes.subarray(at + LENGTH_BYTES, end)));
    at = end;
  }
  return entries;
};

const decodeEntry = (bytes: Buffer): AccessEntry => {
  const headEnd = LENGTH_BYTES + bytes.readUInt32BE(0);
  const { reads, ...rest } = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, headEnd)) as Head;
  let at = headEnd;
  const next = (): string => {
    at += ID_BYTES;
    return idAt(bytes, at - ID_BYTES);
  };
  return {
    ...rest,
    reads: reads.map(([controller, categories, count]) => ({
      controller,
      categories,
      subjects: Array.from({ length: count }, next),
    })),
  };
};

/** What of an entry a filter lets through, or `null`: only the people that were asked for are told of. */
export const filtered = (entry: AccessEntry, filter: AccessFilter): AccessEntry | null => {
  const { workspace, actor, purpose, from, to } = filter;
  if (workspace !== undefined && entry.workspace !== workspace) return null;
  if (actor !== undefined && entry.actor !== actor && entry.account !== actor) return null;
  if (purpose !== undefined && entry.purpose !== purpose) return null;
  if ((from !== undefined && entry.at < from) || (to !== undefined && entry.at > to)) return null;
  const reads = entry.reads.flatMap((each) => ofThem(each, filter));
  return reads.length === 0 ? null : { ...entry, reads };
};

const ofThem = (read: SubjectsRead, { subjects, controllers }: AccessFilter): SubjectsRead[] => {
  if (controllers !== undefined && !controllers.includes(read.controller)) return [];
  if (subjects === undefined) return [read];
  const found = read.subjects.filter((each) => subjects.includes(each));
  return found.length === 0 ? [] : [{ ...read, subjects: found }];
};
