import type { Random } from './random.js';

/** Ids that requests are made of: what the caller may know, and what only others do. */
export interface KnownIds {
  readonly own: string[];
  readonly foreign: readonly string[];
}

const NOWHERE = '018f0000-0000-7000-8000-000000000000';
const TEXTS = [
  'Ada',
  'Zoë "🦊"',
  '',
  ' ',
  'a',
  '\u202egnp.exe',
  'x'.repeat(300),
  "'; DROP TABLE events; --",
  '{{7*7}}',
  '\ud800',
  'NaN',
];
const INSTANTS = ['2026-01-01T00:00:00.000Z', '2099-12-31T23:59:59.999Z', '1969-12-31T23:59:59Z', 'yesterday'];
const DATES = ['2024-02-29', '2025-02-30', '1899-12-31', '9999-12-31', '--02-29'];

/** By the name of an argument or field, what people would put there. */
const usual: { readonly [name: string]: readonly unknown[] } = {
  acceptedPolicyVersion: ['1', '0'],
  currency: ['EUR', 'USD', 'XXX'], // the last is ISO 4217's code for no currency
  email: ['ada@example.com', 'grace@example.com', 'ghost@example.com'],
  password: ['correct horse battery', 'short', 'short', 'short'], // a hash takes as long as many other requests
  purpose: ['marketing', 'service', 'analytics'],
  noticeVersion: ['1', '2026-05'],
  basis: ['consent', 'contract'],
  birthDate: DATES,
  content: ['BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD', 'name,email\nAda,ada@example.com', ''],
  after: ['', 'e30', 'WyIiXQ', 'none'],
};

/** Draws values for leaves: mostly such as would be accepted. */
export const leavesFrom =
  (random: Random, ids: KnownIds) =>
  (typeName: string, name: string): unknown => {
    const known = usual[name];
    if (known !== undefined && random.chance(90)) return random.oneOf(known);
    switch (typeName) {
      case 'ID':
        return idFrom(random, ids);
      case 'Int':
        return random.oneOf([0, 1, 2, 5, 10, 50, 200, 201, -1, 2_147_483_647]);
      case 'Float':
        return random.oneOf([0, 1, 12_345, -1, 1.5, 1e21, 2 ** 53]);
      case 'Boolean':
        return random.chance(50);
      case 'DateTime':
        return random.oneOf(INSTANTS);
      case 'Date':
        return random.oneOf(DATES);
      case 'JSON':
        return random.oneOf<unknown>([null, 1, 'text', [], { a: { b: [1] } }]);
      default:
        return random.chance(10) ? idFrom(random, ids) : random.oneOf(TEXTS);
    }
  };

export const idFrom = (random: Random, { own, foreign }: KnownIds): string => {
  const kind = random.below(10);
  if (kind < 6 && own.length > 0) return random.oneOf(own);
  if (kind < 9) return random.oneOf(foreign);
  return random.oneOf([NOWHERE, 'none', '', NOWHERE.toUpperCase(), `${NOWHERE}'`, 'operator', '__proto__']);
};
