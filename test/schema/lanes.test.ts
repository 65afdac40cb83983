import { type Answer, type Serving, serving } from './serving.js';

let crm: Serving;
beforeAll(async () => {
  crm = await serving({ limits: { cost: 2_000 } });
});
afterAll(() => crm.close());

const page = `query Page($n: Int, $boss: Boolean = true) {
  people(first: $n) { totalCount edges { cursor node { __typename id name boss @include(if: $boss) { name } } } }
}`;

const GRAPHQL_JSON = 'application/graphql-response+json';

/** What a client sees of an answer. Ids of errors are as random as they should be. */
const visible = ({ status, headers, text }: Answer) => {
  const { date: _, 'content-length': length, ...rest } = headers;
  return { status, headers: rest, length, text: text.replace(/"id":"[\da-f-]{36}"/, '"id":"…"') };
};

describe('a query that comes again', () => {
  test('is answered without Apollo', async () => {
    const lanes = [];
    for (let time = 0; time < 3; time += 1) lanes.push((await crm.post({ query: '{ lane }' })).body.data.lane);
    expect(lanes).toEqual(['apollo', 'fast', 'fast']);
  });

  test('is known by its operation name too', async () => {
    const query = 'query A { lane } query B { lane hello }';
    expect((await crm.post({ query, operationName: 'A' })).body.data).toEqual({ lane: 'apollo' });
    expect((await crm.post({ query, operationName: 'B' })).body.data).toEqual({ lane: 'apollo', hello: 'hello world' });
    expect((await crm.post({ query, operationName: 'B' })).body.data).toEqual({ lane: 'fast', hello: 'hello world' });
    expect((await crm.post({ query, operationName: 'C' })).body.errors[0].extensions.code).toBe(
      'OPERATION_RESOLUTION_FAILURE',
    );
  });

  test.each([
    [
      'over GET',
      () =>
        crm.ask(`/graphql?query=${encodeURIComponent('{ lane }')}`, { headers: { 'apollo-require-preflight': '1' } }),
    ],
    ['with extensions', () => crm.post({ query: '{ lane }', extensions: {} })],
    ['with an Accept out of the ordinary', () => crm.post({ query: '{ lane }' }, { accept: 'application/json;q=0.5' })],
  ])('is answered by Apollo %s', async (_, request) => {
    await crm.post({ query: '{ lane }' });
    expect((await request()).body.data.lane).toBe('apollo');
  });

  test.each([
    '*/*',
    'application/json',
    'application/json, text/plain, */*',
    GRAPHQL_JSON,
    `${GRAPHQL_JSON}, application/json;q=0.9`,
    `${GRAPHQL_JSON},application/json;q=0.9`,
  ])('is answered without Apollo, in the same type, for Accept: %s', async (accept) => {
    // A document of its own for each, and without a word in it: one with words is not kept.
    const query = `{ lane accept${accept.replaceAll(/\W/g, '_')}: hello }`;
    const [first, second] = [await crm.post({ query }, { accept }), await crm.post({ query }, { accept })];
    expect([first.body.data.lane, second.body.data.lane]).toEqual(['apollo', 'fast']);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
  });

  test.each<{ what: string; body: unknown; headers?: Record<string, string> }>([
    { what: 'a page', body: { query: page, variables: { n: 20 } } },
    {
      what: 'a page for another Accept',
      body: { query: page, variables: { n: 3 } },
      headers: { accept: GRAPHQL_JSON },
    },
    {
      what: 'a page for Apollo Client 4',
      body: { query: page, variables: { n: 3 } },
      headers: { accept: `${GRAPHQL_JSON},application/json;q=0.9` },
    },
    {
      what: 'a page with a charset',
      body: { query: page, variables: {} },
      headers: { 'content-type': 'application/json; charset=utf-8' },
    },
    { what: 'a page without the bosses', body: { query: page, variables: { n: 5, boss: false } } },
    { what: 'a page with null where a default is', body: { query: page, variables: { n: null } } },
    { what: 'a page with too many rows', body: { query: page, variables: { n: 201 } } },
    { what: 'a page that costs too much', body: { query: page, variables: { n: 199 } } },
    { what: 'a variable of another type', body: { query: page, variables: { n: 'many' } } },
    { what: 'a condition that is null', body: { query: page, variables: { n: 1, boss: null } } },
    { what: 'a refusal', body: { query: '{ refused hello }' } },
    { what: 'a refusal of the whole', body: { query: '{ hello refusedHard }' } },
    {
      what: 'a refusal of the whole for another Accept',
      body: { query: '{ hello refusedHard }' },
      headers: { accept: GRAPHQL_JSON },
    },
    { what: 'one row refused', body: { query: '{ people(first: 5) { edges { node { mood } } } }' } },
    { what: 'a fault', body: { query: '{ broken }' } },
    {
      what: 'introspection',
      body: { query: '{ __schema { types { name fields { name type { name ofType { name } } } } } }' },
    },
    { what: 'a mutation', body: { query: 'mutation ($n: String!) { rename(name: $n) }', variables: { n: 'Zoë' } } },
    { what: 'an unknown field', body: { query: '{ nothing }' } },
    { what: 'no GraphQL', body: { query: '{' } },
    { what: 'variables that are no object', body: { query: '{ hello }', variables: [] } },
    { what: 'an operation name that is no text', body: { query: '{ hello }', operationName: 5 } },
    { what: 'no query', body: { variables: {} } },
    { what: 'a batch', body: [{ query: '{ hello }' }] },
    { what: 'a subscription', body: { query: 'subscription { ticks(to: 1) { number } }' } },
    {
      what: 'a person’s context',
      body: { query: '{ whoami }' },
      headers: { authorization: 'Bearer t0ken', 'x-workspace': 'w1' },
    },
  ])('gets the same answer each time: $what', async ({ body, headers }) => {
    const answers = [];
    for (let time = 0; time < 3; time += 1) answers.push(visible(await crm.post(body, headers)));
    const throughApollo = await crm.post(body, {
      ...headers,
      'x-other': '1',
      accept: `${headers?.accept ?? '*/*'};q=0.9`,
    });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]!.text).toBe(visible(throughApollo).text);
  });
});
