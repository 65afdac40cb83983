import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventEngineContract } from '../contract/eventEngine.js';
import { eventually } from '../support/eventually.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { environmentFor, runCli } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const home = temporaryDirectory();
let double: KurrentDouble;
beforeAll(async () => {
  double = await startKurrentDouble();
});
afterAll(() => double.stop());

const main = fileURLToPath(new URL('../../dist/src/app/main.js', import.meta.url));

/** Starts the server where it cannot get ready, and resolves to where it listens once it says that it waits. */
const startWaiting = async (directory: string, env: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, [main], { env: environmentFor(directory, env) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const origin = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const url = /^waiting (\S+)\/graphql for/m.exec(output)?.[1];
      if (url) resolve(url);
    });
    child.once('exit', () => reject(new Error(output)));
  });
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return { origin, output: () => output, stop };
};

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
