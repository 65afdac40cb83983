import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import type { RandomBytes } from '../kernel/ids.js';
import { lengthPrefixed } from './hkdf.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** Every wrapped key has this size, so that zeros can take its place in the file. */
export const WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

const FINGERPRINT_LABEL = Buffer.from('bpo-crm key fingerprint v1');

/**
 * Wraps one key under another: AES-256-GCM with a fresh nonce, laid out nonce | ciphertext | tag, 60 bytes.
 * `place` says where the key belongs; it opens nowhere else.
 */
export const wrapKey = (
  wrapping: Uint8Array,
  place: readonly string[],
  key: Uint8Array,
  random: RandomBytes,
): Buffer => {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce);
  cipher.setAAD(Buffer.from(lengthPrefixed(...place)));
  const wrapped = Buffer.alloc(WRAPPED_BYTES);
  wrapped.set(nonce, 0);
  wrapped.set(cipher.update(key), NONCE_BYTES);
  cipher.final();
  wrapped.set(cipher.getAuthTag(), NONCE_BYTES + KEY_BYTES);
  return wrapped;
};

/** The key inside, or `null` where it was wrapped by another key, for another place, or was changed. */
export const unwrapKey = (wrapping: Uint8Array, place: readonly string[], wrapped: Uint8Array): Buffer | null => {
  if (wrapped.length !== WRAPPED_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', wrapping, wrapped.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(lengthPrefixed(...place)));
  decipher.setAuthTag(wrapped.subarray(NONCE_BYTES + KEY_BYTES));
  const key = decipher.update(wrapped.subarray(NONCE_BYTES, NONCE_BYTES + KEY_BYTES));
  try {
    decipher.final();
    return key;
  } catch {
    key.fill(0);
    return null;
  }
};

/** SHA-256 of a key under a label of its own, 32 bytes: proves which key it was, and is no help in getting it back. */
export const fingerprintOf = (key: Uint8Array): Buffer => {
  const labelled = Buffer.concat([FINGERPRINT_LABEL, key]);
  const fingerprint = hash('sha256', labelled, 'buffer');
  labelled.fill(0);
  return fingerprint;
};
