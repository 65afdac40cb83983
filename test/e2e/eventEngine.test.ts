import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { asking, environmentFor, runCli, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const home = temporaryDirectory();
let double: KurrentDouble;
beforeAll(async () => {
  double = await startKurrentDouble();
});
afterAll(() => double.stop());

const create =
  'mutation { createContact(input: { givenName: "Grace", familyName: "Hopper" }) { contact { id version } } }';
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

test('a server works alike with its history on KurrentDB, chosen by the URL alone, and finds it again', async () => {
  const directory = join(home.path(), 'engine');
  const env = { EVENT_STORE_URL: `${double.url}&namespace=first` };
  const server = await startServer(directory, env);
  const ada = await signUp(server, 'Ada');
  const caller = { token: ada.token, workspace: ada.workspaceId };
  const { createContact } = await asking(server, caller)(create);
  expect(await server.stop()).toBe(0);

  const again = await startServer(directory, env);
  const { contact, contacts } = await asking(
    again,
    caller,
  )(`{ contact(id: "${createContact.contact.id}") { displayName version } contacts(first: 5) { totalCount } }`);
  expect(contact).toEqual({ displayName: 'Grace Hopper', version: 1 });
  expect(contacts.totalCount).toBe(1);
  await again.stop();
}, 120_000);

test('a store of another installation is refused by the name of its variable', async () => {
  const url = `${double.url}&namespace=second`;
  const server = await startServer(join(home.path(), 'theirs'), { EVENT_STORE_URL: url });
  await signUp(server, 'Ada');
  await server.stop();
  const ours = join(home.path(), 'ours');
  await (await startServer(ours)).stop();
  await expect(startServer(ours, { EVENT_STORE_URL: url })).rejects.toThrow(
    /FOREIGN_STORE: .*\((VAULT_URL|STATE_STORE_URL)\)/,
  );
}, 120_000);

test('a history that is not the one of the other stores is refused as well', async () => {
  const directory = join(home.path(), 'lost');
  await (await startServer(directory)).stop();
  await expect(startServer(directory, { EVENT_STORE_URL: `${double.url}&namespace=empty` })).rejects.toThrow(
    /FOREIGN_STORE: .*\(EVENT_STORE_URL\)/,
  );
}, 120_000);

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

test('crm move takes a history to KurrentDB and, grown, back: nothing is missing, and read models are filled anew', async () => {
  const directory = join(home.path(), 'moving');
  const file = `sqlite:${join(directory, 'data', 'events.db')}`;
  const url = `${double.url}&namespace=moved`;
  const embedded = await startServer(directory);
  const ada = await signUp(embedded, 'Ada');
  const caller = { token: ada.token, workspace: ada.workspaceId };
  await asking(embedded, caller)(create);
  await embedded.stop();
  const names =
    '{ contacts(first: 5) { nodes { displayName } } eventHistory(first: 50) { nodes { id type recordedAt } } }';

  const there = await runCli(directory, ['move', '--from', file, '--to', url]);
  expect(there).toMatchObject({ code: 0, output: expect.stringMatching(/^moved \d+ events and found them the same/) });
  expect(there.output).not.toContain(url);
  const remote = await startServer(directory, { EVENT_STORE_URL: url });
  expect((await asking(remote, caller)(names)).contacts.nodes).toEqual([{ displayName: 'Grace Hopper' }]);
  await asking(remote, caller)(create.replace('Grace', 'Vincent'));
  const before = await asking(remote, caller)(names);
  await remote.stop();

  expect((await runCli(directory, ['move', '--from', url, '--to', file])).code).toBe(0);
  const again = await startServer(directory);
  expect(await asking(again, caller)(names)).toEqual(before);
  await again.stop();
}, 120_000);

test('crm move says what is missing, and needs the key of the data', async () => {
  const directory = join(home.path(), 'mistaken');
  expect((await runCli(directory, ['move'])).output).toMatch(/BAD_CONFIGURATION: Move what\?/);
  const nothing = ['move', '--from', `sqlite:${join(directory, 'none.db')}`, '--to', double.url];
  expect((await runCli(directory, nothing)).output).toMatch(/BAD_CONFIGURATION: There is no file to move from/);
}, 120_000);
