import { join as pathOf } from 'node:path';
import { asOwner, certificateAt, join, type Person } from '../support/closing.js';
import { eventually } from '../support/eventually.js';
import { attempt, historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { mailedToken, opened, signIn } from '../support/people.js';
import { asking, refusedBy, startServer, type TestServer } from '../support/server.js';
import { type SmtpServer, startSmtpServer } from '../support/smtp.js';
import { temporaryDirectory } from '../support/temporary.js';
import { tracesIn } from '../support/traces.js';

const directory = temporaryDirectory();
let smtp: SmtpServer;
let server: TestServer;

beforeAll(async () => {
  smtp = await startSmtpServer();
  server = await startServer(directory.path(), { SMTP_URL: smtp.url, APP_URL: 'https://crm.example' });
});
afterAll(async () => {
  await server.stop();
  await smtp.close();
});

const PREVIEW = `{ accountClosurePreview { mayClose workspaces { id fate } goes { name count } stays { ground }
  fields { name category } } }`;
const CLOSE = 'mutation { closeAccount(input: {}) { erasureId subjectId certificatePath } }';
const WHO = '{ currentAccount { id email } }';
const REFRESH = 'mutation ($t: String!) { refreshSession(input: { refreshToken: $t }) { token } }';

const close = async (person: { token: string }) => (await asking(server, { token: person.token })(CLOSE)).closeAccount;
const certificate = (path: string) =>
  eventually('the certificate', async () => (await certificateAt(server, path)) ?? undefined);
const preview = async (person: Person) =>
  (await asking(server, { token: person.token })(PREVIEW)).accountClosurePreview;

describe('closing an account', () => {
  test('[P6.3] takes everything of its holder, and leaves what they did in the history of their employer, under an id without a name', async () => {
    const boss = await opened(server, { name: 'Bosswoman' });
    const ada = await opened(server, { name: 'Wqzadaperson', phone: '+49 30 7777123' });
    const inWorkspace = await join(server, smtp, { owner: boss, person: ada });
    const contactId = await newId(asking(server, asOwner(boss)), 'contact', { givenName: 'Grace' });
    await mutate(asking(server, asOwner(boss)), 'assignClient', { memberId: inWorkspace.memberId }, 'version');
    await mutate(asking(server, inWorkspace), 'updateContact', { id: contactId, nickname: 'Amazing' }, 'version');
    const elsewhere = (await signIn(server, { email: ada.email, password: ada.password, refreshable: true })).data
      .signIn;
    const key = { name: 'K', scopes: ['CONTACT_READ'] };
    const own = { token: ada.token, workspace: ada.workspaceId };
    const { secret } = await mutate(asking(server, own), 'createApiKey', key, 'secret');

    const before = await preview(ada);
    expect(before).toMatchObject({
      mayClose: true,
      fields: expect.arrayContaining([{ name: 'name', category: 'name' }]),
    });
    expect(new Set(before.workspaces)).toEqual(
      new Set([
        { id: boss.workspaceId, fate: 'STAYS' },
        { id: ada.workspaceId, fate: 'GOES' },
      ]),
    );
    const going = Object.fromEntries(
      before.goes.map(({ name, count }: { name: string; count: number }) => [name, count]),
    );
    expect(going).toMatchObject({ sessions: 2, devices: 2, apiKeys: 1, memberships: 1, invitations: 1, workspaces: 1 });
    expect((await asking(server, { token: ada.token })(WHO)).currentAccount.email).toBe(ada.email);

    const { erasureId, subjectId, certificatePath } = await close(ada);
    for (const token of [ada.token, elsewhere.token, secret]) {
      expect(
        (await refusedBy(server, { token, workspace: boss.workspaceId })('{ contacts { nodes { id } } }')).code,
      ).toBe('UNAUTHENTICATED');
    }
    expect((await refusedBy(server)(REFRESH, { t: elsewhere.refreshToken })).code).toBe('UNAUTHENTICATED');
    expect((await signIn(server, { email: ada.email, password: ada.password })).errors?.[0]?.extensions.code).toBe(
      'SIGN_IN_FAILED',
    );
    const bossAsks = asking(server, asOwner(boss));
    const { members, contact } = await bossAsks('query ($id: ID!) { members { name } contact(id: $id) { nickname } }', {
      id: contactId,
    });
    expect(members).toEqual([{ name: 'Bosswoman' }]);
    expect(contact.nickname).toBe('Amazing');
    const events = await historyOf(bossAsks);
    expect(events.filter(({ actor }: { actor: { id: string } }) => actor.id === ada.account.id).length).toBeGreaterThan(
      1,
    );
    expect(typesOf(events)).toEqual(expect.arrayContaining(['ContactUpdated', 'MemberRemoved', 'SubjectErased']));
    expect(JSON.stringify(events)).not.toMatch(/wqzadaperson/i);
    expect(JSON.stringify(events)).not.toContain(ada.email);

    const signed = await certificate(certificatePath);
    expect(signed).toMatchObject({ erasure: erasureId, person: subjectId, recordKind: 'ACCOUNT', kind: 'ERASE' });
    const steps = signed.receipts.map(({ step, name }: { step: string; name?: string }) =>
      `${step} ${name ?? ''}`.trim(),
    );
    for (const name of [
      'sessions',
      'devices',
      'passwords',
      'second-factors',
      'passkeys',
      'linked-identities',
      'mailed-tokens',
      'email-changes',
    ])
      expect(steps).toContain(`PURGED ${name}`);
    for (const name of ['sign-in-places', 'api-keys', 'claims', 'cache', 'mail'])
      expect(steps).toContain(`PURGED ${name}`);
    for (const name of ['accounts', 'workspaces', 'affiliations']) expect(steps).toContain(`READ_MODEL_PURGED ${name}`);
    const counts = new Map(signed.receipts.map(({ name, count }: { name: string; count: number }) => [name, count]));
    expect([counts.get('sessions'), counts.get('devices'), counts.get('api-keys')]).toEqual([2, 2, 1]);
    expect(signed.keysDestroyed.map((each: { class: string }) => each.class)).toContain('profile');
    expect(tracesIn(pathOf(directory.path(), 'data'), ['Wqzadaperson', ada.email, '7777123'])).toEqual([]);
  });

  test('[P6.3] is answered by a mail that was composed before the address went, and whose key goes when it has left', async () => {
    const ada = await opened(server);
    const { certificatePath } = await close(ada);
    const mail = await smtp.mailTo(ada.email, /account is closed/i);
    expect(mail.text).toContain(`https://crm.example/erasure-certificate#${certificatePath}`);
    const signed = await certificate(certificatePath);
    expect(signed.receipts.map(({ step }: { step: string }) => step).slice(0, 3)).toEqual([
      ...['IN_LEDGER', 'ANSWERED', 'FENCED'],
    ]);
    const answer = signed.kept.find(({ ground }: { ground: string }) => ground === 'GDPR Art 12(3)');
    expect(answer.until).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    const forged = certificatePath.replace(/key=./, 'key=~');
    expect(await certificateAt(server, forged)).toBeNull();
  });

  test('lets the address sign up anew, as somebody else', async () => {
    const ada = await opened(server, { name: 'Once' });
    await close(ada);
    const again = await opened(server, { email: ada.email, name: 'Again' });
    expect(again.account.id).not.toBe(ada.account.id);
    const { currentAccount } = await asking(server, { token: again.token })('{ currentAccount { name } }');
    expect(currentAccount.name).toBe('Again');
  });

  test('is refused to the last owner of a workspace with other members, and nothing has happened; once it is transferred it goes', async () => {
    const ada = await opened(server);
    const bob = await opened(server);
    const there = await join(server, smtp, { owner: ada, person: bob, role: 'ADMIN' });
    expect(await preview(ada)).toMatchObject({
      mayClose: false,
      workspaces: [{ id: ada.workspaceId, fate: 'IN_THE_WAY' }],
    });
    expect((await refusedBy(server, { token: ada.token })(CLOSE)).code).toBe('LAST_OWNER');
    const { currentAccount } = await asking(server, { token: ada.token })(WHO);
    expect(currentAccount.email).toBe(ada.email);
    const transfer = { memberId: there.memberId, stayOwner: false };
    await mutate(asking(server, asOwner(ada)), 'transferOwnership', transfer, 'version');
    await close(ada);
    const { members } = await asking(server, there)('{ members { role } }');
    expect(members).toEqual([{ role: 'OWNER' }]);
  });

  test('is refused while a workspace that would go along has somebody under a hold', async () => {
    const ada = await opened(server);
    const contactId = await newId(asking(server, asOwner(ada)), 'contact', { givenName: 'Held' });
    await mutate(asking(server, asOwner(ada)), 'placeHold', { contactId, ground: 'LEGAL_CLAIM' }, 'id');
    expect((await refusedBy(server, { token: ada.token })(CLOSE)).code).toBe('LAST_OWNER');
  });

  test('takes memberships that ended before, and invitations that were never answered', async () => {
    const [boss, other, ada] = [
      await opened(server),
      await opened(server),
      await opened(server, { name: 'Wqzformer' }),
    ];
    const there = await join(server, smtp, { owner: boss, person: ada });
    await mutate(asking(server, there), 'leaveWorkspace', {}, 'position');
    await mutate(asking(server, asOwner(other)), 'inviteMember', { email: ada.email }, 'position');
    await close(ada);
    for (const owner of [boss, other]) {
      const events = await historyOf(asking(server, asOwner(owner)));
      expect(typesOf(events)).toContain('SubjectErased');
      expect(JSON.stringify(events)).not.toContain(ada.email);
      expect(JSON.stringify(events)).not.toContain('Wqzformer');
    }
  });
});

describe('another address', () => {
  const REQUEST = 'mutation ($e: String!) { requestEmailChange(input: { newEmail: $e }) }';
  const CONFIRM = 'mutation ($t: String!) { confirmEmailChange(input: { token: $t }) }';
  const codeFor = (email: string) => mailedToken(smtp, email, /new e-mail address/i);

  test('[P5.3] counts once it was confirmed from there; the old one is told, and free again', async () => {
    const ada = await opened(server);
    const newEmail = `new-${ada.email}`;
    await asking(server, ada)(REQUEST, { e: newEmail });
    const token = await codeFor(newEmail);
    expect((await asking(server, { token: ada.token })(WHO)).currentAccount.email).toBe(ada.email);
    expect((await signIn(server, { email: newEmail, password: ada.password })).errors).toBeDefined();
    await asking(server)(CONFIRM, { t: token });
    expect((await asking(server, { token: ada.token })(WHO)).currentAccount.email).toBe(newEmail);
    expect((await signIn(server, { email: newEmail, password: ada.password })).errors).toBeUndefined();
    expect((await signIn(server, { email: ada.email, password: ada.password })).errors).toBeDefined();
    const told = await smtp.mailTo(ada.email, /was changed/i);
    expect(told.text).not.toContain(newEmail);
    expect(await refusedBy(server)(CONFIRM, { t: token })).toEqual({ code: 'TOKEN_INVALID', field: 'input.token' });
    expect((await opened(server, { email: ada.email })).account.id).not.toBe(ada.account.id);
  });

  test('[P5.3] that has an account gets no code, and is answered alike; taken meanwhile it is refused', async () => {
    const [ada, bob] = [await opened(server), await opened(server)];
    expect(await server.ask(REQUEST, { e: bob.email }, ada)).toEqual({ data: { requestEmailChange: true } });
    const free = `free-${ada.email}`;
    await asking(server, ada)(REQUEST, { e: free });
    const token = await codeFor(free);
    expect(smtp.received.some(({ to, subject }) => to === bob.email && /new e-mail/i.test(subject))).toBe(false);
    await opened(server, { email: free });
    expect(await refusedBy(server)(CONFIRM, { t: token })).toEqual({ code: 'ALREADY_TAKEN', field: 'input.token' });
    expect((await asking(server, { token: ada.token })(WHO)).currentAccount.email).toBe(ada.email);
  });

  test('of no form is refused', async () => {
    const ada = await opened(server);
    expect(await refusedBy(server, ada)(REQUEST, { e: 'nonsense' })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.newEmail',
    });
    expect((await attempt(server, {}, 'requestEmailChange', { newEmail: 'a@b.example' }, '')).errors).toBeDefined();
  });
});
