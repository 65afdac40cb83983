import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { RandomBytes } from '../kernel/ids.js';
import { hkdfExpandBlock, lengthPrefixed } from '../vault/hkdf.js';

/** The file begins with what it is, a salt that its key is derived with, and a check of the key that it is derived from. */
const MAGIC = Buffer.from('BPOACC1\n');
const SALT_BYTES = 16;
const CHECK_BYTES = 8;
export const HEADER_BYTES = MAGIC.length + SALT_BYTES + CHECK_BYTES;

const KEY_BYTES = 32;
const LENGTH_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const AROUND_BYTES = LENGTH_BYTES + NONCE_BYTES + TAG_BYTES;
/** What one block holds at the most, so that a page can be read block by block. */
export const MAX_BLOCK_BYTES = 1024 * 1024;

/** What a segment's blocks are sealed with: its own key, and its header as additional data. */
export interface SegmentKey {
  readonly header: Buffer;
  readonly key: Buffer;
}

export const newSegmentKey = (logKey: Uint8Array, random: RandomBytes): SegmentKey =>
  segmentKeyFor(logKey, random(SALT_BYTES));

/** Error: TypeError for what is no header of ours, or made under another key. */
export const segmentKeyOf = (logKey: Uint8Array, header: Buffer): SegmentKey => {
  const found = segmentKeyFor(logKey, header.subarray(MAGIC.length, MAGIC.length + SALT_BYTES));
  if (!found.header.equals(header)) throw new TypeError('This is no segment of the access log.');
  return found;
};

const segmentKeyFor = (logKey: Uint8Array, salt: Buffer): SegmentKey => {
  const block = hkdfExpandBlock(logKey, lengthPrefixed('access log segment', salt.toString('hex')));
  const check = block.subarray(KEY_BYTES, KEY_BYTES + CHECK_BYTES);
  return { header: Buffer.concat([MAGIC, salt, check]), key: block.subarray(0, KEY_BYTES) };
};

/**
 * A block: its length, a fresh nonce, the bytes under AES-256-GCM, the tag, which is the checksum as well. The place of
 * the block in its file is authenticated, so that none can be left out, moved or repeated unnoticed.
 */
export const sealBlock = ({ header, key }: SegmentKey, place: number, bytes: Buffer, random: RandomBytes): Buffer => {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additional(header, place));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
};

/** Bytes of a whole block, from what its first four say; `null` where no block can be so long. */
export const blockLength = (first: Buffer): number | null => {
  const length = first.readUInt32BE(0);
  return length === 0 || length > MAX_BLOCK_BYTES ? null : length + AROUND_BYTES;
};

/** What is in a whole block; `null` where it is not as it was written there. */
export const openBlock = ({ header, key }: SegmentKey, place: number, block: Buffer): Buffer | null => {
  const nonce = block.subarray(LENGTH_BYTES, LENGTH_BYTES + NONCE_BYTES);
  const end = block.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additional(header, place)).setAuthTag(block.subarray(end));
  const bytes = decipher.update(block.subarray(LENGTH_BYTES + NONCE_BYTES, end));
  try {
    decipher.final();
    return bytes;
  } catch {
    return null;
  }
};

const additional = (header: Buffer, place: number): Buffer => {
  const bytes = Buffer.alloc(header.length + 8);
  header.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(place), header.length);
  return bytes;
};
