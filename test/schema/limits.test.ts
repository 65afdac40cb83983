import { buildSchema, getIntrospectionQuery, type OperationDefinitionNode, parse } from 'graphql';
import { checkCost, checkShape, defaultLimits } from '../../schema/limits.js';
import { type Serving, serving } from './serving.js';

let crm: Serving;
beforeAll(async () => {
  crm = await serving();
});
afterAll(() => crm.close());

/** The errors' extensions, asked twice: what was refused once is refused again. */
async function refused(query: string, variables?: object) {
  await crm.post({ query, variables });
  const { status, body } = await crm.post({ query, variables });
  return { status, ...body.errors?.[0]?.extensions };
}

const friends = (levels: number): string =>
  levels === 0 ? 'id' : `friends(first: 1) { edges { node { ${friends(levels - 1)} } } }`;

describe('each limit answers with its code when it is passed, and lets pass what just reaches it', () => {
  test('depth', async () => {
    const deep = (levels: number) => `{ people(first: 1) { edges { node { ${friends(levels)} } } } }`;
    expect(await refused(deep(2))).toEqual({ status: 200 });
    expect(await refused(deep(3))).toEqual({ status: 400, code: 'QUERY_TOO_DEEP', limit: 12, actual: 13 });
  });

  test('depth through fragments', async () => {
    const query = `{ people(first: 1) { ...A } }
      fragment A on PersonConnection { edges { node { friends(first: 1) { ...B } } } }
      fragment B on PersonConnection { edges { node { friends(first: 1) { ...C } } } }
      fragment C on PersonConnection { edges { node { friends(first: 1) { edges { node { id } } } } } }`;
    expect(await refused(query)).toMatchObject({ code: 'QUERY_TOO_DEEP', actual: 13 });
  });

  test('depth of introspection', async () => {
    expect(
      (await crm.post({ query: getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }) })).status,
    ).toBe(200);
    const endless = '{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }';
    expect(await refused(endless)).toEqual({ status: 400, code: 'QUERY_TOO_DEEP' });
  });

  test('aliases', async () => {
    const query = (count: number) => `{ ${Array.from({ length: count }, (_, n) => `a${n}: whoami`).join(' ')} }`;
    expect(await refused(query(30))).toEqual({ status: 200 });
    expect(await refused(query(31))).toEqual({ status: 400, code: 'TOO_MANY_ALIASES', limit: 30, actual: 31 });
  });

  test('aliases in a fragment, once per spread', async () => {
    const query = `{ people(first: 1) { edges { node { ...F friends(first: 1) { edges { node { ...F } } } } } } }
      fragment F on Person { ${Array.from({ length: 16 }, (_, n) => `a${n}: name`).join(' ')} }`;
    expect(await refused(query)).toMatchObject({ code: 'TOO_MANY_ALIASES', actual: 32 });
  });

  test('tokens', async () => {
    const query = (tags: number) => `{ echo(input: { name: "x", tags: [${'"a" '.repeat(tags)}] }) }`;
    expect(await refused(query(1_984))).toEqual({ status: 200 });
    expect(await refused(query(1_985))).toEqual({ status: 400, code: 'QUERY_TOO_LONG', limit: 2_000 });
  });

  test('characters', async () => {
    expect(await refused(`{ whoami }${' '.repeat(100_000)}`)).toEqual({
      status: 400,
      code: 'QUERY_TOO_LONG',
      limit: 100_000,
    });
  });

  test('page size, as a literal', async () => {
    expect(await refused('{ people(first: 200) { totalCount } }')).toEqual({ status: 200 });
    expect(await refused('{ people(first: 201) { totalCount } }')).toEqual({
      status: 400,
      code: 'PAGE_TOO_LARGE',
      limit: 200,
      actual: 201,
    });
    expect(await refused('{ people(first: -1) { totalCount } }')).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'first',
    });
  });

  test('page size, as a variable, at every request', async () => {
    const query = 'query ($n: Int = 500) { people(first: $n) { totalCount } }';
    expect(await refused(query, { n: 200 })).toEqual({ status: 200 });
    expect(await refused(query, { n: 201 })).toEqual({ status: 400, code: 'PAGE_TOO_LARGE', limit: 200, actual: 201 });
    expect(await refused(query, {})).toMatchObject({ code: 'PAGE_TOO_LARGE', actual: 500 });
    expect(await refused(query, { n: -1 })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'first' });
  });

  test('cost, which a page multiplies, at every request', async () => {
    const query = `query ($n: Int!, $m: Int!) {
      people(first: $n) { edges { node { id friends(first: $m) { edges { node { id name } } } } } }
    }`;
    expect(await refused(query, { n: 10, m: 200 })).toEqual({ status: 200 }); // 1 + 10 × (4 + 200 × 4)
    expect(await refused(query, { n: 13, m: 200 })).toEqual({
      status: 400,
      code: 'QUERY_TOO_COSTLY',
      limit: 10_000,
      actual: 10_453,
    });
  });

  test('cost of a page whose size the request does not say', async () => {
    const nested = '{ people { edges { node { friends { edges { node { friends { edges { node { id } } } } } } } } } }';
    expect(await refused(nested)).toMatchObject({ code: 'QUERY_TOO_COSTLY' });
  });
});

describe('fragments', () => {
  test('a cycle is refused', async () => {
    const query =
      '{ people(first: 1) { ...A } } fragment A on PersonConnection { ...B } fragment B on PersonConnection { ...A }';
    expect(await refused(query)).toMatchObject({ status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  test.each([
    ['a literal', '1'],
    ['a variable', '$n'],
  ])('that double at every level are refused at once, with %s as page size', async (_, size) => {
    const doubling = Array.from(
      { length: 40 },
      (__, n) => `fragment F${n} on Person { boss { ...F${n + 1} } ...F${n + 1} }`,
    );
    const last = `fragment F40 on Person { friends(first: ${size}) { totalCount } }`;
    const query = `query ($n: Int = 1) { people(first: $n) { edges { node { ...F0 } } } } ${doubling.join(' ')} ${last}`;
    const begun = performance.now();
    expect((await refused(query)).code).toMatch(/QUERY_TOO_(DEEP|COSTLY)/);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test('that make an operation endless are counted no further than the limit', () => {
    const schema = buildSchema('type Query { list(first: Int): [Query] id: Int }');
    const doubling = Array.from(
      { length: 60 },
      (_, n) => `fragment F${n} on Query { ...F${n + 1} ... on Query { ...F${n + 1} } }`,
    );
    const document = parse(
      `query ($n: Int) { ...F0 } ${doubling.join(' ')} fragment F60 on Query { list(first: $n) { id } }`,
    );
    const cost = checkShape(schema, document, document.definitions[0] as OperationDefinitionNode, defaultLimits);
    expect(() => checkCost(cost, { n: 0 }, defaultLimits)).toThrow('The operation would cost more than allowed.');
  });
});

test('a page of 100 contacts with their company, e-mails, tags and consents fits', () => {
  const schema = buildSchema(`
    type Query { contacts(first: Int = 50): Connection }
    type Connection { edges: [Edge] pageInfo: PageInfo totalCount: Int totalCountIsExact: Boolean }
    type PageInfo { hasNextPage: Boolean endCursor: String }
    type Edge { cursor: String node: Contact }
    type Contact { ${Array.from({ length: 20 }, (_, n) => `f${n}: String`).join(' ')} company: Company emails: [Email] tags: [String] consents: [Consent] }
    type Company { id: ID name: String domain: String sector: String location: String }
    type Email { value: String label: String }
    type Consent { purpose: String channel: String state: String since: String basis: String noticeVersion: String }
  `);
  const contact = `${Array.from({ length: 20 }, (_, n) => `f${n}`).join(' ')} company { id name domain sector location }
    emails { value label } tags consents { purpose channel state since basis noticeVersion }`;
  const document = parse(`query ($n: Int!) { contacts(first: $n) {
    edges { cursor node { ${contact} } } pageInfo { hasNextPage endCursor } totalCount totalCountIsExact } }`);
  const cost = checkShape(schema, document, document.definitions[0] as OperationDefinitionNode, defaultLimits);
  expect(() => checkCost(cost, { n: 100 }, defaultLimits)).not.toThrow();
  expect(() => checkCost(cost, { n: 200 }, defaultLimits)).not.toThrow();
});
