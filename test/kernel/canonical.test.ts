import fc from 'fast-check';
import { canonicalJson } from '../../src/kernel/canonical.js';

test('members are sorted by UTF-16 code units, whatever order they came in (RFC 8785 section 3.2.3)', () => {
  expect(canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 })).toBe(
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
  );
});

test('numbers are as ECMAScript writes them; what is not finite has no form', () => {
  expect(canonicalJson([1e21, 0.000001, 1e-7, -0, 333333333.3333333])).toBe(
    '[1e+21,0.000001,1e-7,0,333333333.3333333]',
  );
  expect(() => canonicalJson(Number.NaN)).toThrow(TypeError);
  expect(() => canonicalJson({ a: Number.POSITIVE_INFINITY })).toThrow(TypeError);
  expect(() => canonicalJson('\ud800')).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
});

test('any JSON reads back as it was, and alike however its members were ordered', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
    }),
  );
});

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
};
