import fc from 'fast-check';
import { guessDateOrder, readBirthDate, readDate } from '../../../src/crm/imports/dates.js';

const date = (value: string) => ({ ok: true, value });
const badDate = { ok: false, code: 'BAD_DATE' };
const ambiguous = { ok: false, code: 'AMBIGUOUS_DATE' };

describe('a date of a spreadsheet', () => {
  test.each([
    ['2017-03-01', '2017-03-01'],
    ['20170301', '2017-03-01'],
    ['2017/3/1', '2017-03-01'],
    ['2017-03-01T10:20:30.5Z', '2017-03-01'],
    ['2017-03-01 10:20', '2017-03-01'],
    ['20170301T102030Z', '2017-03-01'],
    [' 2016-02-29 ', '2016-02-29'],
  ])('%s is ISO 8601, whatever the order of the others', (text, expected) => {
    expect(readDate(text, 'month-first')).toEqual(date(expected));
    expect(readDate(text, 'day-first')).toEqual(date(expected));
  });

  test('3/1/2017 is what the order says', () => {
    expect(readDate('3/1/2017', 'month-first')).toEqual(date('2017-03-01'));
    expect(readDate('3/1/2017', 'day-first')).toEqual(date('2017-01-03'));
    expect(readDate('3/1/2017 0:00', 'month-first')).toEqual(date('2017-03-01'));
    expect(readDate('3/1/2017 12:00 AM', 'month-first')).toEqual(date('2017-03-01'));
  });

  test('without an order nothing is guessed but what can be only one date', () => {
    expect(readDate('3/1/2017')).toEqual(ambiguous);
    expect(readDate('3/25/2017')).toEqual(date('2017-03-25'));
    expect(readDate('25/3/2017')).toEqual(date('2017-03-25'));
    expect(readDate('3/3/2017')).toEqual(date('2017-03-03'));
    expect(readDate('3.1.2017')).toEqual(date('2017-01-03'));
  });

  test.each([
    ...['2017-02-31', '31/2/2017', '2017-13-01', '2017-00-10', '29.2.1900', '2017-04-31', '0/0/0000', '2017103'],
    ...['3/1/17', '3/1-2017', 'yesterday', '', '2017-03-01x', '2017-03', '1', '99999999'],
  ])('%j is none', (text) => {
    expect(readDate(text)).toEqual(badDate);
  });

  test('a date that the order makes impossible is not turned around', () => {
    expect(readDate('25/12/2016', 'month-first')).toEqual(badDate);
  });

  test('every date since year 1 survives each way of writing it', () => {
    const days = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(days, (day) => {
        const iso = day.toISOString().slice(0, 10);
        const [year, month, dayOfMonth] = iso.split('-');
        expect(readDate(iso)).toEqual(date(iso));
        expect(readDate(`${month}/${dayOfMonth}/${year}`, 'month-first')).toEqual(date(iso));
        expect(readDate(`${Number(dayOfMonth)}.${Number(month)}.${year}`, 'day-first')).toEqual(date(iso));
      }),
    );
  });
});

describe('a birthday', () => {
  test('may lack its year', () => {
    expect(readBirthDate('--0203')).toEqual(date('--02-03'));
    expect(readBirthDate('--02-03')).toEqual(date('--02-03'));
    expect(readBirthDate('--0229')).toEqual(date('--02-29'));
    expect(readBirthDate('--0230')).toEqual(badDate);
  });

  test('is otherwise a date', () => {
    expect(readBirthDate('19800321')).toEqual(date('1980-03-21'));
    expect(readBirthDate('1980-03')).toEqual(badDate);
  });
});

describe('the order of month and day', () => {
  test('is told by the whole column', () => {
    expect(guessDateOrder(['3/1/2017', '10/25/2016', '2/2/2017'])).toBe('month-first');
    expect(guessDateOrder(['3/1/2017', '25/10/2016'])).toBe('day-first');
  });

  test('is not decided by one mistyped date', () => {
    expect(guessDateOrder(['1/25/2017', '2/26/2017', '27/3/2017'])).toBe('month-first');
  });

  test('stays open where nothing, or as much, speaks for either', () => {
    expect(guessDateOrder(['3/1/2017', '2017-10-25', 'soon'])).toBeUndefined();
    expect(guessDateOrder(['1/25/2017', '25/1/2017'])).toBeUndefined();
    expect(guessDateOrder([])).toBeUndefined();
  });
});
