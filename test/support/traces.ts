import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Characters at either end that depend on what stands beside the text: base64 has three of them by its place. */
const base64Core = (text: string, offset: number): string => {
  const padded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64');
  return padded.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + Buffer.byteLength(text)) * 4) / 3));
};

/** What a text looks like to somebody who looks for it in bytes. */
const formsOf = (text: string): readonly (readonly [form: string, bytes: Buffer])[] => {
  const hex = Buffer.from(text).toString('hex');
  const utf16 = Buffer.from(text, 'utf16le');
  return [
    ['utf8', Buffer.from(text)],
    ['utf8 in lower case', Buffer.from(text.toLowerCase())],
    ['utf16le', utf16],
    ['utf16be', Buffer.from(utf16).swap16()],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ...[0, 1, 2].map((offset) => [`base64 from byte ${offset}`, Buffer.from(base64Core(text, offset))] as const),
  ];
};

/** Where any of the texts can be read, in whatever form: `events.db-wal: "Grace" as utf8`. */
export const tracesIn = (directory: string, texts: readonly string[]): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => tracesInBytes(entry.name, readFileSync(join(entry.parentPath, entry.name)), texts));

export const tracesInBytes = (name: string, bytes: Buffer, texts: readonly string[]): string[] =>
  texts.flatMap((text) =>
    formsOf(text)
      .filter(([, wanted]) => bytes.includes(wanted))
      .map(([form]) => `${name}: "${text}" as ${form}`),
  );

/** Every file of a directory with its bytes: what must not change. */
export const bytesOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'base64')]),
  );
