import { createHash, randomFillSync } from 'node:crypto';
import type { Clock } from './clock.js';

/** Where ids and random bytes come from. Injected like the clock. */
export interface Ids {
  /** A new UUID, version 7 (RFC 9562 section 5.7): random, but ordered by time, which keeps index pages close. */
  next(): string;
}

export type RandomBytes = (size: number) => Buffer;

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Random bytes from the operating system, drawn in blocks: a call for 12 bytes costs a tenth of `randomBytes`. */
export const pooledRandomBytes: RandomBytes = (size) => {
  if (size > POOL_BYTES / 4) return randomFillSync(Buffer.alloc(size));
  if (used + size > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + size));
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
};

const formatUuid = (bytes: Buffer, version: number): string => {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

export const timeOrderedIds = (clock: Clock, random: RandomBytes = pooledRandomBytes): Ids => ({
  next() {
    const bytes = random(16);
    bytes.writeUIntBE(clock.now(), 0, 6);
    return formatUuid(bytes, 7);
  },
});

/**
 * An id that follows from its parts, as a UUID version 8 (RFC 9562 section 5.8) over SHA-256.
 * Parts are length-prefixed, so that no two lists of parts meet. Only ids of ours and keyed digests go in:
 * a hash of anything a person entered would be personal data itself.
 */
export const derivedId = (...parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return formatUuid(hash.digest().subarray(0, 16), 8);
};

/**
 * The id of the subject that a record is about: follows from the record's, and has the time that a new record's id begins
 * with. Ids that lie close in time lie close in every index, and a write touches fewer pages.
 */
export const subjectIdOf = (recordId: string): string =>
  recordId.slice(0, 13) + derivedId('subject', recordId).slice(13);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const isUuid = (text: string): boolean => UUID.test(text);
