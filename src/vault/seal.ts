import { createCipheriv, createDecipheriv, createHmac, hash, timingSafeEqual } from 'node:crypto';
import { CrmError } from '../errors.js';
import { canonicalJson } from '../kernel/canonical.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { RetentionClass, SealedField } from '../kernel/personal.js';
import { hkdfExpandBlock, lengthPrefixed } from './hkdf.js';
import type { SubjectKey } from './port.js';

/** What a sealed field belongs to. Opened under any other context it is refused. */
export interface SealContext {
  readonly eventId: string;
  /** Type of the event as it was written, before any upcaster. */
  readonly type: string;
  readonly subject: string;
  readonly class: RetentionClass;
  readonly field: string;
}

// Layout of the bytes: version | nonce | commitment | ciphertext | tag. Fixed from the first event.
const VERSION = 1;
const NONCE = 1;
const NONCE_BYTES = 12;
const COMMITMENT = NONCE + NONCE_BYTES;
const COMMITMENT_BYTES = 32;
const CIPHERTEXT = COMMITMENT + COMMITMENT_BYTES;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const PADDING_BYTES = 64;
/** First byte of ISO/IEC 7816-4 padding; zeros follow. */
const PADDING_START = 0x80;

const CONTEXT_LABEL = 'bpo-crm sealed field v1';
const DIGEST_LABEL = 'bpo-crm command digest v1';

/** Length of the additional data, before it where the digest is taken. */
const PREFIX_BYTES = 4;
/** Reused between calls, which are synchronous: sparing allocations is a tenth of the time. Larger fields get buffers of their own. */
const SCRATCH_BYTES = 16 * 1024;
const frameScratch = Buffer.alloc(SCRATCH_BYTES);
const plaintextScratch = Buffer.alloc(SCRATCH_BYTES);

/**
 * Seals one field: AES-256-GCM under a key of its own, derived for this event and field so that it can be disclosed
 * alone, with a fresh nonce and the context as additional data.
 *
 * GCM alone commits to no key: one ciphertext can be made that opens under two. So the key derivation also yields 32
 * bytes that commit to the subject's key and to the context, checked before anything is decrypted: the construction
 * of the AWS Encryption SDK's key commitment. On the attack: Albertini et al., "How to Abuse and Fix Authenticated
 * Encryption Without Key Commitment"; Len, Grubbs, Ristenpart, "Partitioning Oracle Attacks" (both USENIX Security).
 *
 * `value` is JSON; it is padded to a multiple of 64 bytes, so that its length tells little.
 * Errors: KEY_DESTROYED where the key was zeroed meanwhile; TypeError where the value is not JSON.
 */
export const sealField = (key: SubjectKey, context: SealContext, value: unknown, random: RandomBytes): SealedField => {
  refuseZeroedKey(key);
  const contextText = encodeContext(context);
  const plaintext = writePlaintext(value);
  const derived = hkdfExpandBlock(key, contextText);
  const { frame, start } = openFrame(contextText, CIPHERTEXT + plaintext.length + TAG_BYTES);
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, KEY_BYTES), nonce);
  cipher.setAAD(frame.subarray(PREFIX_BYTES, start));
  frame[start] = VERSION;
  frame.set(nonce, start + NONCE);
  frame.set(derived.subarray(KEY_BYTES), start + COMMITMENT);
  frame.set(cipher.update(plaintext), start + CIPHERTEXT);
  cipher.final();
  frame.set(cipher.getAuthTag(), frame.length - TAG_BYTES);
  derived.fill(0);
  plaintext.fill(0);
  return { class: context.class, digest: digestOf(frame), bytes: new Uint8Array(frame.subarray(start)) };
};

/**
 * Opens what `sealField` sealed. Errors: KEY_DESTROYED where the key was zeroed meanwhile; CORRUPT_EVENT, with nothing
 * of the value in it, where the bytes are missing, damaged, of an unknown version, or not of this key and context.
 */
export const openField = (key: SubjectKey, context: SealContext, sealed: SealedField): unknown => {
  refuseZeroedKey(key);
  const bytes = sealed.bytes;
  if (bytes === null || bytes.length < CIPHERTEXT + PADDING_BYTES + TAG_BYTES) throw corrupt();
  if (bytes[0] !== VERSION || sealed.class !== context.class) throw corrupt();
  const contextText = encodeContext(context);
  const { frame, start } = openFrame(contextText, bytes.length);
  frame.set(bytes, start);
  // The tree of the audit trail holds the digest: whoever has a key must not be able to show other bytes for it.
  if (digestOf(frame) !== sealed.digest) throw corrupt();
  const derived = hkdfExpandBlock(key, contextText);
  const commitment = frame.subarray(start + COMMITMENT, start + CIPHERTEXT);
  if (!timingSafeEqual(derived.subarray(KEY_BYTES), commitment)) throw corrupt();
  const plaintext = decrypt(derived.subarray(0, KEY_BYTES), frame, start);
  derived.fill(0);
  const value = readPlaintext(plaintext);
  plaintext.fill(0);
  return value;
};

/**
 * Keyed digest of a command's payload, base64url: tells whether a command that is sent again is the same, and nothing
 * once the subject's key is gone. The payload is taken in canonical form, so the order of members does not matter.
 */
export const commandDigest = (key: SubjectKey, payload: unknown): string => {
  refuseZeroedKey(key);
  const derived = hkdfExpandBlock(key, lengthPrefixed(DIGEST_LABEL));
  const digest = createHmac('sha256', derived.subarray(0, KEY_BYTES))
    .update(canonicalJson(payload))
    .digest('base64url');
  derived.fill(0);
  return digest;
};

const corrupt = () => new CrmError('CORRUPT_EVENT');

/** A key that was taken back is all zeros. Sealed under that, anybody could open it. */
const refuseZeroedKey = (key: SubjectKey): void => {
  if (key.length !== KEY_BYTES) throw new TypeError('A subject key has 32 bytes.');
  let bits = 0;
  for (let at = 0; at < KEY_BYTES; at++) bits |= key[at]!;
  if (bits === 0) throw new CrmError('KEY_DESTROYED');
};

/** One text serves as HKDF info and as additional data, so that key, commitment and tag are all bound to all of it. */
const encodeContext = (context: SealContext): string =>
  lengthPrefixed(CONTEXT_LABEL, context.eventId, context.type, context.subject, context.class, context.field);

/** Room for what the digest is taken over: length of the additional data, the additional data, the sealed bytes. */
const openFrame = (contextText: string, sealedBytes: number): { frame: Buffer; start: number } => {
  const contextBytes = Buffer.byteLength(contextText);
  const start = PREFIX_BYTES + contextBytes;
  const size = start + sealedBytes;
  const frame = size <= SCRATCH_BYTES ? frameScratch.subarray(0, size) : Buffer.alloc(size);
  frame.writeUInt32BE(contextBytes, 0);
  frame.write(contextText, PREFIX_BYTES);
  return { frame, start };
};

const digestOf = (frame: Buffer): string => hash('sha256', frame, 'base64url');

const writePlaintext = (value: unknown): Buffer => {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError('Only JSON can be sealed.');
  const jsonBytes = Buffer.byteLength(json);
  const size = Math.ceil((jsonBytes + 1) / PADDING_BYTES) * PADDING_BYTES;
  const plaintext = size <= SCRATCH_BYTES ? plaintextScratch.subarray(0, size) : Buffer.alloc(size);
  plaintext.write(json);
  plaintext[jsonBytes] = PADDING_START;
  plaintext.fill(0, jsonBytes + 1);
  return plaintext;
};

const decrypt = (fieldKey: Buffer, frame: Buffer, start: number): Buffer => {
  const tagAt = frame.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', fieldKey, frame.subarray(start + NONCE, start + COMMITMENT));
  decipher.setAAD(frame.subarray(PREFIX_BYTES, start));
  decipher.setAuthTag(frame.subarray(tagAt));
  const plaintext = decipher.update(frame.subarray(start + CIPHERTEXT, tagAt));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw corrupt();
  }
  return plaintext;
};

const readPlaintext = (plaintext: Buffer): unknown => {
  let end = plaintext.length - 1;
  while (end > 0 && plaintext[end] === 0) end--;
  if (plaintext[end] !== PADDING_START) throw corrupt();
  try {
    return JSON.parse(plaintext.toString('utf8', 0, end));
  } catch {
    // The parser's own message quotes what it read.
    throw corrupt();
  }
};
