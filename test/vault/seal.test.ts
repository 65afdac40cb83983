import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import type { SealedField } from '../../src/kernel/personal.js';
import { hkdfExpandBlock } from '../../src/vault/hkdf.js';
import { commandDigest, openField, type SealContext, sealField } from '../../src/vault/seal.js';
import { ciphertextForTwoKeys } from './twoKeys.js';

const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at + 1));
const otherKey = Buffer.from(Array.from({ length: 32 }, (_, at) => 200 - at));
const context: SealContext = {
  eventId: '0198b2f0-1111-7222-8333-444455556666',
  type: 'ContactCreated',
  subject: '0198b2f0-1111-7222-8333-444455556677',
  class: 'profile',
  field: 'emails',
};
const emails = [{ kind: 'work', value: 'grace@acme.example' }];
const seal = (value: unknown) => sealField(key, context, value, pooledRandomBytes);
const corrupt = expect.objectContaining({ code: 'CORRUPT_EVENT' });

/** The additional data, written down a second time: what the format promises, not what the code happens to do. */
const contextText = (of: SealContext) =>
  ['bpo-crm sealed field v1', of.eventId, of.type, of.subject, of.class, of.field]
    .map((part) => `${part.length}:${part}`)
    .join('');

/** What somebody who can write the store, but has no key, does after changing the bytes. */
const withNewDigest = (bytes: Uint8Array, of: SealContext = context): SealedField => {
  const additional = Buffer.from(contextText(of));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(additional.length);
  const digest = createHash('sha256').update(length).update(additional).update(bytes).digest('base64url');
  return { class: of.class, digest, bytes };
};

test('what is sealed opens again, for any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const sealed = seal(value);
      expect(openField(key, context, sealed)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(sealed).toEqual(withNewDigest(sealed.bytes!));
    }),
    { verbose: 1 },
  );
});

test('fields of any size open again, also larger than what is kept ready for them', () => {
  for (const length of [0, 61, 62, 63, 64, 16_000, 16_384, 200_000]) {
    const value = 'ü'.repeat(length);
    expect(openField(key, context, seal(value))).toBe(value);
  }
  expect(openField(key, context, seal('after a large one'))).toBe('after a large one');
});

test('what JSON cannot say is refused', () => {
  expect(() => seal(undefined)).toThrow(TypeError);
});

test('any changed bit refuses to open, also where the digest was made to fit', () => {
  const sealed = seal(emails);
  for (let bit = 0; bit < sealed.bytes!.length * 8; bit++) {
    const bytes = Uint8Array.from(sealed.bytes!);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => openField(key, context, { ...sealed, bytes })).toThrow(corrupt);
    expect(() => openField(key, context, withNewDigest(bytes))).toThrow(corrupt);
  }
});

test('any changed character of the digest refuses to open', () => {
  const sealed = seal(emails);
  for (let at = 0; at < sealed.digest.length; at++) {
    const other = sealed.digest[at] === 'A' ? 'B' : 'A';
    const digest = sealed.digest.slice(0, at) + other + sealed.digest.slice(at + 1);
    expect(() => openField(key, context, { ...sealed, digest })).toThrow(corrupt);
  }
});

test('bytes that are missing, cut short or lengthened refuse to open', () => {
  const sealed = seal(emails);
  expect(() => openField(key, context, { ...sealed, bytes: null })).toThrow(corrupt);
  for (let length = 0; length < sealed.bytes!.length; length++) {
    expect(() => openField(key, context, withNewDigest(sealed.bytes!.slice(0, length)))).toThrow(corrupt);
  }
  expect(() => openField(key, context, withNewDigest(Buffer.concat([sealed.bytes!, Buffer.alloc(64)])))).toThrow(
    corrupt,
  );
});

test('another key refuses to open', () => {
  expect(() => openField(otherKey, context, seal(emails))).toThrow(corrupt);
});

test.each<[string, Partial<SealContext>]>([
  ['event', { eventId: '0198b2f0-1111-7222-8333-444455556667' }],
  ['type', { type: 'ContactChanged' }],
  ['subject', { subject: '0198b2f0-1111-7222-8333-444455556678' }],
  ['class', { class: 'financial' }],
  ['field', { field: 'phones' }],
])('another %s refuses to open, also where the digest was made to fit', (_, change) => {
  const sealed = seal(emails);
  const elsewhere = { ...context, ...change };
  expect(() => openField(key, elsewhere, { ...sealed, class: elsewhere.class })).toThrow(corrupt);
  expect(() => openField(key, elsewhere, withNewDigest(sealed.bytes!, elsewhere))).toThrow(corrupt);
});

test('characters moved from one part of the context to the next refuse to open', () => {
  const sealed = sealField(key, { ...context, type: 'ab', subject: 'c' }, emails, pooledRandomBytes);
  expect(() => openField(key, { ...context, type: 'a', subject: 'bc' }, sealed)).toThrow(corrupt);
});

test('two seals of one value have nothing in common but version and commitment', () => {
  const [a, b] = [seal(emails).bytes!, seal(emails).bytes!];
  expect(a.length).toBe(b.length);
  expect(a.slice(1, 13)).not.toEqual(b.slice(1, 13));
  expect(a.slice(45, -16)).not.toEqual(b.slice(45, -16));
  expect(a.slice(-16)).not.toEqual(b.slice(-16));
});

test('the length tells only in which step of 64 bytes the value lies', () => {
  const sizes = (lengths: number[]) => new Set(lengths.map((length) => seal('x'.repeat(length)).bytes!.length));
  // 61 characters, two quotes and the first byte of the padding fill one block.
  expect(sizes([0, 1, 30, 61])).toEqual(new Set([1 + 12 + 32 + 64 + 16]));
  expect(sizes([62, 100, 125])).toEqual(new Set([1 + 12 + 32 + 128 + 16]));
});

test('the commitment of another sealing of the same field under another key refuses to open', () => {
  const mine = seal(emails).bytes!;
  const theirs = sealField(otherKey, context, emails, pooledRandomBytes).bytes!;
  const swapped = Uint8Array.from(mine);
  swapped.set(theirs.slice(13, 45), 13);
  expect(() => openField(key, context, withNewDigest(swapped))).toThrow(corrupt);
  expect(() => openField(otherKey, context, withNewDigest(swapped))).toThrow(corrupt);
});

test('a ciphertext that GCM itself opens under two keys opens under neither but the one it commits to', () => {
  const additional = Buffer.from(contextText(context));
  const first = hkdfExpandBlock(otherKey, contextText(context));
  const second = hkdfExpandBlock(key, contextText(context));
  const forged = ciphertextForTwoKeys(first.subarray(0, 32), second.subarray(0, 32), additional);
  const openWithGcm = (fieldKey: Buffer) => {
    const decipher = createDecipheriv('aes-256-gcm', fieldKey, forged.nonce);
    decipher.setAAD(additional).setAuthTag(forged.tag);
    return Buffer.concat([decipher.update(forged.ciphertext), decipher.final()]);
  };
  expect(openWithGcm(first.subarray(0, 32))).toHaveLength(64);
  expect(openWithGcm(second.subarray(0, 32)).toString()).toMatch(/^"forged/);
  const bytesWith = (commitment: Buffer) =>
    Buffer.concat([Buffer.of(1), forged.nonce, commitment, forged.ciphertext, forged.tag]);
  const committedToFirst = withNewDigest(bytesWith(first.subarray(32)));
  const committedToSecond = withNewDigest(bytesWith(second.subarray(32)));
  // The control: with its own commitment the very same ciphertext opens under the second key.
  expect(openField(key, context, committedToSecond)).toMatch(/^forged/);
  expect(() => openField(key, context, committedToFirst)).toThrow(corrupt);
  expect(() => openField(otherKey, context, committedToSecond)).toThrow(corrupt);
});

test('a key that was zeroed meanwhile neither seals nor opens', () => {
  const destroyed = expect.objectContaining({ code: 'KEY_DESTROYED' });
  const zeroed = Buffer.alloc(32);
  expect(() => sealField(zeroed, context, emails, pooledRandomBytes)).toThrow(destroyed);
  expect(() => openField(zeroed, context, seal(emails))).toThrow(destroyed);
  expect(() => commandDigest(zeroed, {})).toThrow(destroyed);
  expect(() => sealField(Buffer.alloc(16, 1), context, emails, pooledRandomBytes)).toThrow(TypeError);
});

test('an error holds nothing of what was sealed', () => {
  const sealed = seal('Grace Hopper');
  const bytes = Uint8Array.from(sealed.bytes!);
  bytes[60]! ^= 1;
  try {
    openField(key, context, withNewDigest(bytes));
    throw new Error('It opened.');
  } catch (error) {
    expect(error).toEqual(corrupt);
    expect((error as Error).cause).toBeUndefined();
    expect(JSON.stringify(error) + String(error)).not.toMatch(/Grace|@/);
  }
});

// Computed once with Python's hmac, hashlib and cryptography from the description of the format alone.
test('the format is the one fixed from the first event', () => {
  const nonce = Buffer.from('0c0b0a090807060504030201', 'hex');
  const sealed = sealField(key, context, emails, () => nonce);
  expect({ ...sealed, bytes: Buffer.from(sealed.bytes!).toString('hex') }).toEqual({
    class: 'profile',
    digest: 'W2lvbQsiRHY22NJM4dCHj-_7GDZb3o560OaM-rfkuFA',
    bytes:
      '010c0b0a09080706050403020114b9ba1c90fef421a647402ca4d8f96bf08a076ade1d187a85ded2b6ae3ffc5e929389e9a12215306c7e0d119688856f12ef95ea8e59325da177e94eeeef7da2833e30c207f11f2d17f8e66cc88754e55d7f6dcfac6b9d311ad553c5d387436f03b46d976e417f52e91e73f55638eab5',
  });
  expect(commandDigest(key, { b: 1, a: 'ü' })).toBe('wFVkafQQLjlrdS-slTo1Zdh1_aHj9v_9JT9oSQMk3Wo');
});

test('the derivation is HKDF-Expand with SHA-512, for one block of output', () => {
  const info = contextText(context);
  const extracted = createHmac('sha512', 'salt').update(key).digest();
  expect(hkdfExpandBlock(extracted, info)).toEqual(Buffer.from(hkdfSync('sha512', key, 'salt', info, 64)));
});

test('a command digest depends on key and payload, and not on the order of members', () => {
  expect(commandDigest(key, { a: 1, b: [2] })).toBe(commandDigest(key, { b: [2], a: 1 }));
  expect(commandDigest(key, { a: 1, b: [2] })).not.toBe(commandDigest(key, { a: 1, b: [3] }));
  expect(commandDigest(key, { a: 1 })).not.toBe(commandDigest(otherKey, { a: 1 }));
  expect(commandDigest(key, {})).toMatch(/^[A-Za-z0-9_-]{43}$/);
});
