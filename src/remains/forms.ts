import { createHash } from 'node:crypto';

/** What a value looks like to somebody who looks for it in bytes, and what that look is called. */
export type Form = readonly [form: string, bytes: Buffer];

/** The part of a base64 text that does not depend on what stands beside it, for each of the three places of its first byte. */
const base64At = (bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string => {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
  return text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3));
};

const unitsOf = (text: string): string[] => Buffer.from(text, 'utf16le').swap16().toString('hex').match(/.{4}/g) ?? [];
const escaped = (text: string): string =>
  unitsOf(text)
    .map((unit) => `\\u${unit}`)
    .join('');
/** As writers of JSON do that keep to ASCII, the heap snapshots of V8 among them. */
const escapedWhereNeeded = (text: string, hex: (unit: string) => string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${hex(unitsOf(unit)[0]!)}`);

const base64Forms = (bytes: Buffer): [string, string][] =>
  [0, 1, 2].flatMap((offset) =>
    (['base64', 'base64url'] as const).map((encoding): [string, string] => [
      `${encoding} at ${offset}`,
      base64At(bytes, offset, encoding),
    ]),
  );

const inLetters = (text: string): Form[] => {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const utf16 = Buffer.from(text, 'utf16le');
  const texts: [string, string][] = [
    ['UTF-8', text],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['URL-escaped', encodeURIComponent(text)],
    ['URL-escaped throughout', hex.toUpperCase().replace(/../g, '%$&')],
    ['JSON-escaped', JSON.stringify(text).slice(1, -1)],
    ['JSON-escaped in ASCII', escapedWhereNeeded(text, (unit) => unit)],
    ['JSON-escaped in ASCII, capitals', escapedWhereNeeded(text, (unit) => unit.toUpperCase())],
    ['JSON-escaped throughout', escaped(text)],
    ...base64Forms(bytes),
  ];
  const forms = texts.map(([form, each]): Form => [form, Buffer.from(each)]);
  return [...forms, ['UTF-16LE', utf16], ['UTF-16BE', Buffer.from(utf16).swap16()]];
};

/** Without a key anybody can compute these: who has the value finds it again. */
const hashed = (text: string): Form[] =>
  ['md5', 'sha1', 'sha256'].flatMap((algorithm) => {
    const digest = createHash(algorithm).update(text).digest();
    return [
      [algorithm, digest] as const,
      [`${algorithm} in hex`, Buffer.from(digest.toString('hex'))] as const,
      [`${algorithm} in HEX`, Buffer.from(digest.toString('hex').toUpperCase())] as const,
      // The last character holds bits of padding, and may be followed by more of it.
      ...(['base64', 'base64url'] as const).map(
        (encoding): Form => [`${algorithm} in ${encoding}`, Buffer.from(digest.toString(encoding).replace(/.=*$/, ''))],
      ),
    ];
  });

const distinct = (forms: readonly Form[]): Form[] => [
  ...new Map(forms.map((form) => [form[1].toString('latin1'), form] as const).reverse()).values(),
];

/** A text as written, in small letters and in capitals, in every encoding that is looked for, and hashed without a key. */
export const formsOfText = (text: string): readonly Form[] => {
  const cases = [
    ['', text],
    ['lower case, ', text.toLowerCase()],
    ['upper case, ', text.toUpperCase()],
  ] as const;
  return distinct(
    cases.flatMap(([name, each]) =>
      [...inLetters(each), ...hashed(each)].map(([form, bytes]): Form => [`${name}${form}`, bytes]),
    ),
  );
};

/** Bytes that are no text, such as a key: as they are, and as they are written down. */
export const formsOfBytes = (bytes: Uint8Array): readonly Form[] => {
  const raw = Buffer.from(bytes);
  const hex = raw.toString('hex');
  const texts: [string, string][] = [
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['numbers', raw.join(',')],
    ...base64Forms(raw),
  ];
  return distinct([['bytes', raw], ...texts.map(([form, each]): Form => [form, Buffer.from(each)])]);
};
