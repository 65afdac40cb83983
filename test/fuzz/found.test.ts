import { on, once } from 'node:events';
import { WebSocket } from 'ws';
import { rawRequest } from '../support/rawHttp.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** What the fuzzer has found, each in its shortest form. */
const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
beforeAll(async () => {
  server = await startServer(directory.path());
  ada = await signUp(server, 'Ada');
});
afterAll(() => server.stop());

test.each(['contacts', 'companies', 'deals', 'products', 'eventHistory'])(
  'whether the total of %s is exact can be asked without the total',
  async (list) => {
    const page = (await asking(server, ada)(`{ ${list} { totalCountIsExact } }`))[list];
    expect(page).toEqual({ totalCountIsExact: true });
  },
);

test('the history counts its events, within a range of time too', async () => {
  const ask = asking(server, ada);
  const { eventHistory } = await ask('{ eventHistory(first: 1) { totalCount nodes { recordedAt } } }');
  expect(eventHistory.totalCount).toBe(3);
  const later = await ask('query ($from: DateTime!) { eventHistory(filter: { from: $from }) { totalCount } }', {
    from: '2099-01-01T00:00:00.000Z',
  });
  expect(later.eventHistory.totalCount).toBe(0);
});

const post = async (body: object) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ada.token}` };
  const answer = await rawRequest(`${server.origin}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, code: JSON.parse(answer.text).errors?.[0].extensions.code };
};

test('a subscription over HTTP is refused for what it is, by POST and by GET', async () => {
  const query = 'subscription { events { id } }';
  expect(await post({ query })).toEqual({ status: 400, code: 'BAD_REQUEST' });
  const headers = { 'apollo-require-preflight': '1' };
  const got = await rawRequest(`${server.origin}/graphql?query=${encodeURIComponent(query)}`, { headers });
  expect(got.status).toBe(400);
});

test('a document with a subscription in it, of which another operation is run, is answered', async () => {
  const query = 'query A { __typename } subscription B { events { id } }';
  expect(await post({ query, operationName: 'A' })).toEqual({ status: 200, code: undefined });
});

test('a subscription that hangs on a variable at its root is no fault of ours', async () => {
  const query = 'query A { __typename } subscription B($b: Boolean!) { events @include(if: $b) { id } }';
  expect(await post({ query, operationName: 'A' })).toEqual({ status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
  expect(await post({ query, operationName: 'B' })).toEqual({ status: 400, code: 'BAD_REQUEST' });
});

test('the erasures are counted, also where nothing else of them is asked for', async () => {
  const { erasures } = await asking(server, ada)('{ erasures { totalCount totalCountIsExact } }');
  expect(erasures).toEqual({ totalCount: 0, totalCountIsExact: true });
});

test('half a character in a command with an id is bad input of a field, not a fault of ours', async () => {
  const query = 'mutation ($input: AddClientInput!) { addClient(input: $input) { version } }';
  const answer = await server.ask(query, { input: { commandId: crypto.randomUUID(), name: '\ud800' } }, ada);
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.name' });
});

test('fragments that each spread the next twice are refused at once', async () => {
  const doubled = Array.from({ length: 40 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`);
  const query = `{ ...F0 } ${doubled.join(' ')} fragment F40 on Query { __typename }`;
  expect(await post({ query })).toEqual({ status: 400, code: 'QUERY_TOO_COSTLY' });
});

test.each(['connection_ack', 'next', 'error'])(
  'what only a server says (%s) is a bad request from a client, not a fault of ours',
  async (type) => {
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.once('open', () => socket.send(JSON.stringify({ type, id: '0', payload: [] })));
    const [code] = await once(socket, 'close');
    expect(code).toBe(4400);
  },
);

test.each(['@skip(if: true)', '@include(if: false)'])(
  'a subscription whose only field is left out (%s) is a bad request',
  async (directive) => {
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const heard = on(socket, 'message');
    const next = async () => JSON.parse(String((await heard.next()).value?.[0]));
    socket.once('open', () => socket.send('{"type":"connection_init"}'));
    expect(await next()).toEqual({ type: 'connection_ack' });
    const query = `subscription { events ${directive} { id } }`;
    socket.send(JSON.stringify({ type: 'subscribe', id: '0', payload: { query } }));
    expect(await next()).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_REQUEST' } }] });
    socket.close();
    await once(socket, 'close');
  },
);
