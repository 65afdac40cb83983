import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type EngineLocations, freshName, inNamespace, storesAt } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const CONTACT = 'query ($id: ID!) { contact(id: $id) { displayName version } }';
const ME = '{ currentAccount { id } }';
const SIGN_IN =
  'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token } }';

/** What two servers on one set of engines do together. They share master key, keyring and ledger, and each has a data directory. */
export const severalServersContract = (locations: () => EngineLocations): void => {
  const home = temporaryDirectory();
  let one: TestServer;
  let other: TestServer;
  let ada: SignedUp & { workspace: string };
  let onOne: ReturnType<typeof asking>;
  let onOther: ReturnType<typeof asking>;

  beforeAll(async () => {
    const { events, documents } = locations();
    const directory = join(home.path(), freshName());
    const env = storesAt({ events: inNamespace(events), documents });
    const start = (name: string) => startServer(directory, { ...env, DATA_DIR: join(directory, name) });
    one = await start('one');
    other = await start('other');
    const signedUp = await signUp(one, 'Ada');
    ada = { ...signedUp, workspace: signedUp.workspaceId };
    onOne = asking(one, ada);
    onOther = asking(other, ada);
  }, 120_000);
  afterAll(async () => {
    await one.kill();
    await other.stop();
  }, 60_000);

  const statusOf = async (server: TestServer): Promise<readonly { projection: string; elsewhere?: true }[]> => {
    const answer = await fetch(`${server.origin}/health/ready`);
    return ((await answer.json()) as { projections: { projection: string; elsewhere?: true }[] }).projections;
  };

  test('each projection is run by one of them, and both are ready', async () => {
    // On a busy machine a lease may just be passing from one to the other.
    await eventually('each projection to be run by one of them', async () => {
      const [here, there] = [await statusOf(one), await statusOf(other)];
      return here.length > 0 && here.every((each, at) => each.elsewhere !== there[at]?.elsewhere);
    });
  });

  test('what one server has answered is on the other at once, with its position, whichever of them it was', async () => {
    for (const [writer, reader] of [
      [onOne, onOther],
      [onOther, onOne],
    ] as const) {
      const input = { givenName: 'Grace', familyName: 'Hopper' };
      const created = await mutate(writer, 'createContact', input, 'contact { id } position');
      const { id } = created.contact;
      expect((await reader(CONTACT, { id })).contact).toEqual({ displayName: 'Grace Hopper', version: 1 });
      const events = await historyOf(reader, { type: 'ContactCreated' });
      expect(events.find(({ entityId }) => entityId === id)).toMatchObject({ position: created.position });
    }
  }, 60_000);

  test('a record that both have in mind is changed by either, on what it is now', async () => {
    const id = await newId(onOne, 'contact', { givenName: 'Grace' });
    await mutate(onOther, 'updateContact', { id, givenName: 'Ada' }, 'version');
    await mutate(onOne, 'deleteContact', { id }, 'version');
    await mutate(onOther, 'restoreContact', { id }, 'version');
    // The first server remembers it as deleted.
    const { version } = await mutate(onOne, 'updateContact', { id, givenName: 'Joan', expectedVersion: 4 }, 'version');
    expect(version).toBe(5);
    expect((await onOther(CONTACT, { id })).contact).toEqual({ displayName: 'Joan', version: 5 });
  }, 60_000);

  test('a subscription on one server brings what happens on the other', async () => {
    const connectionParams = { authorization: `Bearer ${ada.token}`, 'x-workspace': ada.workspace };
    const url = other.url.replace('http', 'ws');
    const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
    const seen: string[] = [];
    const ended = (async () => {
      const query = 'subscription { events { entityId } }';
      for await (const { data } of client.iterate<{ events: { entityId: string } }>({ query })) {
        if (data) seen.push(data.events.entityId);
      }
    })();
    // A subscription says nothing until something happens.
    await eventually('the first event of the subscription', async () => {
      await newId(onOne, 'product', { name: 'Beacon' });
      return seen.length > 0;
    });
    const id = await newId(onOne, 'contact', { givenName: 'Mary' });
    await eventually('the event of the other server', () => seen.includes(id));
    await client.dispose();
    await ended;
  }, 60_000);

  test('signing in on one server holds on the other, and so does signing out', async () => {
    const { data } = await one.ask(SIGN_IN, { email: 'ada@example.com', password: 'correct horse battery' });
    const caller = { token: data.signIn.token };
    expect((await asking(other, caller)(ME)).currentAccount.id).toBe(ada.account);
    await asking(other, caller)('mutation { signOut }');
    const { errors } = await one.ask(ME, {}, caller);
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  }, 60_000);

  test('[P3.6] guesses at a password are counted over both servers together', async () => {
    const guess = (server: TestServer) => server.ask(SIGN_IN, { email: 'nobody@example.com', password: 'wrong guess' });
    for (let attempts = 0; attempts < 10; attempts++) {
      expect((await guess(one)).errors?.[0]?.extensions.code).toBe('SIGN_IN_FAILED');
    }
    expect((await guess(other)).errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
  }, 60_000);

  test('[P7.3] who is erased on one server is gone on the other, which can write nothing for them any more', async () => {
    const id = await newId(onOne, 'contact', { givenName: 'Wilhelmina' });
    expect((await onOther(CONTACT, { id })).contact.displayName).toBe('Wilhelmina');
    await mutate(onOther, 'eraseContact', { id }, 'subjectId');
    expect((await onOne(CONTACT, { id })).contact).toBeNull();
    const { errors } = await attempt(one, ada, 'updateContact', { id, givenName: 'Back' });
    expect(errors?.[0]?.extensions.code).toMatch(/^(SUBJECT_ERASED|NOT_FOUND)$/);
    const again = await newId(onOne, 'contact', { givenName: 'Another' });
    await mutate(onOne, 'eraseContact', { id: again }, 'subjectId');
    expect((await onOther(CONTACT, { id: again })).contact).toBeNull();
  }, 60_000);

  test('when one server is killed the other runs every projection, and what is written shows again', async () => {
    await one.kill();
    const input = { givenName: 'Late', commandId: '0198c0de-0000-7000-8000-000000000001' };
    const created = await eventually(
      'an answer that shows what was written',
      async () => (await attempt(other, ada, 'createContact', input, 'contact { id }')).data?.createContact,
      60_000,
    );
    expect((await onOther(CONTACT, { id: created.contact.id })).contact.displayName).toBe('Late');
    await eventually(
      'every projection to be taken over',
      async () => (await statusOf(other)).every(({ elsewhere }) => !elsewhere),
      60_000,
    );
    await mutate(onOther, 'eraseContact', { id: created.contact.id }, 'subjectId');
    expect((await onOther(CONTACT, { id: created.contact.id })).contact).toBeNull();
  }, 180_000);
};
