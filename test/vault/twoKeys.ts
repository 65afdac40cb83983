import { createCipheriv, createHash } from 'node:crypto';

/** Elements of GF(2^128) as GCM writes them (NIST SP 800-38D section 6.3): the leftmost bit is the coefficient of 1. */
type Element = bigint;
const REDUCTION = 0xe1n << 120n;
const element = (bytes: Buffer): Element => BigInt(`0x${bytes.toString('hex')}`);
const block = (value: Element): Buffer => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');

const multiply = (x: Element, y: Element): Element => {
  let product = 0n;
  let shifted = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ REDUCTION : shifted >> 1n;
  }
  return product;
};

/** x^(2^128 - 2), since the multiplicative group has 2^128 - 1 elements. */
const inverse = (x: Element): Element => {
  let result: Element = 1n << 127n;
  let power = x;
  for (let step = 1; step < 128; step++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
};

const encryptBlock = (key: Buffer, plain: Buffer): Buffer =>
  createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(plain);

const counterBlock = (nonce: Buffer, counter: number): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes.set(nonce);
  bytes.writeUInt32BE(counter, 12);
  return bytes;
};

const keyStream = (key: Buffer, nonce: Buffer, blocks: number): Buffer =>
  Buffer.concat(Array.from({ length: blocks }, (_, at) => encryptBlock(key, counterBlock(nonce, at + 2))));

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, at) => byte ^ b[at]!));

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);

/** The tag as a sum over blocks: each times the power of H that its place gives it, and the encrypted first counter. */
const tagOf = (key: Buffer, nonce: Buffer, additional: Buffer, ciphertext: Buffer): Element => {
  const hashKey = element(encryptBlock(key, Buffer.alloc(16)));
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(BigInt(additional.length * 8), 0);
  lengths.writeBigUInt64BE(BigInt(ciphertext.length * 8), 8);
  const input = Buffer.concat([padded(additional), ciphertext, lengths]);
  let sum = 0n;
  for (let at = 0; at < input.length; at += 16) sum = multiply(sum ^ element(input.subarray(at, at + 16)), hashKey);
  return sum ^ element(encryptBlock(key, counterBlock(nonce, 1)));
};

/** Power of H by which the second of four blocks is multiplied: two blocks, the lengths and one more follow. */
const factorOfFreeBlock = (key: Buffer): Element => {
  const h = element(encryptBlock(key, Buffer.alloc(16)));
  return multiply(multiply(h, h), multiply(h, h));
};

/**
 * One nonce, ciphertext (64 bytes) and tag which AES-256-GCM accepts under both keys (the attack of Dodis, Grubbs,
 * Ristenpart and Woodage, "Fast Message Franking", CRYPTO 2018). Under the second key it is JSON text in our padding;
 * the second block is what had to be free for the tags to meet, so nonces are tried until it is good in a JSON string.
 */
export const ciphertextForTwoKeys = (first: Buffer, second: Buffer, additional: Buffer) => {
  const wanted = Buffer.alloc(64);
  wanted.write(`"forged:        ${' '.repeat(16)}which one?"\u0000`, 'latin1');
  wanted[wanted.indexOf(0)] = 0x80;
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const nonce = createHash('sha256').update(`nonce ${attempt}`).digest().subarray(0, 12);
    const stream = keyStream(second, nonce, 4);
    const ciphertext = xor(wanted, stream);
    ciphertext.fill(0, 16, 32);
    const difference = tagOf(first, nonce, additional, ciphertext) ^ tagOf(second, nonce, additional, ciphertext);
    const free = multiply(difference, inverse(factorOfFreeBlock(first) ^ factorOfFreeBlock(second)));
    ciphertext.set(block(free), 16);
    const plain = xor(ciphertext, stream).subarray(16, 32);
    const fitsIntoJson = plain.every((byte) => byte >= 0x20 && byte !== 0x22 && byte !== 0x5c);
    if (fitsIntoJson) return { nonce, ciphertext, tag: block(tagOf(first, nonce, additional, ciphertext)) };
  }
  throw new Error('No nonce fits.');
};
