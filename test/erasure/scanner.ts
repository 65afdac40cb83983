import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { openDatabase } from '../../src/sqlite/database.js';

/** A marker that can still be read somewhere. */
export interface Found {
  readonly where: string;
  readonly marker: string;
  readonly form: string;
}

/** The part of a base64 text that does not depend on what stands beside it, for each of the three places of its first byte. */
const base64At = (bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string => {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
  return text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3));
};

const escaped = (text: string): string =>
  [...Buffer.from(text, 'utf16le').swap16().toString('hex').match(/.{4}/g)!].map((unit) => `\\u${unit}`).join('');

/** What a text looks like to somebody who looks for it in bytes. */
export const formsOf = (text: string): readonly (readonly [form: string, bytes: Buffer])[] => {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const utf16 = Buffer.from(text, 'utf16le');
  const texts: [string, string][] = [
    ['UTF-8', text],
    ['lower case', text.toLowerCase()],
    ['upper case', text.toUpperCase()],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['URL-escaped', encodeURIComponent(text)],
    ['URL-escaped throughout', hex.toUpperCase().replace(/../g, '%$&')],
    ['JSON-escaped', JSON.stringify(text).slice(1, -1)],
    ['JSON-escaped throughout', escaped(text)],
  ];
  for (const offset of [0, 1, 2]) {
    for (const encoding of ['base64', 'base64url'] as const) {
      texts.push([`${encoding} at ${offset}`, base64At(bytes, offset, encoding)]);
    }
  }
  const forms: [string, Buffer][] = texts.map(([form, each]) => [form, Buffer.from(each)]);
  forms.push(['UTF-16LE', utf16], ['UTF-16BE', Buffer.from(utf16).swap16()]);
  for (const algorithm of ['md5', 'sha1', 'sha256']) {
    const digest = createHash(algorithm).update(text).digest();
    forms.push([algorithm, digest], [`${algorithm} in hex`, Buffer.from(digest.toString('hex'))]);
    for (const encoding of ['base64', 'base64url'] as const) {
      // The last character holds bits of padding, and may be followed by more of it.
      forms.push([`${algorithm} in ${encoding}`, Buffer.from(digest.toString(encoding).replace(/.=*$/, ''))]);
    }
  }
  return forms;
};

/** Every marker in some bytes, in any form, also inside what is compressed there. */
export const scanBytes = (where: string, bytes: Buffer, markers: readonly string[]): Found[] => {
  const layers: [string, Buffer][] = [['', bytes], ...uncompressed(bytes)];
  return layers.flatMap(([layer, content]) =>
    markers.flatMap((marker) =>
      formsOf(marker)
        .filter(([, wanted]) => content.includes(wanted))
        .map(([form]) => ({ where, marker, form: `${layer}${form}` })),
    ),
  );
};

const GZIP_HEADER_BYTES = 10;

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
  if (bytes.length < 1 << 20) attempt('brotli', () => brotliDecompressSync(bytes));
  return found;
};

/** A member of the plainest header, whatever comes after it; or a whole stream. */
const gunzipped = (bytes: Buffer): Buffer =>
  bytes[3] === 0 ? inflateRawSync(bytes.subarray(GZIP_HEADER_BYTES)) : gunzipSync(bytes);

/** Files of a directory as they lie there, at any depth. */
export const scanDirectory = (directory: string, markers: readonly string[]): Found[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => scanBytes(path, readFileSync(path), markers));

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * The pages of an encrypted SQLite file in clear, free ones included, as they are after each commit that its log still
 * holds: so pages that a later commit has superseded are there too. What a log holds past its last commit is not.
 */
export const decryptedPages = (file: string, fileKey: Buffer): Buffer[] => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-scan-'));
  try {
    const wal = existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : Buffer.alloc(0);
    return [0, ...commitsIn(wal)].map((end) => {
      const copy = join(directory, `${end}.db`);
      copyFileSync(file, copy);
      if (end > 0) writeFileSync(`${copy}-wal`, wal.subarray(0, end));
      const database = openDatabase({ file: copy, fileKey, durability: 'normal' });
      const pages = database.serialize();
      database.close();
      return pages;
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
};

/** Where each commit ends in a write-ahead log (SQLite file format, section 4.1): frames of the log's present round only. */
const commitsIn = (wal: Buffer): number[] => {
  if (wal.length < WAL_HEADER_BYTES) return [];
  const frameBytes = FRAME_HEADER_BYTES + wal.readUInt32BE(8);
  const salt = wal.subarray(16, 24);
  const ends: number[] = [];
  for (let at = WAL_HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    if (!wal.subarray(at + 8, at + 16).equals(salt)) break;
    if (wal.readUInt32BE(at + 4) > 0) ends.push(at + frameBytes);
  }
  return ends;
};

/** An encrypted SQLite file with its log, in clear. */
export const scanDatabase = (file: string, fileKey: Buffer, markers: readonly string[]): Found[] =>
  decryptedPages(file, fileKey).flatMap((pages, at) => scanBytes(`${file} after commit ${at}`, pages, markers));
