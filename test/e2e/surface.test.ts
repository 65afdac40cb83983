import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateFiles } from '../support/certificate.js';
import { rawRequest } from '../support/rawHttp.js';
import { environmentFor, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const running: TestServer[] = [];
const started = async (name: string, env: NodeJS.ProcessEnv) => {
  const home = join(directory.path(), name);
  mkdirSync(home);
  const server = await startServer(home, env);
  running.push(server);
  return server;
};
afterAll(() => Promise.all(running.map((server) => server.stop())));

/** A GraphQL request as a proxy would hand it on, or over TLS. */
const asking =
  (origin: string, headers: Record<string, string> = {}, ca?: string) =>
  async (query: string, variables: object = {}) => {
    const { status, text } = await rawRequest(`${origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
      ca,
    });
    const { data, errors } = JSON.parse(text);
    return { status, data, code: errors?.[0].extensions.code, retryAfter: errors?.[0].extensions.retryAfter };
  };

test('[P5.1] the product serves TLS from the files it is given, and prints nothing of the key', async () => {
  const { cert, ...files } = certificateFiles(directory.path());
  const server = await started('tls', { ...files, LOG_LEVEL: 'debug' });
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/graphql$/);
  expect((await asking(server.origin, {}, cert)('{ __typename }')).data).toEqual({ __typename: 'Query' });
  expect(server.output()).not.toMatch(/PRIVATE|[A-Za-z0-9+/]{60,}/);
});

test('[P5.5] a setting that cannot be meant stops the start, by its name and without a stack trace', async () => {
  await expect(startServer(directory.path(), { CORS_ORIGINS: '*' })).rejects.toThrow(/did not start.*CORS_ORIGINS/);
  const file = join(directory.path(), 'wrong.json');
  writeFileSync(file, '{ "a": "{ nothing }" }');
  const attempt = startServer(directory.path(), { PERSISTED_OPERATIONS_FILE: file });
  await expect(attempt).rejects.toThrow(/did not start.*PERSISTED_OPERATIONS_FILE/);
  expect(environmentFor(directory.path()).CORS_ORIGINS).toBeUndefined();
});

test('[P5.5] only registered operations are answered where a file of them is given', async () => {
  const file = join(directory.path(), 'operations.json');
  writeFileSync(file, JSON.stringify({ who: '{ currentAccount { id } }' }));
  const server = await started('persisted', { PERSISTED_OPERATIONS_FILE: file });
  const ask = asking(server.origin);
  expect((await ask('{ currentAccount { id } }')).code).toBe('UNAUTHENTICATED');
  expect((await ask('{ __typename }')).code).toBe('OPERATION_NOT_PERSISTED');
});

describe('signing in behind a proxy', () => {
  const PASSWORD = 'correct horse battery';
  const SIGN_IN =
    'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token } }';
  let server: TestServer;
  beforeAll(async () => {
    server = await started('proxy', { TRUST_PROXY: 'loopback' });
    for (const name of ['Ada', 'Bob']) await signUp(server, name);
  });
  const signIn = (address: string, email: string, password: string, device?: string) => {
    const headers = { 'x-forwarded-for': address, ...(device === undefined ? {} : { 'x-device': device }) };
    return asking(server.origin, headers)(SIGN_IN, { email, password });
  };

  test('[P3.6] after ten wrong passwords the next try has to wait, right or wrong, for a known and an unknown address alike', async () => {
    for (const email of ['ada@example.com', 'nobody@example.com']) {
      const codes: string[] = [];
      for (let n = 0; n < 12; n += 1) codes.push((await signIn('203.0.113.5', email, 'wrong password')).code);
      expect(codes).toEqual([...Array(10).fill('SIGN_IN_FAILED'), 'RATE_LIMITED', 'RATE_LIMITED']);
      const right = await signIn('203.0.113.5', email, PASSWORD);
      expect([right.code, right.retryAfter]).toEqual(['RATE_LIMITED', expect.any(Number)]);
    }
    expect((await signIn('198.51.100.8', 'ada@example.com', PASSWORD)).data.signIn.token).toEqual(expect.any(String));
  });

  test('[P3.6] the owner’s device gets in from an address where somebody has used up all tries', async () => {
    const device = 'f'.repeat(32);
    expect((await signIn('203.0.113.6', 'bob@example.com', PASSWORD, device)).code).toBeUndefined();
    for (let n = 0; n < 11; n += 1) await signIn('203.0.113.6', 'bob@example.com', 'wrong password');
    expect((await signIn('203.0.113.6', 'bob@example.com', PASSWORD)).code).toBe('RATE_LIMITED');
    expect((await signIn('203.0.113.6', 'bob@example.com', PASSWORD, device)).code).toBeUndefined();
  });

  test('[P5.5] aliases are no way to try many passwords in one request', async () => {
    const attempts = Array.from(
      { length: 12 },
      (_, n) => `a${n}: signIn(input: { email: "ada@example.com", password: "guess ${n}" }) { token }`,
    );
    const { code } = await asking(server.origin, { 'x-forwarded-for': '203.0.113.7' })(
      `mutation { ${attempts.join(' ')} }`,
    );
    expect(code).toBe('QUERY_TOO_COSTLY');
  });
});
