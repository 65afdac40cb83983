import { isCrmError } from '../../errors.js';
import { decodeText } from './text.js';
import type { VCardProperty } from './vcardLines.js';

/** A value out of its transfer encoding, still escaped. */
export interface DecodedValue {
  readonly text: string;
  /** Some bytes did not fit the character set that was declared; they read as U+FFFD. */
  readonly damaged: boolean;
}

const parameter = (property: VCardProperty, name: string): string | undefined => property.parameters.get(name)?.[0];

function decodeBytes(bytes: Uint8Array, charset: string | undefined): DecodedValue {
  try {
    return { text: decodeText(bytes, charset), damaged: false };
  } catch (error) {
    if (!isCrmError(error, 'WRONG_ENCODING')) throw error;
    return { text: new TextDecoder().decode(bytes).replaceAll('\0', '\ufffd'), damaged: true };
  }
}

/** RFC 2045 section 6.7. What is no code, and what is not ASCII, stands for itself. */
function decodeQuotedPrintable(value: string, charset: string | undefined): DecodedValue {
  let damaged = false;
  const text = value.replace(/[\x01-\x7f]+/g, (run) => {
    if (!run.includes('=')) return run;
    const latin1 = run.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const decoded = decodeBytes(Buffer.from(latin1, 'latin1'), charset);
    damaged ||= decoded.damaged;
    return decoded.text;
  });
  return { text, damaged };
}

const isBase64 = (property: VCardProperty): boolean => /^(B|BASE64)$/i.test(parameter(property, 'ENCODING') ?? '');

/** Undoes the transfer encoding of vCard 2.1; later versions have none but base64. */
export function decodeValue(property: VCardProperty): DecodedValue {
  const charset = parameter(property, 'CHARSET');
  if (isBase64(property)) return decodeBytes(Buffer.from(property.value, 'base64'), charset);
  const quotedPrintable = /^QUOTED-PRINTABLE$/i.test(parameter(property, 'ENCODING') ?? '');
  return quotedPrintable ? decodeQuotedPrintable(property.value, charset) : { text: property.value, damaged: false };
}

const media = new Set(['PHOTO', 'LOGO', 'SOUND', 'KEY']);

/** Pictures, sounds and keys that are in the file itself, and anything else whose bytes nobody says are text. */
export function isBinary(property: VCardProperty): boolean {
  if (/^\s*data:/i.test(property.value)) return true;
  if (media.has(property.name)) return isBase64(property) || !/^\s*[a-z][a-z0-9+.-]*:/i.test(property.value);
  return isBase64(property) && property.name.startsWith('X-');
}

/** RFC 6350 section 3.4; vCard 2.1 escapes nothing but separators, so a path such as `C:\new` stays what it is. */
export const unescapeText = (text: string, legacy: boolean): string =>
  legacy
    ? text.replace(/\\([;,:])/g, '$1')
    : text.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' || escaped === 'N' ? '\n' : escaped));

/** The parts between separators that are not escaped; the parts are still escaped. */
export function splitEscaped(text: string, separator: ';' | ','): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts = [''];
  for (const piece of text.match(/\\.|[^\\]|\\$/gs) ?? []) {
    if (piece === separator) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

const clean = (text: string): string => text.replace(/\r\n?/g, '\n').trim();

/** The whole value as one text. */
export const readText = (text: string, { legacy }: VCardProperty): string => clean(unescapeText(text, legacy));

/** The components of a structured value, each a list; vCard 2.1 has no lists inside components. */
export const readComponents = (text: string, { legacy }: VCardProperty): string[][] =>
  splitEscaped(text, ';').map((component) =>
    (legacy ? [component] : splitEscaped(component, ','))
      .map((item) => clean(unescapeText(item, legacy)))
      .filter((item) => item !== ''),
  );

/** The components of a structured value whose commas are commas: ORG (RFC 6350 section 6.6.4). */
export const readPlainComponents = (text: string, { legacy }: VCardProperty): string[] =>
  splitEscaped(text, ';')
    .map((component) => clean(unescapeText(component, legacy)))
    .filter((component) => component !== '');

/** A list of texts: NICKNAME, CATEGORIES. Exports of vCard 2.1 separate with semicolons too. */
export const readList = (text: string, { legacy }: VCardProperty): string[] =>
  splitEscaped(text, ',')
    .flatMap((item) => (legacy ? splitEscaped(item, ';') : [item]))
    .map((item) => clean(unescapeText(item, legacy)))
    .filter((item) => item !== '');

/** A phone number out of its `tel:` URI (RFC 3966), with the extension that people would dial. */
export function readPhone(text: string): string {
  const uri = /^tel:([^;]*)(.*)$/is.exec(text);
  if (!uri) return text;
  const extension = /;ext=([^;]*)/i.exec(uri[2]!)?.[1];
  return extension === undefined ? uri[1]! : `${uri[1]} ext. ${extension}`;
}

/** RFC 6868, with which a parameter can hold line breaks and quotes. */
export const readParameterText = (text: string): string =>
  text.replace(/\^([n^'])/g, (_, code: string) => (code === 'n' ? '\n' : code === '^' ? '^' : '"'));
