import { type Reading, read, unreadable } from './problem.js';

/** Which part stands first in dates such as 3/1/2017: the month or the day. */
export type DateOrder = 'month-first' | 'day-first';

const time = String.raw`(?:[T ]+\d{1,2}(?::?\d{2}){0,2}(?:[.,]\d+)?(?: ?[AP]M)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?`;
const yearFirst = new RegExp(String.raw`^(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})${time}$`, 'i');
const yearLast = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${time}$`, 'i');
const withoutYear = new RegExp(String.raw`^--(\d{2})-?(\d{2})${time}$`, 'i');

const daysInMonth = (year: number, month: number): number => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
};

const isCalendarDate = (year: number, month: number, day: number): boolean =>
  year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);

const twoDigits = (part: number): string => String(part).padStart(2, '0');

function calendarDate(year: number, month: number, day: number): Reading<string> {
  if (!isCalendarDate(year, month, day)) return unreadable('BAD_DATE');
  return read(`${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`);
}

function dateWithYearLast(match: RegExpExecArray, order: DateOrder | undefined): Reading<string> {
  const [first, second, year] = [Number(match[1]), Number(match[3]), Number(match[4])];
  const monthFirst = calendarDate(year, first, second);
  const dayFirst = calendarDate(year, second, first);
  if (order !== undefined) return order === 'month-first' ? monthFirst : dayFirst;
  if (match[2] === '.' || first === second || !monthFirst.ok) return dayFirst;
  return dayFirst.ok ? unreadable('AMBIGUOUS_DATE') : monthFirst;
}

/**
 * A date of a spreadsheet as `YYYY-MM-DD`: ISO 8601, with or without hyphens, or with the year last. A time of day is
 * left out. Years have four digits: of two, nobody can tell the century.
 * @param order how to read dates such as 3/1/2017; without it dots mean that the day is first, and whatever is still
 * ambiguous is not guessed.
 * @returns else BAD_DATE or AMBIGUOUS_DATE
 */
export function readDate(text: string, order?: DateOrder): Reading<string> {
  const value = text.trim();
  const iso = yearFirst.exec(value);
  if (iso) {
    const basic = iso[2] === '' && (iso[3]!.length !== 2 || iso[4]!.length !== 2);
    return basic ? unreadable('BAD_DATE') : calendarDate(Number(iso[1]), Number(iso[3]), Number(iso[4]));
  }
  const other = yearLast.exec(value);
  return other ? dateWithYearLast(other, order) : unreadable('BAD_DATE');
}

/** As `readDate`, and `--MM-DD` for a day without a year (`--0203`, RFC 6350 section 4.3.1; Google writes `--02-03`). */
export function readBirthDate(text: string, order?: DateOrder): Reading<string> {
  const partial = withoutYear.exec(text.trim());
  if (!partial) return readDate(text, order);
  const leapYear = 2000;
  const date = calendarDate(leapYear, Number(partial[1]), Number(partial[2]));
  return date.ok ? read(`-${date.value.slice(4)}`) : date;
}

/**
 * The order that a whole column speaks for: a date such as 10/25/2016 can only have the month first. One mistyped date
 * does not outvote the others; undefined when nothing, or as much, speaks for either.
 */
export function guessDateOrder(values: Iterable<string>): DateOrder | undefined {
  let monthFirst = 0;
  let dayFirst = 0;
  for (const value of values) {
    const match = yearLast.exec(value.trim());
    if (!match) continue;
    const [first, second, year] = [Number(match[1]), Number(match[3]), Number(match[4])];
    if (first > 12 && isCalendarDate(year, second, first)) dayFirst++;
    if (second > 12 && isCalendarDate(year, first, second)) monthFirst++;
  }
  if (monthFirst === dayFirst) return undefined;
  return monthFirst > dayFirst ? 'month-first' : 'day-first';
}
