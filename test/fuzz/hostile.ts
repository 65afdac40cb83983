import { getIntrospectionQuery } from 'graphql';
import type { Random } from './random.js';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Buffer;
}

const JSON_TYPE = { 'content-type': 'application/json' };

export const posted = (body: unknown, headers: Record<string, string> = {}): WireRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { ...JSON_TYPE, ...headers },
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});

const repeated = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');
const nested = (levels: number, open: string, inner: string, close: string): string =>
  open.repeat(levels) + inner + close.repeat(levels);

/** Documents made to be expensive, endless or confusing; `n` says how much. */
const documents: readonly ((n: number) => string)[] = [
  (n) => `{ contacts(first: 1) ${nested(n, '{ nodes { company ', '{ id }', ' } }')} }`,
  (n) => `{ ${repeated(n, (each) => `a${each}: __typename`)} }`,
  (n) => `{ ${repeated(n, (each) => `a${each}: contacts(first: 200) { nodes { id } }`)} }`,
  (n) => `{ __typename ${'@include(if: true) '.repeat(n)} }`,
  (n) => `{ ${repeated(n, () => '__typename @include(if: true)')} }`,
  (n) => `{ __typename ${repeated(n, () => '@skip(if: false)')} ${repeated(n, (each) => `@x${each}`)} }`,
  (n) =>
    `{ ...F0 } ${repeated(n, (each) => `fragment F${each} on Query { ...F${each + 1} ...F${each + 1} }`)} fragment F${n} on Query { __typename }`,
  () => '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
  (n) => `query (${repeated(n, (each) => `$v${each}: String = "x"`)}) { __typename }`,
  (n) => `{ contacts(filter: { search: "${'a '.repeat(n * 20)}" }) { totalCount } }`,
  (n) => `{ contacts(filter: ${nested(n, '{ and: [', '', '] }')}) { totalCount } }`,
  (n) => `{ contacts(orderBy: [${'CREATED_AT '.repeat(n)}]) { totalCount } }`,
  (n) => `${'#'.repeat(n * 50)}\n{ __typename }`,
  (n) => `{ __typename }${' '.repeat(n * 2_000)}`,
  (n) => `{ ${'"""'.repeat(n)} }`,
  () => getIntrospectionQuery(),
  (n) => `{ __schema { types ${nested(Math.min(n, 8), '{ fields { type ', '{ name }', ' } }')} } }`,
  () => '{ __type(name: "Contact") { fields { name args { name defaultValue } } } }',
  (n) =>
    `mutation { ${repeated(n, (each) => `s${each}: signIn(input: { email: "ada@example.com", password: "guess" }) { token }`)} }`,
  () => 'subscription { events { id } }',
  (n) => repeated(n, (each) => `query Q${each} { __typename }`),
  () => '{ constructor { prototype } __proto__ { polluted } }',
  () => 'query Q { __typename } query Q { __typename }',
  () => '\ufeff{ __typename \u0000 }',
  () => '{ contact(id: "\\uD800") { id } }',
  () => '{ contact(id: 1e400) { id } deal(id: -0) { id } }',
  () => 'type Query { hacked: String } { __typename }',
];

/** Bodies, paths and headers that no client of ours sends. */
const requests: readonly ((random: Random) => WireRequest)[] = [
  (random) => posted(Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256)))),
  () => posted('[[[[[[[['.repeat(2_000)),
  () => posted('{"query":"{ __typename }","variables":{"__proto__":{"x":1}}}'),
  () => posted('{"query":"{ __typename }","constructor":{"prototype":{"x":1}}}'),
  () => posted([{ query: '{ __typename }' }, { query: '{ __typename }' }]),
  (random) =>
    posted(random.oneOf(['null', '1', '""', '[]', '{}', '', '{"query":null}', '{"query":{}}', '{"query":["{a}"]}'])),
  () => posted({ query: '{ __typename }', operationName: 'x'.repeat(10_000) }),
  () => posted({ query: '{ __typename }', variables: 'none' }),
  () => posted({ query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }),
  () => posted({ query: '{ __typename }', variables: { x: 'x'.repeat(300_000) } }),
  (random) =>
    posted('query={__typename}', {
      'content-type': random.oneOf([
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/json; charset=utf-16',
        'x',
        '',
      ]),
    }),
  (random) =>
    posted(
      { query: '{ currentAccount { id } }' },
      {
        authorization: random.oneOf([
          'Bearer',
          'Bearer ',
          'Basic YTpi',
          `Bearer ${'x'.repeat(4_000)}`,
          'Bearer a b',
          'Bearer null',
        ]),
      },
    ),
  (random) =>
    posted(
      { query: '{ members { id } }' },
      { 'x-workspace': random.oneOf(['__proto__', 'operator', '', 'x'.repeat(3_000), '../..', '*']) },
    ),
  (random) =>
    posted(
      { query: '{ __typename }' },
      { host: random.oneOf(['evil.example', 'a b', '[::', '1.2.3.4.5', 'localhost:99999', '']) },
    ),
  () =>
    posted(
      { query: '{ __typename }' },
      { 'x-forwarded-for': '::1, 10.0.0.1', 'x-forwarded-proto': 'https', forwarded: 'for=_x' },
    ),
  (random) =>
    posted(
      { query: '{ __typename }' },
      {
        accept: random.oneOf([
          'text/html',
          '*',
          'application/xml',
          'multipart/mixed;deferSpec=20220824',
          ',,,',
          'x/y;q=z',
        ]),
      },
    ),
  (random) => ({ method: random.oneOf(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']), path: '/graphql', headers: {} }),
  (random) => ({
    method: 'GET',
    path: random.oneOf([
      '/graphql',
      '/graphql?query={__typename}',
      '/graphql?query=%7B__typename%7D&variables=%7B',
      '/graphql?query=%FF',
      '/graphql?query=mutation%7BsignOut%7D',
      '/graphql?query=a&query=b',
      '/%',
      '//evil.example',
      '/..%2f..%2fetc%2fpasswd',
      '/explorer/../../package.json',
      '/explorer/..%5c..%5cpackage.json',
      '/health/ready',
      '/health/live?x=1',
      '/.well-known/security.txt',
      '/.env',
    ]),
    headers: random.chance(50) ? { 'apollo-require-preflight': '1' } : {},
  }),
];

/** A document that means harm. */
export const hostileDocument = (random: Random): string =>
  random.oneOf(documents)(random.oneOf([1, 3, 12, 31, 60, 400]));

/** A request that means harm. */
export const hostileRequest = (random: Random): WireRequest => {
  if (random.chance(45)) return random.oneOf(requests)(random);
  return posted({ query: hostileDocument(random) });
};

/** A document with something amiss: a piece gone, doubled, exchanged or strange. */
export const disturbed = (source: string, random: Random): string => {
  const pieces = source.split(/(\W)/);
  const at = random.below(pieces.length);
  const piece = pieces[at]!;
  pieces[at] = random.oneOf([
    '',
    piece + piece,
    random.oneOf(pieces),
    '$',
    '{',
    '}',
    '!',
    '@',
    '...',
    '"',
    '\u0000',
    'id',
    'null',
  ]);
  const text = pieces.join('');
  return random.chance(10) ? text.slice(0, random.below(text.length)) : text;
};
