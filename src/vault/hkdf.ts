import { createHmac } from 'node:crypto';

/**
 * HKDF-Expand with SHA-512 (RFC 5869 section 2.3), for one block: T(1) = HMAC(key, info || 0x01), 64 bytes.
 * The extract step is left out: the keys it is used on are uniformly random already (section 3.3).
 */
export const hkdfExpandBlock = (key: Uint8Array, info: string): Buffer =>
  createHmac('sha512', key).update(`${info}\u0001`).digest();

/** Strings as one, each with its length before it, so that no two lists of strings become the same text. */
export const lengthPrefixed = (...parts: readonly string[]): string => {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  return text;
};
