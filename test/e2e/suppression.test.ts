import { join } from 'node:path';
import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { tracesIn } from '../support/traces.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;

beforeAll(async () => {
  server = await startServer(directory.path());
});
beforeEach(async () => {
  ada = await signUp(server, `Ada${crypto.randomUUID()}`);
  ask = asking(server, ada);
});
afterAll(() => server.stop());

const EMAIL = { emails: [{ value: 'Grace@Navy.Example' }] };
const contact = (more: object = EMAIL) => newId(ask, 'contact', { givenName: 'Grace', ...more });
const consent = (contactId: string, channel = 'EMAIL', basis = 'CONSENT') =>
  mutate(
    ask,
    'recordConsent',
    { contactId, purpose: 'MARKETING', channel, basis, noticeVersion: '1' },
    'consent { state }',
  );
const withdraw = (contactId: string, channel = 'EMAIL') =>
  mutate(ask, 'withdrawConsent', { contactId, purpose: 'MARKETING', channel }, 'consent { state }');
const refusal = async (name: string, input: object) =>
  (await attempt(server, ada, name, input)).errors?.[0]?.extensions;
const reachable = async (channel?: string): Promise<string[]> => {
  const query = 'query ($f: ContactFilter) { contacts(filter: $f) { totalCount nodes { id } } }';
  const { contacts } = await ask(query, { f: { mayContactFor: 'MARKETING', channel } });
  expect(contacts.totalCount).toBe(contacts.nodes.length);
  return contacts.nodes.map(({ id }: { id: string }) => id);
};
const suppressedOn = async (id: string) =>
  (await ask('query ($id: ID!) { contact(id: $id) { suppressedChannels } }', { id })).contact.suppressedChannels;

test('[P7.3] who asked to be erased is not taken in again without a word: a code, no contact; with the override, suppressed', async () => {
  await mutate(ask, 'eraseContact', { id: await contact() }, 'subjectId');
  const anew = { givenName: 'Grace', emails: [{ value: 'grace@navy.example' }] };
  expect(await refusal('createContact', anew)).toEqual({ code: 'ADDRESS_SUPPRESSED', field: 'input.emails' });
  expect((await ask('{ contacts { totalCount } }')).contacts.totalCount).toBe(0);
  const id = await contact({ ...anew, suppressionOverride: true });
  expect(await suppressedOn(id)).toEqual(['EMAIL']);
  await consent(id, 'PHONE');
  expect(await reachable('EMAIL')).toEqual([]);
  expect(
    await refusal('recordConsent', {
      contactId: id,
      purpose: 'MARKETING',
      channel: 'EMAIL',
      basis: 'SOFT_OPT_IN',
      noticeVersion: '1',
    }),
  ).toEqual({ code: 'ADDRESS_SUPPRESSED', field: 'input.basis' });
  await consent(id);
  expect(await suppressedOn(id)).toEqual([]);
  expect(await reachable('EMAIL')).toEqual([id]);
});

test('[P7.3] a suppressed number is caught however it is written, in a change as well', async () => {
  await mutate(ask, 'eraseContact', { id: await contact({ phones: [{ value: '+49 170 111-222' }] }) }, 'subjectId');
  const id = await contact({});
  const phones = [{ value: '0049 (170) 111222' }];
  expect(await refusal('createContact', { phones })).toEqual({ code: 'ADDRESS_SUPPRESSED', field: 'input.phones' });
  expect(await refusal('updateContact', { id, phones })).toEqual({ code: 'ADDRESS_SUPPRESSED', field: 'input.phones' });
  await mutate(ask, 'updateContact', { id, phones, suppressionOverride: true }, 'version');
  expect(await suppressedOn(id)).toEqual(['PHONE', 'SMS', 'MESSENGER']);
  await mutate(ask, 'updateContact', { id, nickname: 'Amazing' }, 'version');
  expect(await suppressedOn(id)).toEqual(['PHONE', 'SMS', 'MESSENGER']);
  await mutate(ask, 'updateContact', { id, phones: null }, 'version');
  expect(await suppressedOn(id)).toEqual([]);
});

test('[P3.8] who withdraws is not reached under another record with the same address either; nor is one that was in the bin', async () => {
  const [one, other, binned] = [
    await contact(),
    await contact({ emails: [{ value: 'grace@navy.example' }] }),
    await contact(),
  ];
  for (const id of [one, other, binned]) await consent(id);
  await mutate(ask, 'deleteContact', { id: binned }, 'version');
  expect(new Set(await reachable())).toEqual(new Set([one, other]));
  await withdraw(one);
  expect(await reachable()).toEqual([]);
  await mutate(ask, 'restoreContact', { id: binned }, 'version');
  expect(await reachable()).toEqual([]);
  await consent(other);
  expect(new Set(await reachable())).toEqual(new Set([other, binned]));
});

test('[P7.7] withdrawing on one channel leaves the others alone, and so does withdrawing for another purpose', async () => {
  const id = await contact({ ...EMAIL, phones: [{ value: '+1 650 555 0100' }] });
  for (const channel of ['EMAIL', 'PHONE', 'SMS']) await consent(id, channel);
  await withdraw(id, 'PHONE');
  expect(await suppressedOn(id)).toEqual(['PHONE']);
  expect(await reachable('SMS')).toEqual([id]);
  await mutate(
    ask,
    'recordConsent',
    { contactId: id, purpose: 'ANALYTICS', channel: 'EMAIL', noticeVersion: '1' },
    'consent { state }',
  );
  await mutate(ask, 'withdrawConsent', { contactId: id, purpose: 'ANALYTICS', channel: 'EMAIL' }, 'consent { state }');
  expect(await reachable('EMAIL')).toEqual([id]);
});

test('the list is one controller’s: a client’s does not hold for the workspace, and nobody else’s for either', async () => {
  const clientId = await newId(ask, 'client', { name: 'Client' });
  await mutate(ask, 'eraseContact', { id: await contact({ ...EMAIL, clientId }) }, 'subjectId');
  expect((await refusal('createContact', { ...EMAIL, clientId }))?.code).toBe('ADDRESS_SUPPRESSED');
  expect(await suppressedOn(await contact())).toEqual([]);
  const eve = await signUp(server, `Eve${crypto.randomUUID()}`);
  expect((await attempt(server, eve, 'createContact', EMAIL)).errors).toBeUndefined();
});

test('only who asked to be erased or opted out is kept on the list: another reason for an erasure leaves no trace there', async () => {
  await mutate(ask, 'eraseContact', { id: await contact(), reasonCode: 'RETENTION_ENDED' }, 'subjectId');
  expect(await historyOf(ask, { type: 'AddressSuppressed' })).toEqual([]);
  const optedOut = await contact();
  await consent(optedOut);
  await withdraw(optedOut);
  await mutate(ask, 'eraseContact', { id: optedOut, reasonCode: 'RETENTION_ENDED' }, 'subjectId');
  expect((await refusal('createContact', EMAIL))?.code).toBe('ADDRESS_SUPPRESSED');
});

test('[P7.3] what outlives the erasure is a keyed hash: no address, no person, no request', async () => {
  const id = await contact({ emails: [{ value: 'wqzxsuppressed@navy.example' }] });
  const { contact: before } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id });
  await mutate(ask, 'eraseContact', { id }, 'subjectId');
  const [entry, ...more] = await historyOf(ask, { type: 'AddressSuppressed' });
  expect(more).toEqual([]);
  expect(entry).toMatchObject({ subjectId: ada.workspaceId, commandId: null });
  const fields = Object.fromEntries(
    entry.fields.map((field: { name: string; value: unknown }) => [field.name, field.value]),
  );
  expect(fields).toEqual({ hash: expect.stringMatching(/^[\w-]{43}$/), channels: ['EMAIL'], ground: 'ERASED' });
  expect(JSON.stringify(entry)).not.toContain(before.subjectId);
  expect(JSON.stringify(entry)).not.toContain(id);
  expect(tracesIn(join(directory.path(), 'data'), ['wqzxsuppressed'])).toEqual([]);
});
