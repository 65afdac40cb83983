import { join } from 'node:path';
import { onDoubles } from '../support/doubles.js';
import { inNamespace, storesAt } from '../support/engines.js';
import { asking, runCli, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const home = temporaryDirectory();
const locations = onDoubles();

const CREATE = 'mutation { createContact(input: { givenName: "Grace", familyName: "Hopper" }) { contact { id } } }';
const ALL = '{ contacts(first: 5) { nodes { displayName } } eventHistory(first: 50) { nodes { id type recordedAt } } }';

test('a whole installation goes from its files to engines by three moves, and nobody has to sign in again', async () => {
  const directory = join(home.path(), 'moving');
  const embedded = await startServer(directory);
  const ada = await signUp(embedded, 'Ada');
  const caller = { token: ada.token, workspace: ada.workspaceId };
  await asking(embedded, caller)(CREATE);
  const before = await asking(embedded, caller)(ALL);
  await embedded.stop();

  const { events, documents } = locations();
  const engines = {
    ...storesAt({ events: inNamespace(events), documents }),
    DATA_DIR: join(directory, 'elsewhere'),
  };
  for (const store of ['vault', 'state', 'events']) {
    const from = `sqlite:${join(directory, 'data', `${store}.db`)}`;
    const moved = await runCli(directory, ['move', '--store', store, '--from', from], engines);
    expect([store, moved]).toEqual([store, expect.objectContaining({ code: 0 })]);
    expect(moved.output).not.toContain(documents);
  }
  const server = await startServer(directory, engines);
  expect(await asking(server, caller)(ALL)).toEqual(before);
  await asking(server, caller)(CREATE.replace('Grace', 'Vincent'));
  await server.stop();
}, 240_000);
