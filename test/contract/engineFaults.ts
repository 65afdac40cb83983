import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type EngineLocations, freshName, inNamespace, storesAt } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { type Link, linkTo } from '../support/link.js';
import { attempt, historyOf, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { startWaiting } from '../support/startWaiting.js';
import { temporaryDirectory } from '../support/temporary.js';

const PATIENCE_MS = 60_000;
/** Of the bytes on the wire: what carries a new contact is longer, what asks and what keeps a connection alive is shorter. */
const WRITE_BYTES = 600;
const CREATED = 'contact { id } position';
const CONTACTS = '{ contacts(first: 1) { totalCount } }';

/** What a server bears of its engines, by way of a line that is cut and mended; the engines themselves stay up. */
export const engineFaultsContract = (locations: () => EngineLocations): void => {
  const home = temporaryDirectory();
  let events: Link;
  let documents: Link;
  let directory: string;
  let env: NodeJS.ProcessEnv;
  let server: TestServer;
  let ada: SignedUp & { workspace: string };
  /** Ids of the commands that were sent, each of which makes one contact. */
  const sent: string[] = [];

  beforeAll(async () => {
    events = await linkTo(inNamespace(locations().events));
    documents = await linkTo(locations().documents);
    env = storesAt({ events: events.url, documents: documents.url });
    directory = join(home.path(), freshName());
    server = await startServer(directory, env);
    const signedUp = await signUp(server, 'Ada');
    ada = { ...signedUp, workspace: signedUp.workspaceId };
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await events.close();
    await documents.close();
  }, 60_000);

  const ready = async () => {
    const answer = await fetch(`${server.origin}/health/ready`);
    return { status: answer.status, ...((await answer.json()) as { waitingFor?: { code: string; field: string } }) };
  };
  const isReady = () => eventually('the server to be ready', async () => (await ready()).status === 200, PATIENCE_MS);

  const create = (commandId: string) =>
    attempt(server, ada, 'createContact', { givenName: 'Grace', commandId }, CREATED);
  /** Says it until it is answered. */
  const created = (commandId: string) =>
    eventually('a contact', async () => (await create(commandId)).data?.createContact, PATIENCE_MS);
  const newCommand = (): string => {
    const commandId = crypto.randomUUID();
    sent.push(commandId);
    return commandId;
  };

  /** Each command has made one contact and one event, whatever became of its answers. */
  const isAllThereOnce = async () => {
    const ask = asking(server, ada);
    const made = await historyOf(ask, { type: 'ContactCreated' });
    expect(made.map(({ commandId }) => commandId).sort()).toEqual([...sent].sort());
    await eventually(
      'the list to show them',
      async () => (await ask(CONTACTS)).contacts.totalCount === sent.length,
      PATIENCE_MS,
    );
  };

  describe.each([
    ['EVENT_STORE_URL', () => events],
    ['READ_STORE_URL', () => documents],
  ])('an engine that is lost while the server runs (%s)', (field, link) => {
    test('is named by /health/ready, which says no while liveness says yes, until it is back', async () => {
      await created(newCommand());
      await link().cut();
      try {
        const lost = await eventually(
          'the server not to be ready',
          async () => {
            const { status, waitingFor } = await ready();
            return status === 503 && waitingFor;
          },
          PATIENCE_MS,
        );
        expect(lost).toEqual({ code: 'STORE_UNREACHABLE', field });
        expect((await fetch(`${server.origin}/health/live`)).status).toBe(200);
        const { errors } = await create(newCommand());
        expect(errors?.[0]?.extensions.code).toMatch(/^(STORE_UNREACHABLE|CONSISTENCY_TIMEOUT)$/);
      } finally {
        await link().mend();
      }
      await isReady();
    }, 180_000);

    test('costs nothing of what was sent meanwhile, and what is written afterwards shows', async () => {
      for (const commandId of sent) await created(commandId);
      await created(newCommand());
      await isAllThereOnce();
    }, 180_000);
  });

  test.each([
    ['the history', () => events],
    ['the documents', () => documents],
  ])(
    'a write to %s whose answer is lost with the connection is made once',
    async (_, link) => {
      link().loseNextAnswer(WRITE_BYTES);
      const commandId = newCommand();
      await created(commandId);
      expect(link().hasLost()).toBe(true);
      await created(commandId);
      await isAllThereOnce();
    },
    180_000,
  );

  test('a subscription goes on over connections that break, and brings each event once', async () => {
    const connectionParams = { authorization: `Bearer ${ada.token}`, 'x-workspace': ada.workspace };
    const url = server.url.replace('http', 'ws');
    const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
    const seen: string[] = [];
    const ended = (async () => {
      const query = 'subscription { events { entityId } }';
      for await (const { data } of client.iterate<{ events: { entityId: string } }>({ query })) {
        if (data) seen.push(data.events.entityId);
      }
    })();
    const product = () => newId(asking(server, ada), 'product', { name: 'Beacon' });
    const first = await eventually('the first event', async () => [await product()].find((id) => seen.includes(id)));
    const expected: string[] = [];
    for (let n = 0; n < 3; n++) {
      events.breakOff();
      expected.push(await product());
      await eventually('the next event', () => seen.includes(expected[n]!), PATIENCE_MS);
    }
    expect(seen.filter((id) => expected.includes(id))).toEqual(expected);
    expect(seen.filter((id) => id === first)).toHaveLength(1);
    await client.dispose();
    await ended;
  }, 180_000);

  test('engines that answer late make answers late, and none wrong', async () => {
    for (const link of [events, documents]) link.slow(50);
    await created(newCommand());
    for (const link of [events, documents]) link.slow(0);
    await isAllThereOnce();
  }, 180_000);

  test('a server that is killed while it writes has made each contact once when the commands are sent again', async () => {
    const commands = Array.from({ length: 16 }, newCommand);
    const answers = commands.map((commandId) => create(commandId).catch(() => undefined));
    await Promise.race(answers);
    await server.kill();
    await Promise.all(answers);
    server = await startServer(directory, env);
    for (const commandId of commands) await created(commandId);
    await isAllThereOnce();
  }, 180_000);

  test('a server that is started while an engine is away lives, says which, and is ready once that is back', async () => {
    await server.stop();
    await documents.cut();
    const waiting = await startWaiting(directory, env);
    expect((await fetch(`${waiting.origin}/health/live`)).status).toBe(200);
    const answer = await fetch(`${waiting.origin}/health/ready`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ waitingFor: { code: 'STORE_UNREACHABLE', field: 'VAULT_URL' } });
    await documents.mend();
    const opened = async () => (await fetch(`${waiting.origin}/health/ready`)).status === 200;
    await eventually('the server to be ready', opened, PATIENCE_MS);
    expect(await waiting.stop()).toBe(0);
    server = await startServer(directory, env);
    await isAllThereOnce();
  }, 180_000);

  test('a server that is stopped while both engines are away ends within ten seconds', async () => {
    for (const link of [events, documents]) await link.cut();
    const before = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - before).toBeLessThan(15_000);
    for (const link of [events, documents]) await link.mend();
    server = await startServer(directory, env);
    await isAllThereOnce();
  }, 180_000);
};
