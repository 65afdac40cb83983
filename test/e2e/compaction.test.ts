import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../src/app/dataDir.js';
import { backupsIn } from '../../src/backup/open.js';
import { openSqliteEventReader } from '../../src/eventstore/sqlite.js';
import { START, type StoredEvent } from '../../src/kernel/envelope.js';
import { decryptedPages } from '../../src/remains/pages.js';
import { openField } from '../../src/vault/seal.js';
import { dataDirIn, withVaultAndState } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { type Asking, historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { asking, runCli, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** Several processes are started in each. */
const TIMEOUT_MS = 180_000;
const root = temporaryDirectory();
const here = () => root.path();
const backups = () => join(root.path(), 'backups');
let server: TestServer;
let ada: SignedUp;
let ask: Asking;
let grace: { id: string; subject: string; key: Buffer; created: StoredEvent };

const started = async () => {
  server = await startServer(here());
  ask = asking(server, ada);
};
const eventsOf = async (directory: string, subject: string): Promise<readonly StoredEvent[]> => {
  const reader = openSqliteEventReader({
    file: filesIn(dataDirIn(directory)).events,
    fileKey: (await keysIn(directory)).events,
  });
  const { events } = await reader.readAll({ after: START, limit: 10_000 });
  await reader.close();
  return events.filter((event) => event.subject === subject);
};
/** How many of these fields' ciphertexts stand in some page of the events' file, or in its log. */
const standing = async (directory: string, { sealed }: StoredEvent): Promise<number> => {
  const pages = decryptedPages(filesIn(dataDirIn(directory)).events, Buffer.from((await keysIn(directory)).events));
  return Object.values(sealed).filter(({ bytes }) => pages.some((page) => page.bytes.includes(Buffer.from(bytes!))))
    .length;
};
const opened = (event: StoredEvent, field: string): unknown => {
  const sealed = event.sealed[field]!;
  const context = { eventId: event.id, type: event.type, subject: event.subject, class: sealed.class, field };
  return openField(grace.key, context, sealed);
};

beforeAll(async () => {
  server = await startServer(here());
  ada = await signUp(server, 'Ada');
  ask = asking(server, ada);
  const { contact } = await mutate(ask, 'createContact', { givenName: 'Zyxomma' }, 'contact { id subjectId }');
  await newId(ask, 'contact', { givenName: 'Kept' });
  await server.stop();
  const [created] = await eventsOf(here(), contact.subjectId);
  const [key] = await withVaultAndState(here(), async ({ vault }) => {
    const keys = await vault.openingKeys([
      { workspace: ada.workspaceId, subject: contact.subjectId, class: 'profile' },
    ]);
    return keys.map((each) => Buffer.from(each!));
  });
  grace = { id: contact.id, subject: contact.subjectId, key: key!, created: created! };
  expect((await runCli(here(), ['backup', '--to', backups()])).code).toBe(0);
  await started();
}, TIMEOUT_MS);
afterAll(() => server.kill());

test(
  '[P7.3] crm compact beside a running server: the old key opens the old ciphertext before, and there is none after; nothing else changes',
  async () => {
    await mutate(ask, 'eraseContact', { id: grace.id }, 'subjectId');
    const history = await eventually(
      'the certificate',
      async () => {
        const events = await historyOf(ask);
        return typesOf(events).includes('ErasureCertified') && events;
      },
      60_000,
    );
    expect(opened(grace.created, 'name')).toEqual({ givenName: 'Zyxomma' });
    expect(await standing(here(), grace.created)).toBe(Object.keys(grace.created.sealed).length);

    const { code, output } = await runCli(here(), ['compact']);
    expect([code, output]).toEqual([0, expect.stringMatching(/^compacted {2}removed \d+ fields of [1-9]\d* events/)]);
    expect(await standing(here(), grace.created)).toBe(0);
    expect(await historyOf(ask)).toEqual(history);
    const { contacts } = await ask('{ contacts { nodes { displayName } } }');
    expect(contacts.nodes).toEqual([{ displayName: 'Kept' }]);
    expect((await runCli(here(), ['compact'])).output).toContain('removed 0 fields of 0 events');
  },
  TIMEOUT_MS,
);

test(
  '[P7.3] a rebuild after compaction gives the read models of before',
  async () => {
    const query = '{ contacts { nodes { id displayName version } totalCount } }';
    const before = await ask(query);
    expect(await server.stop()).toBe(0);
    expect((await runCli(here(), ['rebuild'])).code).toBe(0);
    expect((await runCli(here(), ['compact'])).output).toContain('removed 0 fields');
    expect((await runCli(here(), ['compactions'])).output.match(/^compacted/gm)).toHaveLength(3);
    await started();
    expect(await ask(query)).toEqual(before);
  },
  TIMEOUT_MS,
);

test(
  '[P7.3] a backup of before has the ciphertext: restored, nobody is back, and compaction removes it again',
  async () => {
    await server.stop();
    renameSync(dataDirIn(here()), join(here(), 'data.before'));
    const restored = await runCli(here(), ['restore', '--from', join(backups(), backupsIn(backups())[0]!)]);
    expect([restored.code, restored.output]).toEqual([0, expect.stringContaining('carried out again: 1 erasures')]);
    expect(await standing(here(), grace.created)).toBe(Object.keys(grace.created.sealed).length);
    await started();
    expect((await runCli(here(), ['compact'])).output).toMatch(/removed [1-9]\d* fields/);
    expect(await standing(here(), grace.created)).toBe(0);
    expect((await ask('{ contacts { totalCount } }')).contacts.totalCount).toBe(1);
  },
  TIMEOUT_MS,
);
