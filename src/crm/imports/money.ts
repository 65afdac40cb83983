import { type Reading, read, unreadable } from './problem.js';

/** The character before the decimals. */
export type DecimalMark = '.' | ',';

interface Digits {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

/** A symbol, with or without letters (`US$`), an ISO 4217 code, or an abbreviation that stands for a currency. */
const currency = String.raw`(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|kr\.?|Fr\.?|Rs\.?|zł|Kč|Ft|lei|лв\.?)`;
const amount = new RegExp(
  String.raw`^([-−+]?) *(?:${currency})? *([-−+]?) *(\d[\d.,'’ ]*\d|\d|[.,]\d+) *([-−]?) *(?:${currency})?$`,
  'u',
);
const grouped = /^(?:\d+|\d{1,3}([.,'’ ])(?:\d{2,3}\1)*\d{3})$/;

const plainSpaces = (text: string): string => text.replace(/[\s\u00a0\u202f]+/gu, ' ').trim();

/** The number between currency and sign, as written. Accountants put a negative amount into brackets. */
function bareNumber(text: string): { negative: boolean; body: string } | undefined {
  const spaced = plainSpaces(text);
  const inside = /^\((.*)\)$/.exec(spaced)?.[1];
  const match = amount.exec(inside ?? spaced);
  if (!match) return undefined;
  const signs = [match[1]!, match[2]!, match[4]!].filter((sign) => sign !== '');
  if (signs.length > (inside === undefined ? 1 : 0)) return undefined;
  return { negative: inside !== undefined || (signs.length === 1 && signs[0] !== '+'), body: match[3]! };
}

type MarkEvidence = { readonly at: number; readonly is: 'mark' | 'group' | 'either' } | undefined;

/** What the last point or comma of a number must be, judging by this number alone. */
function lastSeparator(body: string): MarkEvidence {
  const at = Math.max(body.lastIndexOf('.'), body.lastIndexOf(','));
  if (at < 0) return undefined;
  if (body.indexOf(body[at]!) !== at) return { at, is: 'group' };
  const head = body.slice(0, at);
  const mixed = /\D/.test(head);
  const couldGroup = body.length - at === 4 && /^[1-9]\d{0,2}$/.test(head);
  return { at, is: mixed || !couldGroup ? 'mark' : 'either' };
}

/**
 * @param mark the decimal mark where it is known
 * @param either what three digits after a single separator are where the mark is not known
 */
function readDigits(text: string, mark: DecimalMark | undefined, either: 'group' | undefined): Reading<Digits> {
  const bare = bareNumber(text);
  if (!bare) return unreadable('BAD_NUMBER');
  const separator = lastSeparator(bare.body);
  let decimalAt = bare.body.length;
  if (separator) {
    const known = mark === undefined ? undefined : bare.body[separator.at] === mark ? 'mark' : 'group';
    const is = separator.is === 'either' ? (known ?? either) : separator.is;
    if (is === undefined) return unreadable('AMBIGUOUS_NUMBER');
    if (is === 'mark') decimalAt = separator.at;
  }
  const whole = bare.body.slice(0, decimalAt);
  const fraction = bare.body.slice(decimalAt + 1);
  if (!/^\d*$/.test(fraction) || !(grouped.test(whole) || whole === '')) return unreadable('BAD_NUMBER');
  return read({ negative: bare.negative, whole: whole.replace(/\D/g, ''), fraction });
}

const safe = ({ negative }: Digits, value: number): Reading<number> => {
  if (!Number.isSafeInteger(Math.trunc(value))) return unreadable('BAD_NUMBER');
  return read(negative && value !== 0 ? -value : value);
};

/**
 * An amount in minor units (cents), an integer: `1,054.50`, `1.054,50`, `€ 12`, `-12`, `(12.00)`.
 * @param currencyDigits how many decimals the currency has (ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD)
 * @param mark the decimal mark, where the column tells it
 * @returns else BAD_NUMBER, TOO_PRECISE, or AMBIGUOUS_NUMBER (`1.054` of a currency with three decimals)
 */
export function readMoney(text: string, currencyDigits: number, mark?: DecimalMark): Reading<number> {
  const digits = readDigits(text, mark, currencyDigits >= 3 ? undefined : 'group');
  if (!digits.ok) return digits;
  const fraction = digits.value.fraction.padEnd(currencyDigits, '0');
  if (/[1-9]/.test(fraction.slice(currencyDigits))) return unreadable('TOO_PRECISE');
  return safe(digits.value, Number(digits.value.whole + fraction.slice(0, currencyDigits)));
}

/** A whole number, `2,822` included. Else BAD_NUMBER. */
export function readInteger(text: string): Reading<number> {
  const digits = readDigits(text, undefined, 'group');
  if (!digits.ok) return digits;
  if (/[1-9]/.test(digits.value.fraction)) return unreadable('BAD_NUMBER');
  return safe(digits.value, Number(digits.value.whole));
}

/** A number with decimals in no unit that we know, `1100.04`. Else BAD_NUMBER or AMBIGUOUS_NUMBER. */
export function readDecimal(text: string, mark?: DecimalMark): Reading<number> {
  const digits = readDigits(text, mark, undefined);
  return digits.ok ? safe(digits.value, Number(`${digits.value.whole}.${digits.value.fraction}`)) : digits;
}

/** The decimal mark that a whole column speaks for; undefined when nothing, or as much, speaks for either. */
export function guessDecimalMark(values: Iterable<string>): DecimalMark | undefined {
  let points = 0;
  let commas = 0;
  for (const value of values) {
    const body = bareNumber(value)?.body;
    const separator = body === undefined ? undefined : lastSeparator(body);
    if (body === undefined || separator === undefined || separator.is === 'either') continue;
    if ((body[separator.at] === '.') === (separator.is === 'mark')) points++;
    else commas++;
  }
  if (points === commas) return undefined;
  return points > commas ? '.' : ',';
}
