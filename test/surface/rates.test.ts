import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { defaultRates } from '../../schema/rates.js';
import { type Serving, serving, type ToyContext } from '../schema/serving.js';
import { rawQuery, rawRequest } from '../support/rawHttp.js';

const open: Serving[] = [];
afterAll(() => Promise.all(open.map((server) => server.close())));

let now = 1_700_000_000_000;
const clock = { now: () => now };
const never = { capacity: 1e9, perSecond: 1e9 };
const unlimited = { requestsPerAddress: never, costPerAccount: never, costPerAddress: never };

const limitedTo = async (rates: object, options: Parameters<typeof serving>[0] = {}) => {
  const surface = { proxies: ['loopback'], clock, rates: { ...unlimited, ...rates } };
  const accountOf = ({ caller }: ToyContext) => caller.token ?? null;
  const server = await serving({ surface, accountOf, ...options });
  open.push(server);
  return server;
};
const from = (address: string, token?: string) => ({
  'x-forwarded-for': address,
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});
/** The statuses of so many requests, one after the other. */
const statuses = async (crm: Serving, times: number, query: string, headers: Record<string, string>) => {
  const seen: number[] = [];
  for (let n = 0; n < times; n += 1) seen.push((await rawQuery(crm.url, query, headers)).status);
  return seen;
};

test('[P3.6] an address that sends more than its rate is refused, with when to try again, and then answered again', async () => {
  const crm = await limitedTo({ requestsPerAddress: { capacity: 3, perSecond: 0.5 } });
  expect(await statuses(crm, 3, '{ hello }', from('203.0.113.1'))).toEqual([200, 200, 200]);
  const refused = await rawQuery(crm.url, '{ hello }', from('203.0.113.1'));
  expect(refused.status).toBe(429);
  expect(refused.headers['retry-after']).toBe('2');
  expect(JSON.parse(refused.text)).toEqual({
    errors: [
      {
        message: 'There were too many requests; try again later.',
        extensions: { code: 'RATE_LIMITED', retryAfter: 2 },
      },
    ],
  });
  expect(await statuses(crm, 1, '{ hello }', from('203.0.113.2'))).toEqual([200]);
  now += 2_000;
  expect(await statuses(crm, 2, '{ hello }', from('203.0.113.1'))).toEqual([200, 429]);
});

test('every path counts, but health does not', async () => {
  const crm = await limitedTo({ requestsPerAddress: { capacity: 2, perSecond: 0.001 } });
  const paths = ['/nowhere', '/explorer', '/nowhere', '/health/live', '/health/ready'];
  const seen: number[] = [];
  for (const path of paths) seen.push((await rawRequest(`${crm.url}${path}`, { headers: from('203.0.113.1') })).status);
  expect(seen).toEqual([404, 200, 429, 200, 200]);
});

test('the machine itself is not limited by its address', async () => {
  const crm = await limitedTo({ requestsPerAddress: { capacity: 1, perSecond: 0.001 } });
  expect(await statuses(crm, 3, '{ hello }', {})).toEqual([200, 200, 200]);
});

test.each([
  ['by Apollo', '{ people(first: 20) { edges { cursor node { refused: mood } } } hello }', 3],
  ['in the fast lane', '{ people(first: 20) { edges { node { id name } } } }', 2],
])(
  '[P3.6] operations are charged to the account by what they cost, whatever address they come from: %s',
  async (_, query) => {
    const crm = await limitedTo({ costPerAccount: { capacity: 250, perSecond: 10 } });
    const seen: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      seen.push((await rawQuery(crm.url, query, from(`203.0.113.${n}`, 'ada'))).status);
    }
    expect(seen.filter((status) => status === 200).length).toBeGreaterThan(1);
    expect(seen.at(-1)).toBe(429);
    expect(await statuses(crm, 1, query, from('203.0.113.1', 'bob'))).toEqual([200]);
    now += 60_000;
    expect(await statuses(crm, 1, query, from('203.0.113.1', 'ada'))).toEqual([200]);
  },
);

test('an operation is charged once, also where both lanes have a go at it', async () => {
  const crm = await limitedTo({ costPerAccount: { capacity: 10, perSecond: 0.001 } });
  const query = '{ refused hello }'; // the fast lane gives up, Apollo answers
  expect(await statuses(crm, 6, query, from('203.0.113.1', 'ada'))).toEqual([200, 200, 200, 200, 200, 429]);
});

test('operations of whoever is not signed in are charged to their address', async () => {
  const crm = await limitedTo({ costPerAddress: { capacity: 3, perSecond: 0.001 } });
  expect(await statuses(crm, 4, '{ hello }', from('203.0.113.1'))).toEqual([200, 200, 200, 429]);
  expect(await statuses(crm, 1, '{ hello }', from('203.0.113.2'))).toEqual([200]);
});

test('a refusal on cost carries Retry-After too', async () => {
  const crm = await limitedTo({ costPerAddress: { capacity: 1, perSecond: 0.1 } });
  await statuses(crm, 1, '{ hello }', from('203.0.113.1'));
  const { headers, text } = await rawQuery(crm.url, '{ hello }', from('203.0.113.1'));
  expect(headers['retry-after']).toBe('10');
  expect(JSON.parse(text).errors[0].extensions).toEqual({ code: 'RATE_LIMITED', retryAfter: 10 });
});

test('subscriptions are charged as other operations are', async () => {
  const crm = await limitedTo({ costPerAccount: { capacity: 2, perSecond: 0.001 } });
  const connection = createClient({
    url: `${crm.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: 'Bearer ada' },
    retryAttempts: 0,
  });
  const outcome = async () => {
    try {
      for await (const _ of connection.iterate({ query: 'subscription { ticks(to: 1) { number } }' }));
      return 'done';
    } catch (errors) {
      return (errors as { extensions: { code: string } }[])[0]!.extensions.code;
    }
  };
  expect([await outcome(), await outcome()]).toEqual(['done', 'RATE_LIMITED']);
  await connection.dispose();
});

test('a field can cost more than one', async () => {
  const crm = await limitedTo({});
  const schema = crm.schema;
  Object.assign(schema.getQueryType()!.getFields().whoami!.extensions, { cost: 6_000 });
  expect((await rawQuery(crm.url, '{ a: whoami }')).status).toBe(200);
  expect((await rawQuery(crm.url, '{ a: whoami b: whoami }')).code).toBe('QUERY_TOO_COSTLY');
});

test('the defaults let a person work: a page of fifty contacts several times a second, and a long burst', () => {
  const PAGE_OF_FIFTY = 1_500;
  expect(defaultRates.costPerAccount.perSecond / PAGE_OF_FIFTY).toBeGreaterThan(5);
  expect(defaultRates.costPerAccount.capacity / PAGE_OF_FIFTY).toBeGreaterThan(200);
});
