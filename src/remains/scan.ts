import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Needles, Seen } from './needles.js';
import { decryptedPages } from './pages.js';

/** Something that can still be read, and where. */
export interface Found extends Seen {
  readonly where: string;
}

/** Everything looked for that stands in some bytes, also inside what is compressed there. */
export const scanBytes = (where: string, bytes: Buffer, needles: Needles): Found[] =>
  [['', bytes] as const, ...uncompressed(bytes)].flatMap(([layer, content]) =>
    needles.in(content).map(({ marker, form }) => ({ where, marker, form: `${layer}${form}` })),
  );

const GZIP_HEADER_BYTES = 10;
const BROTLI_MAX_BYTES = 1 << 20;

/** gzip (RFC 1952) and zlib (RFC 1950) wherever they begin; brotli, which has no sign of its own, where it is the whole. */
const uncompressed = (bytes: Buffer): [string, Buffer][] => {
  const found: [string, Buffer][] = [];
  const attempt = (name: string, inflate: () => Buffer) => {
    try {
      found.push([`${name} of `, inflate()]);
    } catch {
      // Random bytes look like the beginning of a stream now and then.
    }
  };
  for (let at = bytes.indexOf(0x1f); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] === 0x8b && bytes[at + 2] === 8) attempt('gzip', () => gunzipped(bytes.subarray(at)));
  }
  for (let at = bytes.indexOf(0x78); at >= 0; at = bytes.indexOf(0x78, at + 1)) {
    if ([0x01, 0x5e, 0x9c, 0xda].includes(bytes[at + 1] ?? 0)) attempt('zlib', () => inflateSync(bytes.subarray(at)));
  }
  if (bytes.length < BROTLI_MAX_BYTES) attempt('brotli', () => brotliDecompressSync(bytes));
  return found;
};

/** A member of the plainest header, whatever comes after it; or a whole stream. */
const gunzipped = (bytes: Buffer): Buffer =>
  bytes[3] === 0 ? inflateRawSync(bytes.subarray(GZIP_HEADER_BYTES)) : gunzipSync(bytes);

/** Files of a directory as they lie there, at any depth; nothing where there is no such directory. */
export const scanDirectory = (directory: string, needles: Needles): Found[] =>
  !existsSync(directory)
    ? []
    : readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .flatMap((path) => scanBytes(path, readFileSync(path), needles));

/** An encrypted SQLite file with its log, in clear. */
export const scanDatabase = (file: string, fileKey: Uint8Array, needles: Needles): Found[] =>
  decryptedPages(file, fileKey).flatMap(({ where, bytes }) => scanBytes(`${file}, ${where}`, bytes, needles));
