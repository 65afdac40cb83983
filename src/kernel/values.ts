import { z } from 'zod';

/**
 * The forms that values take across slices, checked once here. Every message is a fixed sentence: it may leave in an
 * error, the value may not.
 */

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;
const BREAK = /[\t\n\r\u2028\u2029]/;

const wellFormed = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text);

/** One line that people enter: trimmed, not empty, no control characters, at most `max` UTF-16 code units. */
export const line = (max: number) =>
  z
    .string()
    .max(max, `At most ${max} characters.`)
    .refine((text) => wellFormed(text) && !BREAK.test(text), 'One line without control characters.')
    .transform((text) => text.trim())
    .refine((text) => text !== '', 'Not empty.')
    .pipe(z.string());

/** Several lines that people enter, at most `max` UTF-16 code units. */
export const text = (max: number) =>
  z.string().max(max, `At most ${max} characters.`).refine(wellFormed, 'No control characters.');

/** The mailbox form of RFC 5321 that people use: one `@`, a dotted domain, at most 254 octets. */
export const email = z
  .string()
  .max(254, 'At most 254 characters.')
  .regex(
    /^[^\s@<>()[\],;:"\\\u0000-\u001f\u007f]{1,64}@[^\s@<>()[\],;:"\\\u0000-\u001f\u007f]+\.[^\s@.<>()[\],;:"\\]{2,63}$/u,
    'An e-mail address like name@example.com.',
  )
  .refine(wellFormed, 'No control characters.');

/** A phone number as people write it: digits and the signs between them, an extension, a vanity word. */
export const phone = line(64);

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** A calendar date, `YYYY-MM-DD`. */
export const date = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'A date as YYYY-MM-DD.')
  .refine(
    (day) => Number(day.slice(8)) <= daysIn(Number(day.slice(0, 4)), Number(day.slice(5, 7))),
    'A day that exists.',
  );

/** A birthday: a date, or `--MM-DD` where the year is not told (ISO 8601:2000 truncated, as RFC 6350 section 4.3.1 writes it). */
export const birthday = z.union([
  date,
  z
    .string()
    .regex(/^--(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'A birthday as YYYY-MM-DD or --MM-DD.')
    .refine((day) => Number(day.slice(5)) <= daysIn(2000, Number(day.slice(2, 4))), 'A day that exists.'),
]);

/** An instant in UTC with milliseconds, as `instant` writes it. */
export const timestamp = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'An instant in UTC with milliseconds.');

/** An ISO 4217 code. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'A currency code like EUR.');

/** Minor units (cents) as a safe integer. */
export const minorUnits = z.int('Whole minor units.');

/** An id of ours. */
export const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'An id.');

/** Versions of notices and policies. */
export const versionTag = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'A version like 1 or 2026-05.');

export const code = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'A code of letters, digits, _ and -.');

/** A web address as people write it, with or without its scheme. One that would run a script or open a file is none. */
export const link = line(2_000).refine(
  (value) => !/^\s*(javascript|data|vbscript|file|blob):/i.test(value),
  'A web address, not a script or a file.',
);

/** Digits after the point, from ISO 4217 where it is not 2. */
const minorDigits: { readonly [currency: string]: number } = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
};
export const minorDigitsOf = (currencyCode: string): number => minorDigits[currencyCode] ?? 2;
