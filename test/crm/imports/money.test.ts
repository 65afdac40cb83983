import fc from 'fast-check';
import { guessDecimalMark, readDecimal, readInteger, readMoney } from '../../../src/crm/imports/money.js';

const value = (minor: number) => ({ ok: true, value: minor });
const refused = (code: string) => ({ ok: false, code });

describe('an amount of money', () => {
  test.each([
    ['1054', 105_400],
    ['1,054.50', 105_450],
    ['1.054,50', 105_450],
    ['1 054,50', 105_450],
    ['1\u202f054,5', 105_450],
    ["1'054.50", 105_450],
    ['1,054,000', 105_400_000],
    ['12,34,567.89', 123_456_789],
    ['1,054', 105_400],
    ['1.054', 105_400],
    ['0.05', 5],
    ['.5', 50],
    ['€ 12', 1_200],
    ['€12', 1_200],
    ['12 €', 1_200],
    ['US$ 12.00', 1_200],
    ['12,00 EUR', 1_200],
    ['CHF 12.00', 1_200],
    ['99 kr', 9_900],
    ['-12', -1_200],
    ['−12.5', -1_250],
    ['€ -12', -1_200],
    ['-€12', -1_200],
    ['12-', -1_200],
    ['(1,054.50)', -105_450],
    ['+12', 1_200],
    ['-0', 0],
    ['12.5000', 1_250],
  ])('%s is %d cents', (text, cents) => {
    expect(readMoney(text, 2)).toEqual(value(cents));
  });

  test('has as many decimals as its currency', () => {
    expect(readMoney('1054', 0)).toEqual(value(1_054));
    expect(readMoney('1,054.500', 3)).toEqual(value(1_054_500));
    expect(readMoney('1054.50', 0)).toEqual(refused('TOO_PRECISE'));
    expect(readMoney('12.345,678', 2)).toEqual(refused('TOO_PRECISE'));
  });

  test('with three digits after its only separator is read by what is known of the file, or not at all', () => {
    expect(readMoney('1.054', 3)).toEqual(refused('AMBIGUOUS_NUMBER'));
    expect(readMoney('1.054', 3, '.')).toEqual(value(1_054));
    expect(readMoney('1.054', 3, ',')).toEqual(value(1_054_000));
  });

  test.each([
    ...[
      '',
      'twelve',
      '12 k',
      '1.5M',
      '1e5',
      '12 34',
      '1,05,4',
      '1.054.50',
      '1,054.50.10',
      '--12',
      '(-12)',
      '12..5',
      '$',
    ],
    ...['1,0540,000.00', '9007199254740993', '0x10', 'NaN', '12%'],
  ])('%j is no amount', (text) => {
    expect(readMoney(text, 2)).toEqual(refused('BAD_NUMBER'));
  });

  test('every amount of cents survives English and German writing', () => {
    const cents = fc.integer({ min: -99_999_999_999, max: 99_999_999_999 });
    fc.assert(
      fc.property(cents, (minor) => {
        const format = (locale: string) =>
          new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(minor / 100);
        expect(readMoney(format('en'), 2)).toEqual(value(minor));
        expect(readMoney(format('de'), 2)).toEqual(value(minor));
      }),
    );
  });
});

describe('numbers that are no money', () => {
  test('a count is whole', () => {
    expect(readInteger('2,822')).toEqual(value(2_822));
    expect(readInteger('2822.0')).toEqual(value(2_822));
    expect(readInteger('2822.5')).toEqual(refused('BAD_NUMBER'));
  });

  test('a decimal is read by the mark of its column', () => {
    expect(readDecimal('1100.04')).toEqual(value(1100.04));
    expect(readDecimal('251.412')).toEqual(refused('AMBIGUOUS_NUMBER'));
    expect(readDecimal('251.412', '.')).toEqual(value(251.412));
    expect(readDecimal('251.412', ',')).toEqual(value(251_412));
  });

  test('the mark is told by the whole column', () => {
    expect(guessDecimalMark(['1.054', '12.50'])).toBe('.');
    expect(guessDecimalMark(['1.054', '12,50'])).toBe(',');
    expect(guessDecimalMark(['1,054,000'])).toBe('.');
    expect(guessDecimalMark(['1.054', '12', 'many'])).toBeUndefined();
  });
});
