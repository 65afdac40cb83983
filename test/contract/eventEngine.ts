import { join } from 'node:path';
import { inNamespace } from '../support/engines.js';
import { asking, runCli, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const create =
  'mutation { createContact(input: { givenName: "Grace", familyName: "Hopper" }) { contact { id version } } }';

/** What the whole server does with its history on an engine, by the URL alone. */
export const eventEngineContract = (serverUrl: () => string): void => {
  const home = temporaryDirectory();

  test('a server works alike with its history on KurrentDB, chosen by the URL alone, and finds it again', async () => {
    const directory = join(home.path(), 'engine');
    const env = { EVENT_STORE_URL: inNamespace(serverUrl()) };
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
    const url = inNamespace(serverUrl());
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
    await expect(startServer(directory, { EVENT_STORE_URL: inNamespace(serverUrl()) })).rejects.toThrow(
      /FOREIGN_STORE: .*\(EVENT_STORE_URL\)/,
    );
  }, 120_000);

  test('crm move takes a history to KurrentDB and, grown, back: nothing is missing, and read models are filled anew', async () => {
    const directory = join(home.path(), 'moving');
    const file = `sqlite:${join(directory, 'data', 'events.db')}`;
    const url = inNamespace(serverUrl());
    const embedded = await startServer(directory);
    const ada = await signUp(embedded, 'Ada');
    const caller = { token: ada.token, workspace: ada.workspaceId };
    await asking(embedded, caller)(create);
    await embedded.stop();
    const names =
      '{ contacts(first: 5) { nodes { displayName } } eventHistory(first: 50) { nodes { id type recordedAt } } }';

    const there = await runCli(directory, ['move', '--from', file, '--to', url]);
    expect(there).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^moved \d+ events and found them the same/),
    });
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
};
