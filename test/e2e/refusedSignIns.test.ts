import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { eventually } from '../support/eventually.js';
import { opened, SIGN_IN } from '../support/people.js';
import { startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(directory.path(), { TRUST_PROXY: 'loopback' });
});
afterAll(() => server.stop());

const ADDRESS = '203.0.113.77';
const sent = (query: string, variables: object) =>
  fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': ADDRESS },
    body: JSON.stringify({ query, variables }),
  });
const logged = (kind: string): Record<string, unknown>[] =>
  server
    .output()
    .split('\n')
    .filter((line) => line.includes(kind))
    .map((line) => JSON.parse(line));
const refusals = () => logged('sign-in-refused');

test('[P5.5] a refused sign-in is in the log, without anything of the person, and the same account can be told again', async () => {
  const { email, password, account } = await opened(server);
  const wrong = 'not the password of anybody';
  for (const each of [email, email.toUpperCase(), 'nobody@example.com']) {
    await sent(SIGN_IN, { input: { email: each, password: wrong } });
  }
  const passkey = 'mutation { signInWithPasskey(input: { response: { id: "x", response: {} } }) { token } }';
  await sent(passkey, {});
  await sent('mutation { signInWithOpenId(input: { attempt: "x", response: "y" }) { token } }', {});
  await sent(SIGN_IN, { input: { email, password } });
  const logged = await eventually('five refusals', async () => (refusals().length >= 5 ? refusals() : undefined));
  const hash = expect.stringMatching(/^[\w-]{43}$/);
  const network = '203.0.113.0/24';
  const told = (means: string, code: string) => ({ kind: 'sign-in-refused', means, code, network });
  expect(logged).toMatchObject([
    { ...told('PASSWORD', 'SIGN_IN_FAILED'), account: hash },
    { ...told('PASSWORD', 'SIGN_IN_FAILED'), account: logged[0]!.account },
    { ...told('PASSWORD', 'SIGN_IN_FAILED'), account: hash },
    told('PASSKEY', 'PASSKEY_REFUSED'),
    told('OPENID', 'TOKEN_INVALID'),
  ]);
  expect(logged[2]!.account).not.toBe(logged[0]!.account);
  for (const word of [email, email.toUpperCase(), 'nobody@example.com', ADDRESS, wrong, account.id]) {
    expect(server.output()).not.toContain(word);
  }
});

test('[P5.5] so is what somebody may not do, once a request, by query and by subscription', async () => {
  const { token, account, email } = await opened(server);
  await sent(SIGN_IN, { input: { email, password: 'not the password of anybody' } });
  const known = await eventually('the sign-in', async () => logged('sign-in-refused').at(-1)?.account);
  const caller = { token, workspace: crypto.randomUUID() };
  await server.ask('{ contacts { totalCount } companies { totalCount } }', {}, caller);
  const connectionParams = { authorization: `Bearer ${token}`, 'x-workspace': caller.workspace };
  const url = server.url.replace('http', 'ws');
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
  const answers = client.iterate({ query: 'subscription { events { entityId } }' });
  const refused = { extensions: { code: 'FORBIDDEN' } };
  await answers.next().then(
    ({ value }) => expect(value?.errors).toMatchObject([refused]),
    (errors) => expect(errors).toMatchObject([refused]),
  );
  await client.dispose();
  const lines = await eventually('two refusals', async () => {
    const all = logged('access-refused');
    return all.length >= 2 && all;
  });
  const told = { kind: 'access-refused', code: 'FORBIDDEN', actor: known };
  expect(lines).toMatchObject([
    { ...told, operation: 'query companies contacts' },
    { ...told, operation: 'subscription events' },
  ]);
  for (const word of [account.id, caller.workspace]) expect(server.output()).not.toContain(word);
});
