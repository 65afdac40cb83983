import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { type Serving, serving } from '../schema/serving.js';
import { rawRequest } from '../support/rawHttp.js';

const now = Date.parse('2026-11-24T12:00:00.000Z');
let closed: Serving;
let open: Serving;
beforeAll(async () => {
  closed = await serving({
    production: true,
    surface: { securityContact: 'mailto:security@crm.example', clock: { now: () => now } },
  });
  open = await serving();
});
afterAll(() => Promise.all([closed.close(), open.close()]));

/** Queries that are misspelt in each of the ways in which graphql-js would help. */
const misspelt = [
  '{ helo }',
  '{ hello(nam: "x") }',
  '{ echo(input: { nane: "x" }) }',
  '{ echo(colour: REDD) }',
  '{ people { edges } }',
  '{ ... on Persn { id } }',
  'query ($x: PersonInpt) { hello }',
];

test.each(misspelt)(
  '[P5.5] in production a misspelt name is not answered with those of the schema: %s',
  async (query) => {
    const said = (await closed.post({ query })).text;
    expect(said).toContain('GRAPHQL_VALIDATION_FAILED');
    expect(said).not.toMatch(/Did you mean/);
  },
);

test('[P5.5] nor over WebSocket', async () => {
  const said = async ({ url }: Serving) => {
    const connection = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    try {
      for await (const _ of connection.iterate({ query: 'subscription { tiks }' }));
      return 'nothing';
    } catch (errors) {
      return JSON.stringify(errors);
    } finally {
      await connection.dispose();
    }
  };
  expect(await said(open)).toContain('Did you mean');
  expect(await said(closed)).toContain('Cannot query field');
  expect(await said(closed)).not.toContain('Did you mean');
});

test.each([
  '{ __schema { types { name } } }',
  '{ __type(name: "Query") { name } }',
  'query { a: __schema { queryType { name } } }',
])('[P5.5] in production the schema cannot be asked for: %s', async (query) => {
  expect((await closed.post({ query })).body).toMatchObject({
    errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
  });
  expect((await open.post({ query })).body.data).toBeDefined();
});

test('[P5.5] both can be switched on in production, and off outside it', async () => {
  const shown = await serving({ production: true, surface: { introspection: true } });
  const hidden = await serving({ surface: { introspection: false } });
  expect((await shown.post({ query: '{ __schema { queryType { name } } }' })).body.data).toBeDefined();
  expect((await hidden.post({ query: '{ __schema { queryType { name } } }' })).body.data).toBeUndefined();
  expect((await hidden.post({ query: '{ helo }' })).text).not.toMatch(/Did you mean/);
  await Promise.all([shown.close(), hidden.close()]);
});

test('[P5.5] no answer names what serves it', async () => {
  for (const path of ['/health/live', '/nowhere', '/graphql']) {
    const { headers } = await closed.ask(path);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-powered-by']));
    expect(headers.server).toBeUndefined();
  }
});

test.each(['/%', '/%zz', '/graphql/%c0%ae'])(
  'a path that is none is refused in the shape of GraphQL, with the security headers, and not repeated: %s',
  async (path) => {
    const { status, headers, text } = await rawRequest(`${closed.url}${path}`);
    expect([400, 404]).toContain(status);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(JSON.parse(text).errors[0].extensions.code).toMatch(/BAD_REQUEST|NOT_FOUND/);
    expect(text).not.toContain('%');
  },
);

test('[P5.5] security.txt says where to report a vulnerability, and never is out of date (RFC 9116)', async () => {
  const { status, headers, text } = await closed.ask('/.well-known/security.txt');
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(text).toBe(
    'Contact: mailto:security@crm.example\nExpires: 2027-02-22T12:00:00.000Z\nPreferred-Languages: en\n',
  );
});
