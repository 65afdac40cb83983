import * as fc from 'fast-check';
import { Kind, parseValue } from 'graphql';
import { CalendarDate, DateTime, Json } from '../../schema/scalars.js';

const literal = (text: string) => parseValue(text);

describe('DateTime', () => {
  test.each([
    ['2026-11-24T05:31:00Z', '2026-11-24T05:31:00.000Z'],
    ['2026-11-24T05:31:00.1234567Z', '2026-11-24T05:31:00.123Z'],
    ['2026-11-24T05:31:00+02:30', '2026-11-24T03:01:00.000Z'],
    ['2024-02-29T23:59:59.999-01:00', '2024-03-01T00:59:59.999Z'],
  ])('%s is %s', (given, instant) => {
    expect(DateTime.parseValue(given)).toBe(instant);
    expect(DateTime.parseLiteral(literal(`"${given}"`), {})).toBe(instant);
  });

  test.each([
    '2026-11-24',
    '2026-11-24T05:31Z',
    '2026-11-24T05:31:00',
    '2026-02-30T00:00:00Z',
    '2026-11-24T25:00:00Z',
    '',
    ' ',
    5,
    null,
    {},
  ])('%j is refused', (given) => expect(() => DateTime.parseValue(given)).toThrow(/^A DateTime /));

  test('goes out as it is stored, from text or a Date', () => {
    expect(DateTime.serialize('2026-11-24T05:31:00.000Z')).toBe('2026-11-24T05:31:00.000Z');
    expect(DateTime.serialize(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
    for (const wrong of [new Date('x'), '2026-11-24', 5])
      expect(() => DateTime.serialize(wrong)).toThrow('Not an instant.');
  });

  test('any instant comes back as it went', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(DateTime.parseValue(DateTime.serialize(date))).toBe(date.toISOString());
      }),
    );
  });
});

describe('Date', () => {
  test.each(['2026-11-24', '2024-02-29', '0001-01-01'])('%s is a day', (day) => {
    expect(CalendarDate.parseValue(day)).toBe(day);
    expect(CalendarDate.serialize(day)).toBe(day);
  });

  test.each(['2026-02-29', '2026-13-01', '2026-1-1', '24.11.2026', '2026-11-24T00:00:00Z', 20261124, null])(
    '%j is refused',
    (day) => expect(() => CalendarDate.parseValue(day)).toThrow('A Date is a day of the calendar as YYYY-MM-DD.'),
  );

  test('a literal that is no string is refused', () => {
    expect(() => CalendarDate.parseLiteral({ kind: Kind.INT, value: '2026' }, {})).toThrow();
  });
});

describe('JSON', () => {
  test('any JSON passes both ways, as a variable and as a literal with variables in it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const value = JSON.parse(text);
        fc.pre(!text.includes('__proto__'));
        expect(Json.serialize(Json.parseValue(value))).toEqual(value);
      }),
    );
    expect(Json.parseLiteral(literal('{ a: [1, "x", $v, null], b: { c: true } }'), { v: 'given' })).toEqual({
      a: [1, 'x', 'given', null],
      b: { c: true },
    });
  });

  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  test.each([
    ['nested too deeply', nested(17)],
    ['with too many values', Array.from({ length: 5_000 }, () => 1)],
    ['with too many characters', ['x'.repeat(200_001)]],
    ['with a key that would become a prototype', JSON.parse('{"__proto__": {"admin": true}}')],
  ])('%s is refused', (_, value) => expect(() => Json.parseValue(value)).toThrow(/^The JSON /));
});
