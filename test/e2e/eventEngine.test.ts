import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventEngineContract } from '../contract/eventEngine.js';
import { eventually } from '../support/eventually.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { runCli } from '../support/server.js';
import { startWaiting } from '../support/startWaiting.js';
import { temporaryDirectory } from '../support/temporary.js';

const home = temporaryDirectory();
let double: KurrentDouble;
beforeAll(async () => {
  double = await startKurrentDouble();
});
afterAll(() => double.stop());

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

describe('with its history on KurrentDB, on a double of it,', () => eventEngineContract(() => double.url));

test('while its event store cannot be reached the server lives, is not ready, says which store, and nothing of the URL', async () => {
  const port = await freePort();
  const env = { EVENT_STORE_URL: `kurrentdb://crm:secret@127.0.0.1:${port}?tls=false`, LOG_LEVEL: 'error' };
  const server = await startWaiting(join(home.path(), 'waiting'), env);
  expect((await fetch(`${server.origin}/health/live`)).status).toBe(200);
  const ready = await fetch(`${server.origin}/health/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({
    ready: false,
    waitingFor: { code: 'STORE_UNREACHABLE', field: 'EVENT_STORE_URL' },
  });
  const answer = await fetch(`${server.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ me { id } }' }),
  });
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'STORE_UNREACHABLE' } }] });
  expect(server.output()).not.toMatch(/secret/);

  const late = await startKurrentDouble({ port });
  const isReady = async () => (await fetch(`${server.origin}/health/ready`)).status === 200;
  await eventually('the server is ready', isReady, 20_000);
  expect(await server.stop()).toBe(0);
  await late.stop();
}, 120_000);

test('crm move says what is missing, and needs the key of the data', async () => {
  const directory = join(home.path(), 'mistaken');
  expect((await runCli(directory, ['move'])).output).toMatch(/BAD_CONFIGURATION: Move what\?/);
  const nothing = ['move', '--from', `sqlite:${join(directory, 'none.db')}`, '--to', double.url];
  expect((await runCli(directory, nothing)).output).toMatch(/BAD_CONFIGURATION: There is no file to move from/);
}, 120_000);
