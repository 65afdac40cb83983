import { join as pathOf } from 'node:path';
import { asOwner, certificateAt, join, type Person } from '../support/closing.js';
import { eventually } from '../support/eventually.js';
import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { opened, signIn } from '../support/people.js';
import { asking, refusedBy, startServer, type TestServer } from '../support/server.js';
import { type SmtpServer, startSmtpServer } from '../support/smtp.js';
import { temporaryDirectory } from '../support/temporary.js';
import { tracesIn } from '../support/traces.js';

const directory = temporaryDirectory();
let smtp: SmtpServer;
let server: TestServer;

beforeAll(async () => {
  smtp = await startSmtpServer();
  server = await startServer(directory.path(), { SMTP_URL: smtp.url });
});
afterAll(async () => {
  await server.stop();
  await smtp.close();
});

const ERASE = 'mutation { eraseWorkspace(input: {}) { erasureId standing dueAt certificatePath } }';
const PREVIEW = '{ workspaceErasurePreview { onHold goes { name count } stays { ground } } }';
const EVERYTHING = `{ contacts { totalCount nodes { id givenName version } } deals { nodes { id title version } }
  companies { nodes { id name } } products { nodes { id name } } clients { id name } members { id name role } }`;

const erase = async (person: Person) => (await asking(server, asOwner(person))(ERASE)).eraseWorkspace;

/** An owner with something of every kind in their workspace. */
const furnished = async (mark: string) => {
  const owner = await opened(server, { workspaceName: `${mark} BPO` });
  const ask = asking(server, asOwner(owner));
  const externalId = `external-${mark}`;
  const contact = await newId(ask, 'contact', {
    givenName: mark,
    externalId,
    emails: [{ value: `${mark}@x.example` }],
  });
  await mutate(ask, 'deleteContact', { id: await newId(ask, 'contact', { givenName: `${mark}bin` }) }, 'version');
  await newId(ask, 'deal', { title: `${mark} deal`, contactId: contact });
  await newId(ask, 'company', { name: `${mark} Ltd` });
  await newId(ask, 'product', { name: `${mark} product` });
  await newId(ask, 'client', { name: `${mark} client` });
  const { secret } = await mutate(ask, 'createApiKey', { name: 'K', scopes: ['CONTACT_READ'] }, 'secret');
  return { owner, contact, externalId, secret: secret as string };
};

test('[P6.3] erasing a workspace destroys everything in it and nothing of another one; members keep their accounts', async () => {
  const { owner, secret, externalId } = await furnished('Wqzgoing');
  const stays = await furnished('Staying');
  const colleague = await opened(server);
  const there = await join(server, smtp, { owner, person: colleague });
  const askStaying = asking(server, asOwner(stays.owner));
  const others = { shown: await askStaying(EVERYTHING), history: await historyOf(askStaying) };
  const before = (await asking(server, asOwner(owner))(PREVIEW)).workspaceErasurePreview;
  const going = Object.fromEntries(
    before.goes.map(({ name, count }: { name: string; count: number }) => [name, count]),
  );
  expect(before.onHold).toBe(false);
  expect(going).toMatchObject({ contacts: 2, deals: 1, companies: 1, members: 2 });
  expect(going.events).toBeGreaterThan(8);

  const { certificatePath } = await erase(owner);
  expect(await smtp.mailTo(colleague.email, /is erased/i)).toBeDefined();
  for (const caller of [asOwner(owner), there, { token: secret, workspace: owner.workspaceId }]) {
    const { code } = await refusedBy(server, caller)('{ contacts { nodes { id } } }');
    expect(['FORBIDDEN', 'UNAUTHENTICATED']).toContain(code);
    expect((await attempt(server, caller, 'createContact', { givenName: 'Late' })).errors).toBeDefined();
  }
  const again = (await signIn(server, { email: colleague.email, password: colleague.password })).data.signIn;
  const { currentAccount } = await asking(server, again)('{ currentAccount { workspaces { id } } }');
  expect(currentAccount.workspaces).toEqual([{ id: colleague.workspaceId }]);
  const alone = (await asking(server, { token: owner.token })('{ currentAccount { email workspaces { id } } }'))
    .currentAccount;
  expect(alone).toEqual({ email: owner.email, workspaces: [] });

  const signed = await eventually(
    'the certificate',
    async () => (await certificateAt(server, certificatePath)) ?? undefined,
  );
  expect(signed).toMatchObject({ recordKind: 'WORKSPACE', record: owner.workspaceId, person: owner.workspaceId });
  expect(signed.keysDestroyed).toEqual([{ class: 'workspace', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  const counts = new Map(signed.receipts.map(({ name, count }: { name: string; count: number }) => [name, count]));
  expect([counts.get('api-keys'), counts.get('claims')]).toEqual([1, 1]);
  for (const name of ['contacts', 'deals', 'workspaces', 'history', 'access']) expect(counts.has(name)).toBe(true);
  expect({ shown: await askStaying(EVERYTHING), history: await historyOf(askStaying) }).toEqual(others);
  expect(tracesIn(pathOf(directory.path(), 'data'), ['Wqzgoing', externalId])).toEqual([]);
});

test('after a new start the workspace is still gone, and the other still there', async () => {
  const { owner } = await furnished('Restarted');
  const stays = await furnished('Remaining');
  await erase(owner);
  await server.kill();
  server = await startServer(directory.path(), { SMTP_URL: smtp.url });
  expect((await refusedBy(server, asOwner(owner))(EVERYTHING)).code).toBe('FORBIDDEN');
  const { contacts } = await asking(server, asOwner(stays.owner))(EVERYTHING);
  expect(contacts.nodes).toMatchObject([{ givenName: 'Remaining' }]);
});

test('where the workspace wants a second person, nothing goes before another member has approved', async () => {
  const { owner } = await furnished('Guarded');
  const admin = await opened(server);
  const there = await join(server, smtp, { owner, person: admin, role: 'ADMIN' });
  await mutate(asking(server, asOwner(owner)), 'setSafeguards', { approval: 'SECOND_PERSON' }, 'approval');
  expect((await refusedBy(server, there)(ERASE)).code).toBe('FORBIDDEN');
  const { erasureId, standing } = await erase(owner);
  expect(standing).toBe('AWAITING_APPROVAL');
  const { contacts } = await asking(server, asOwner(owner))(EVERYTHING);
  expect(contacts.totalCount).toBe(1);
  expect((await attempt(server, asOwner(owner), 'approveErasure', { erasureId })).errors?.[0]?.extensions.code).toBe(
    'SECOND_PERSON_REQUIRED',
  );
  const approved = await mutate(asking(server, there), 'approveErasure', { erasureId }, 'standing');
  expect(['CARRIED_OUT', 'CERTIFIED']).toContain(approved.standing);
  expect((await refusedBy(server, asOwner(owner))(EVERYTHING)).code).toBe('FORBIDDEN');
});

test('within the delay that the workspace has set it can be called off', async () => {
  const { owner } = await furnished('Delayed');
  const ask = asking(server, asOwner(owner));
  await mutate(ask, 'setSafeguards', { approval: 'DELAY', delayHours: 48 }, 'approval');
  const { erasureId, standing, dueAt } = await erase(owner);
  expect(standing).toBe('SCHEDULED');
  expect(Date.parse(dueAt) - Date.now()).toBeGreaterThan(47 * 3_600_000);
  const { standing: after } = await mutate(ask, 'callOffErasure', { erasureId }, 'standing');
  expect(after).toBe('CALLED_OFF');
  expect((await ask(EVERYTHING)).contacts.totalCount).toBe(1);
});

test('[P6.4] while anybody in it is under a hold it is refused with a code, and goes by itself when the last hold is lifted', async () => {
  const { owner, contact: contactId } = await furnished('Holding');
  const ask = asking(server, asOwner(owner));
  const [hold] = await mutate(ask, 'placeHold', { contactId, ground: 'LEGAL_CLAIM' }, 'id');
  expect((await ask(PREVIEW)).workspaceErasurePreview.onHold).toBe(true);
  expect(await refusedBy(server, asOwner(owner))(ERASE)).toEqual({ code: 'LEGAL_HOLD' });
  expect((await ask(EVERYTHING)).contacts.totalCount).toBe(1);
  await attempt(server, asOwner(owner), 'liftHold', { contactId, holdId: hold.id }, 'id');
  expect((await refusedBy(server, asOwner(owner))(EVERYTHING)).code).toBe('FORBIDDEN');
});
