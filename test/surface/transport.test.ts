import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { type Serving, serving } from '../schema/serving.js';
import { makeCertificate } from '../support/certificate.js';
import { rawQuery, rawRequest } from '../support/rawHttp.js';

const open: Serving[] = [];
const started = async (surface: Parameters<typeof serving>[0]) => {
  const server = await serving(surface);
  open.push(server);
  return server;
};
afterAll(() => Promise.all(open.map((server) => server.close())));

/** Whether a WebSocket opens, or the status that it is refused with. */
const connects = (url: string, headers: Record<string, string> = {}, ca?: string): Promise<true | number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers, ca });
    socket.on('open', () => {
      socket.close();
      resolve(true);
    });
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode!));
    socket.on('error', reject);
  });

describe('TLS served here', () => {
  const { cert, key } = makeCertificate();
  let crm: Serving;
  beforeAll(async () => {
    crm = await started({ surface: { tls: { cert, key } } });
  });

  test('[P5.1] queries and subscriptions are answered over TLS, with HSTS', async () => {
    expect(crm.url).toMatch(/^https:/);
    const answer = await rawQuery(crm.url, '{ hello }', {}, cert);
    expect(JSON.parse(answer.text)).toEqual({ data: { hello: 'hello world' } });
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    expect(await connects(crm.url, {}, cert)).toBe(true);
  });

  test('[P5.1] a host of any name is answered, since what comes is encrypted', async () => {
    const options = { method: 'POST', headers: { host: 'crm.example', 'content-type': 'application/json' } };
    const body = '{"query":"{ hello }"}';
    const asked = await rawRequest(`${crm.url}/graphql`, { ...options, body, ca: cert, servername: 'localhost' });
    expect(asked.status).toBe(200);
  });

  test('[P5.1] nothing is answered in plain HTTP on that port', async () => {
    await expect(rawQuery(crm.url.replace('https', 'http'), '{ hello }')).rejects.toThrow();
  });

  test('[P5.1] versions of TLS before 1.2 are refused', async () => {
    const { hostname, port } = new URL(crm.url);
    const attempt = new Promise((resolve, reject) => {
      const options = {
        host: hostname,
        port: Number(port),
        ca: cert,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
      } as const;
      const socket = connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }, () => resolve(socket.getProtocol()));
      socket.on('error', reject);
    });
    await expect(attempt).rejects.toThrow();
  });
});

describe('TLS required', () => {
  let crm: Serving;
  beforeAll(async () => {
    crm = await started({});
  });

  test.each(['localhost', '127.0.0.1', '127.8.9.1:4000', '[::1]:4000', 'LOCALHOST:80'])(
    'a plain request for %s is answered: it does not leave the machine',
    async (host) => {
      const answer = await rawQuery(crm.url, '{ hello }', { host });
      expect(answer.status).toBe(200);
      expect(answer.headers['strict-transport-security']).toBeUndefined();
    },
  );

  test.each(['crm.example', '192.0.2.1:4000', 'localhost.example', '127.0.0.1.example', 'localhost@evil.example'])(
    '[P5.1] a plain request for %s is refused',
    async (host) => {
      const { status, code } = await rawQuery(crm.url, '{ hello }', { host });
      expect([status, code]).toEqual(host.includes('@') ? [400, 'BAD_REQUEST'] : [403, 'TLS_REQUIRED']);
    },
  );

  test('[P5.1] so is a WebSocket', async () => {
    expect(await connects(crm.url, { host: 'crm.example' })).toBe(403);
    expect(await connects(crm.url)).toBe(true);
  });

  test('[P5.1] what anybody may claim in X-Forwarded-Proto is not believed', async () => {
    const forwarded = { host: 'crm.example', 'x-forwarded-proto': 'https' };
    expect((await rawQuery(crm.url, '{ hello }', forwarded)).code).toBe('TLS_REQUIRED');
    expect(await connects(crm.url, forwarded)).toBe(403);
  });

  test('health is told in plain HTTP too, to a load balancer', async () => {
    expect((await rawRequest(`${crm.url}/health/live`, { headers: { host: '10.0.0.7' } })).status).toBe(200);
  });

  test.each(['a b', 'a/b', '1.2.3.4.5', '[::', 'x:99999'])('a Host that is none is refused: %s', async (host) => {
    const { status } = await rawQuery(crm.url, '{ hello }', { host });
    expect([400, 403]).toContain(status);
  });
});

describe('behind a proxy that ends TLS', () => {
  let crm: Serving;
  beforeAll(async () => {
    crm = await started({ surface: { proxies: ['loopback', '10.0.0.0/8'] } });
  });
  const asking = (headers: Record<string, string>) =>
    rawQuery(crm.url, '{ hello }', { host: 'crm.example', ...headers });

  test('[P5.1] what it forwards as https is answered, with HSTS', async () => {
    const answer = await asking({ 'x-forwarded-proto': 'https' });
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toBeDefined();
    expect(await connects(crm.url, { host: 'crm.example', 'x-forwarded-proto': 'https' })).toBe(true);
  });

  test('[P5.1] what it forwards as http, or says nothing of, is refused', async () => {
    expect((await asking({ 'x-forwarded-proto': 'http' })).code).toBe('TLS_REQUIRED');
    expect((await asking({ 'x-forwarded-proto': 'https, http' })).code).toBe('TLS_REQUIRED');
    expect((await asking({})).code).toBe('TLS_REQUIRED');
  });

  test('the address is the last one before the proxies, whatever the client put in front', async () => {
    const seen: (string | undefined)[] = [];
    const noting = await started({
      surface: { proxies: ['loopback', '10.0.0.0/8'] },
      contextOf: async (caller) => {
        seen.push(caller.remoteAddress);
        return { caller };
      },
    });
    for (const forwardedFor of ['203.0.113.9', '6.6.6.6, 203.0.113.9', '6.6.6.6, 203.0.113.9, 10.1.2.3', '10.1.2.3']) {
      await rawQuery(noting.url, '{ hello }', { 'x-forwarded-for': forwardedFor });
    }
    expect(seen).toEqual(['203.0.113.9', '203.0.113.9', '203.0.113.9', '10.1.2.3']);
  });
});
