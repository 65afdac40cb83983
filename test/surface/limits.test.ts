import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { defaultLimits } from '../../schema/limits.js';
import { type Serving, serving, type ToyContext } from '../schema/serving.js';
import { eventually } from '../support/eventually.js';
import { rawQuery } from '../support/rawHttp.js';

const open: Serving[] = [];
const started = async (options: Parameters<typeof serving>[0] = {}) => {
  const server = await serving(options);
  open.push(server);
  return server;
};
afterAll(() => Promise.all(open.map((server) => server.close())));

const extensionsOf = (answer: Awaited<ReturnType<Serving['post']>>) => ({
  status: answer.status,
  ...answer.body.errors?.[0]?.extensions,
});
const accountOf = ({ caller }: ToyContext) => caller.token ?? null;

test('the defaults are these; a change of one is a decision', () => {
  expect(defaultLimits).toEqual({
    depth: 12,
    cost: 10_000,
    aliases: 30,
    directives: 50,
    tokens: 2_000,
    documentCharacters: 100_000,
    pageSize: 200,
    bodyBytes: 8_388_608,
    anonymousBodyBytes: 262_144,
    requestTimeoutMs: 15_000,
    requestsUnderWay: 1_000,
    sockets: 1_000,
    subscriptionsPerSocket: 20,
    socketMessageBytes: 262_144,
  });
});

describe('directives', () => {
  test('[P5.5] fifty are answered, one more is not, on fields, fragments and spreads alike', async () => {
    const crm = await started();
    const fields = (count: number) => Array.from({ length: count }, () => 'hello @include(if: true)').join(' ');
    const query = (count: number) =>
      `{ ...F @skip(if: false) ... on Query @include(if: true) { ${fields(count)} } } fragment F on Query { hello @skip(if: false) }`;
    expect(extensionsOf(await crm.post({ query: query(47) }))).toEqual({ status: 200 });
    expect(extensionsOf(await crm.post({ query: query(48) }))).toEqual({
      status: 400,
      code: 'TOO_MANY_DIRECTIVES',
      limit: 50,
      actual: 51,
    });
  });

  test('[P5.5] as many on one field as a document can hold are refused at once', async () => {
    const crm = await started();
    const begun = performance.now();
    const answer = await crm.post({ query: `{ hello ${'@aa '.repeat(995)} }` });
    expect(extensionsOf(answer)).toMatchObject({ status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('bodies', () => {
  const large = { query: '{ hello }', variables: { filler: 'x'.repeat(300_000) } };

  test('[P5.5] a large body is read only from somebody signed in', async () => {
    const crm = await started({ accountOf });
    expect(extensionsOf(await crm.post(large))).toEqual({ status: 413, code: 'BODY_TOO_LARGE', limit: 262_144 });
    expect(extensionsOf(await crm.post(large, { authorization: 'Bearer ada' }))).toEqual({ status: 200 });
  });

  test('[P5.5] so is one that does not say how large it is', async () => {
    const crm = await started({ accountOf });
    const chunked = (headers: Record<string, string>) => {
      const body = new Blob([JSON.stringify({ query: '{ hello }' })]).stream();
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        duplex: 'half',
      };
      return crm.ask('/graphql', init as RequestInit);
    };
    expect(extensionsOf(await chunked({}))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(extensionsOf(await chunked({ authorization: 'Bearer ada' }))).toEqual({ status: 200 });
  });
});

test('[P5.5] requests beyond those that can be answered at once are refused clearly, and answered when there is room', async () => {
  let begun = 0;
  const crm = await started({
    limits: { requestsUnderWay: 2 },
    contextOf: async (caller) => {
      begun += 1;
      return { caller };
    },
  });
  const slow = [0, 1].map(() => crm.post({ query: '{ slow(ms: 1000) }' }));
  await eventually('both to be under way', () => begun === 2);
  const refused = await rawQuery(crm.url, '{ hello }');
  expect([refused.status, refused.code, refused.headers['retry-after']]).toEqual([503, 'OVERLOADED', '1']);
  for (const answer of await Promise.all(slow)) expect(answer.body).toEqual({ data: { slow: 'done' } });
  expect((await rawQuery(crm.url, '{ hello }')).status).toBe(200);
});

describe('sockets', () => {
  const client = ({ url }: Serving): Client =>
    createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => undefined,
    });
  const ENDLESS = { query: 'subscription { ticks(to: 100000) { number } }' };
  /** Begins a subscription and gives its first event, or the code that it is refused with. */
  const first = async (connection: Client) => {
    try {
      return (await connection.iterate(ENDLESS).next()).value?.data;
    } catch (errors) {
      return (errors as { extensions: { code: string } }[])[0]!.extensions;
    }
  };

  test('[P5.5] one has so many subscriptions, and another has its own', async () => {
    const crm = await started({ limits: { subscriptionsPerSocket: 2 } });
    const [one, other] = [client(crm), client(crm)];
    expect([await first(one), await first(one)]).toEqual([{ ticks: { number: 1 } }, { ticks: { number: 1 } }]);
    expect(await first(one)).toEqual({ code: 'TOO_MANY_SUBSCRIPTIONS', limit: 2 });
    expect(await first(other)).toEqual({ ticks: { number: 1 } });
    await Promise.all([one.dispose(), other.dispose()]);
  });

  test('[P5.5] the server has so many of them', async () => {
    const crm = await started({ limits: { sockets: 1 } });
    const url = `${crm.url.replace('http', 'ws')}/graphql`;
    const held = new WebSocket(url, 'graphql-transport-ws');
    await new Promise((resolve) => held.on('open', resolve));
    const status = await new Promise((resolve) => {
      const next = new WebSocket(url, 'graphql-transport-ws');
      next.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
      next.on('open', () => resolve('open'));
    });
    held.close();
    expect(status).toBe(503);
  });

  test('[P5.5] one that sends too large a message is closed', async () => {
    const crm = await started({ limits: { socketMessageBytes: 1_000 } });
    const socket = new WebSocket(`${crm.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await new Promise((resolve) => socket.on('open', resolve));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.send(JSON.stringify({ type: 'connection_init', payload: { filler: 'x'.repeat(1_100) } }));
    expect(await closed).toBe(1009);
  });
});
