import { connect } from 'node:net';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { CrmError } from '../../src/errors.js';
import { type Serving, serving } from './serving.js';

let crm: Serving;
beforeAll(async () => {
  crm = await serving({ limits: { bodyBytes: 10_000, requestTimeoutMs: 300 } });
});
afterAll(() => crm.close());

const codes = ({ body }: { body: { errors: { extensions: { code: string } }[] } }) =>
  body.errors.map(({ extensions }) => extensions.code);

describe('over HTTP', () => {
  test('a query is answered by POST and by GET', async () => {
    expect((await crm.post({ query: '{ hello }' })).body).toEqual({ data: { hello: 'hello world' } });
    const variables = encodeURIComponent('{"n":"Ada"}');
    const query = encodeURIComponent('query ($n: String) { hello(name: $n) }');
    const got = await crm.ask(`/graphql?query=${query}&variables=${variables}`, {
      headers: { 'content-type': 'application/json' },
    });
    expect(got.body).toEqual({ data: { hello: 'hello Ada' } });
  });

  test('a mutation is not done by GET', async () => {
    const query = encodeURIComponent('mutation { rename(name: "x") }');
    const answer = await crm.ask(`/graphql?query=${query}`, { headers: { 'apollo-require-preflight': '1' } });
    expect(answer.status).toBe(405);
    expect(codes(answer)).toEqual(['BAD_REQUEST']);
  });

  test('a GET that another site could make a browser send is refused', async () => {
    const answer = await crm.ask(`/graphql?query=${encodeURIComponent('{ hello }')}`);
    expect([answer.status, codes(answer)]).toEqual([400, ['BAD_REQUEST']]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'a body of %s is refused',
    async (type) => {
      const answer = await crm.post('{"query":"{ hello }"}', { 'content-type': type });
      expect([answer.status, codes(answer)]).toEqual([415, ['BAD_REQUEST']]);
    },
  );

  test('a body that is not JSON is refused', async () => {
    expect(await crm.post('{"query":')).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
    });
  });

  test('a batch is refused', async () => {
    expect(codes(await crm.post([{ query: '{ hello }' }]))).toEqual(['BAD_REQUEST']);
  });

  test('a body larger than allowed is refused in the shape of GraphQL', async () => {
    const answer = await crm.post({ query: '{ hello }', variables: { filler: 'x'.repeat(11_000) } });
    expect(answer.status).toBe(413);
    expect(answer.body.errors).toEqual([
      { message: 'The request body is larger than allowed.', extensions: { code: 'BODY_TOO_LARGE', limit: 10_000 } },
    ]);
  });

  test.each([1, 2])('a request that takes too long is answered in time, on either lane (%d)', async () => {
    const answer = await crm.post({ query: '{ slow(ms: 2000) }' });
    expect(answer.status).toBe(503);
    expect(answer.body.errors[0]).toMatchObject({ extensions: { code: 'REQUEST_TIMEOUT', limit: 300 } });
  });

  test('headers forbid caching, sniffing, framing and scripts', async () => {
    for (const answer of [
      await crm.post({ query: '{ hello }' }),
      await crm.ask('/health/live'),
      await crm.ask('/nowhere'),
    ]) {
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
    }
  });

  test('a path that is not there is answered in the shape of GraphQL', async () => {
    expect(await crm.ask('/nowhere')).toMatchObject({
      status: 404,
      body: { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
    });
  });

  test('the context is made once a request, from the bearer token and the workspace', async () => {
    const callers: unknown[] = [];
    const counted = await serving({
      contextOf: async (caller) => {
        callers.push(caller);
        return { caller };
      },
    });
    for (let time = 0; time < 2; time += 1) {
      await counted.post({ query: '{ refused whoami }' }, { authorization: 'bearer abc', 'x-workspace': 'w1' });
    }
    await counted.post({ query: '{ whoami }' }, { authorization: 'Basic abc' });
    await counted.close();
    const remoteAddress = '127.0.0.1';
    const known = { token: 'abc', workspace: 'w1', remoteAddress, userAgent: 'node' };
    expect(callers).toEqual([
      known,
      known,
      { token: undefined, workspace: undefined, remoteAddress, userAgent: 'node' },
    ]);
  });

  test.each([1, 2])('a refusal while the context is made has the status of its code (%d)', async () => {
    const closed = await serving({ contextOf: () => Promise.reject(new CrmError('UNAUTHENTICATED')) });
    const answer = await closed.post({ query: '{ hello }' });
    await closed.close();
    expect([answer.status, codes(answer)]).toEqual([401, ['UNAUTHENTICATED']]);
  });
});

describe('in production', () => {
  test('neither introspection nor suggestions nor the explorer are served', async () => {
    const production = await serving({ production: true });
    expect(codes(await production.post({ query: '{ __schema { types { name } } }' }))).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ]);
    expect((await production.post({ query: '{ helo }' })).text).not.toContain('Did you mean');
    expect((await production.ask('/explorer')).status).toBe(404);
    await production.close();
    expect((await crm.post({ query: '{ helo }' })).text).toContain('Did you mean');
  });
});

describe('health', () => {
  test('live as long as the process answers, ready when it says so', async () => {
    const health = { ready: false, lagSeconds: 90 };
    const sick = await serving({ health: async () => health });
    expect(await sick.ask('/health/live')).toMatchObject({ status: 200, body: { live: true } });
    expect(await sick.ask('/health/ready')).toMatchObject({ status: 503, body: health });
    health.ready = true;
    expect(await sick.ask('/health/ready')).toMatchObject({ status: 200, body: { ready: true } });
    await sick.close();
  });

  test('not ready when the check itself fails', async () => {
    const sick = await serving({ health: () => Promise.reject(new Error('no')) });
    expect(await sick.ask('/health/ready')).toMatchObject({
      status: 503,
      body: { errors: [{ extensions: { code: 'INTERNAL' } }] },
    });
    await sick.close();
  });
});

describe('closing', () => {
  test('lets a request under way finish, and takes no more', async () => {
    const closing = await serving();
    const underWay = closing.post({ query: '{ slow(ms: 200) }' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = closing.close();
    expect((await underWay).body).toEqual({ data: { slow: 'done' } });
    await closed;
    await expect(closing.post({ query: '{ hello }' })).rejects.toThrow();
  });
});

describe('closing with a connection on which requests come one behind the other', () => {
  test('answers the one under way, and refuses the next by a code and with when to try again', async () => {
    const closing = await serving();
    const { port } = new URL(closing.url);
    const socket = connect(Number(port), '127.0.0.1');
    const request = (query: string) => {
      const body = JSON.stringify({ query });
      const head = `host: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
      return `POST /graphql HTTP/1.1\r\n${head}\r\n\r\n${body}`;
    };
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    await new Promise<void>((resolve) => socket.write(request('{ slow(ms: 300) }'), () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const hungUp = new Promise((resolve) => socket.on('close', resolve));
    const closed = closing.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(request('{ hello }'));
    await Promise.all([closed, hungUp]);
    const [, first, second] = received.split('HTTP/1.1 ');
    expect(first).toMatch(/^200 .*"slow":"done"/s);
    expect(second).toMatch(/^503 .*\r\nretry-after: 1\r\n.*"code":"OVERLOADED"/s);
  });
});

describe('closing with a subscription open', () => {
  test('ends it, and takes no more connections', async () => {
    const closing = await serving();
    const url = `${closing.url.replace('http', 'ws')}/graphql`;
    const connection = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    const events = connection.iterate({ query: 'subscription { ticks(to: 1000) { number } }' });
    expect((await events.next()).value).toMatchObject({ data: { ticks: { number: 1 } } });
    const ended = (async () => {
      for await (const _ of events);
    })();
    await Promise.all([closing.close(), expect(ended).rejects.toMatchObject({ code: 1001 })]);
    await connection.dispose();
  });
});

describe('over WebSocket', () => {
  test.each(['/elsewhere', '//', '/graphql/more'])(
    'a connection to %s is cut off, and the server goes on',
    async (path) => {
      const socket = new WebSocket(`${crm.url.replace('http', 'ws')}${path}`, 'graphql-transport-ws');
      await new Promise((resolve) => socket.on('error', resolve));
      expect((await crm.ask('/health/live')).status).toBe(200);
    },
  );

  const client = (connectionParams: Record<string, string> = {}) =>
    createClient({
      url: `${crm.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams,
      retryAttempts: 0,
    });

  async function collected(query: string, variables?: Record<string, unknown>, params?: Record<string, string>) {
    const connection = client(params);
    const results: unknown[] = [];
    try {
      for await (const result of connection.iterate({ query, variables })) results.push(result);
      return results;
    } finally {
      await connection.dispose();
    }
  }

  test('a subscription yields its events, each in a context from the connection’s parameters', async () => {
    const query = 'subscription ($to: Int!) { ticks(to: $to) { number whoami } }';
    const results = await collected(query, { to: 2 }, { authorization: 'Bearer abc', 'x-workspace': 'w1' });
    expect(results).toEqual([
      { data: { ticks: { number: 1, whoami: 'abc' } } },
      { data: { ticks: { number: 2, whoami: 'abc' } } },
    ]);
  });

  test('below its root a subscription may hang on a variable, and on its default', async () => {
    const query = `subscription ($on: Boolean = true) { ...Root }
      fragment Root on Subscription { ticks(to: 1) { number @include(if: $on) whoami @skip(if: $on) } }`;
    expect(await collected(query, {})).toEqual([{ data: { ticks: { number: 1 } } }]);
    expect(await collected(query, { on: false })).toEqual([{ data: { ticks: { whoami: null } } }]);
  });

  test('a session that ends meanwhile gets no further event', async () => {
    let left = 3;
    const ending = await serving({
      contextOf: async (caller) => {
        left -= 1;
        if (left < 0) throw new CrmError('UNAUTHENTICATED');
        return { caller };
      },
    });
    const connection = createClient({
      url: `${ending.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const results: { data?: unknown; errors?: readonly { extensions?: unknown }[] }[] = [];
    for await (const result of connection.iterate({ query: 'subscription { ticks(to: 9) { number } }' }))
      results.push(result);
    await connection.dispose();
    await ending.close();
    expect(results.slice(0, 2).map(({ data }) => data)).toEqual([{ ticks: { number: 1 } }, { ticks: { number: 2 } }]);
    expect(results.slice(2)).toEqual([
      { errors: [{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
  });

  test.each([
    ['a query', '{ hello }', 'BAD_REQUEST'],
    ['no GraphQL', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { tocks }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable of another type', 'subscription ($to: Int!) { ticks(to: $to) { number } }', 'BAD_USER_INPUT'],
    [
      'a root field that hangs on a variable, whatever its default,',
      'subscription ($on: Boolean = true) { ticks(to: 1) @include(if: $on) { number } }',
      'BAD_USER_INPUT',
    ],
    ['a document that is too long', `subscription { ${'ticks(to: 1) { number } '.repeat(400)} }`, 'QUERY_TOO_LONG'],
  ])('%s is refused', async (_, query, code) => {
    const refusal = await collected(query, { to: 'x' }).catch(
      (errors: { extensions: { code: string } }[]) => errors[0]!.extensions.code,
    );
    expect(refusal).toBe(code);
  });
});
