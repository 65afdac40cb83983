import { CrmError } from '../../errors.js';

/**
 * Windows-1252 is Latin-1 but for these: 0x80 to 0x9F of the WHATWG Encoding Standard's index. Not left to TextDecoder,
 * which reads the label as Latin-1 in Node 20.18.3 and later, and in parts of 22 to 24 (nodejs/node#56542).
 */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

const windows1252Labels = /^(windows-1252|cp1252|x-cp1252|iso-?8859-1|latin-?1|l1|ascii|us-ascii|ansi_x3\.4-1968)$/i;

const decodeWindows1252 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]!);

const decodeStrictly = (bytes: Uint8Array, encoding: string): string => {
  if (windows1252Labels.test(encoding)) return decodeWindows1252(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CrmError('WRONG_ENCODING', {}, { cause });
  }
};

/** UTF-16 without a mark: in text that is mostly Latin every other byte is NUL, and never one of the rest. */
function utf16ByPattern(bytes: Uint8Array): string | undefined {
  if (bytes.length % 2 !== 0) return undefined;
  let even = 0;
  let odd = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    if (bytes[index] === 0) even++;
    if (bytes[index + 1] === 0) odd++;
  }
  const enough = bytes.length / 8;
  if (even === 0 && odd >= enough) return 'utf-16le';
  if (odd === 0 && even >= enough) return 'utf-16be';
  return undefined;
}

function decodeByLooks(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeStrictly(bytes, 'utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeStrictly(bytes, 'utf-16be');
  if (bytes.includes(0)) return decodeStrictly(bytes, utf16ByPattern(bytes) ?? 'utf-8');
  try {
    return decodeStrictly(bytes, 'utf-8');
  } catch {
    return decodeWindows1252(bytes);
  }
}

/**
 * The text of a file: by its byte order mark, else UTF-8 where the bytes are valid UTF-8, else Windows-1252. The mark is
 * not part of the text.
 * @param encoding a label of the WHATWG Encoding Standard that overrides what the bytes look like.
 * @throws CrmError WRONG_ENCODING for bytes that are no text, that do not fit the encoding asked for, or for an unknown label.
 */
export function decodeText(bytes: Uint8Array, encoding?: string): string {
  const text = encoding === undefined ? decodeByLooks(bytes) : decodeStrictly(bytes, encoding);
  if (text.includes('\0')) throw new CrmError('WRONG_ENCODING');
  return text;
}
