import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { asking } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, SetClock, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
const clock = new SetClock();
let workplace: Workplace;
let ada: Colleague;

beforeAll(async () => {
  workplace = await Workplace.open(directory.path(), clock);
  ada = await workplace.owner('Ada');
});
afterAll(() => workplace.close());

const DAY_MS = 24 * 3600 * 1000;
const newKey = (who: Colleague, input: object) =>
  mutate(asking(workplace, who), 'createApiKey', { name: 'Sync', ...input }, 'secret apiKey { id scopes expiresAt }');
const codeOf = async (token: string, query: string, workspace?: string) =>
  (await workplace.ask(query, {}, { token, workspace })).errors?.[0]?.extensions.code;

test('[P5.3] a key may do what its scopes say, and is told once', async () => {
  const { secret, apiKey } = await newKey(ada, { scopes: ['CONTACT_READ', 'CONTACT_WRITE'] });
  expect(secret).toMatch(/^crm_[\w-]{43}$/);
  const asKey = asking(workplace, { token: secret });
  const id = await newId(asKey, 'contact', { givenName: 'G' });
  const [event] = await historyOf(asking(workplace, ada), { entityId: id });
  expect(event.actor.id).toBe(apiKey.id);
  expect(await codeOf(secret, '{ deals { totalCount } }')).toBe('FORBIDDEN');
  const shown = await asking(workplace, ada)('{ apiKeys { id name scopes expiresAt revokedAt } }');
  expect(JSON.stringify([shown, await historyOf(asking(workplace, ada))])).not.toContain(secret);
});

test('[P5.3] a key is no session: it cannot act as the person whose it is', async () => {
  const { secret } = await newKey(ada, { scopes: ['CONTACT_READ', 'KEY_WRITE'] });
  expect(await codeOf(secret, '{ currentAccount { email } }')).toBe('FORBIDDEN');
  expect(await codeOf(secret, 'mutation { leaveWorkspace(input: {}) { position } }')).toBe('FORBIDDEN');
  const { errors } = await attempt(workplace, { token: secret }, 'createApiKey', {
    name: 'X',
    scopes: ['CONTACT_READ'],
  });
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test('[P5.3] a key opens its own workspace only', async () => {
  const eve = await workplace.owner('Eve');
  const { secret } = await newKey(ada, { scopes: ['CONTACT_READ'] });
  expect(await codeOf(secret, '{ contacts { totalCount } }', ada.workspace)).toBeUndefined();
  expect(await codeOf(secret, '{ contacts { totalCount } }', eve.workspace)).toBe('FORBIDDEN');
});

test('[P5.3] a key is worth nothing once it was revoked, or has expired', async () => {
  const [revoked, expiring] = [
    await newKey(ada, { scopes: ['CONTACT_READ'] }),
    await newKey(ada, { scopes: ['CONTACT_READ'], expiresInDays: 2 }),
  ];
  await mutate(asking(workplace, ada), 'revokeApiKey', { id: revoked.apiKey.id }, 'apiKey { revokedAt }');
  const read = '{ contacts { totalCount } }';
  expect(await codeOf(revoked.secret, read)).toBe('UNAUTHENTICATED');
  expect(await codeOf(expiring.secret, read)).toBeUndefined();
  clock.advance(2 * DAY_MS);
  ada = await workplace.again(ada);
  expect(await codeOf(expiring.secret, read)).toBe('UNAUTHENTICATED');
  for (const malformed of ['crm_', 'crm_nonsense', `${expiring.secret}x`]) {
    expect(await codeOf(malformed, read)).toBe('UNAUTHENTICATED');
  }
});

test('[P5.3] a key has no scope that its member has not, and loses what they lose', async () => {
  const bob = await workplace.join(ada, 'Bob', { role: 'ADMIN' });
  const { errors } = await attempt(workplace, bob, 'createApiKey', { name: 'X', scopes: ['WORKSPACE_TRANSFER'] });
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  const { secret } = await newKey(bob, { scopes: ['CONTACT_READ', 'CONTACT_WRITE'] });
  const create = 'mutation { createContact(input: { givenName: "G" }) { version } }';
  expect(await codeOf(secret, create)).toBeUndefined();
  await mutate(asking(workplace, ada), 'changeMemberRole', { memberId: bob.memberId, role: 'READ_ONLY' }, 'version');
  expect(await codeOf(secret, create)).toBe('FORBIDDEN');
  expect(await codeOf(secret, '{ contacts { totalCount } }')).toBeUndefined();
  await mutate(asking(workplace, ada), 'removeMember', { memberId: bob.memberId }, 'version');
  expect(await codeOf(secret, '{ contacts { totalCount } }')).not.toBeUndefined();
});

test('[P5.3] a key can be kept to the records of some clients', async () => {
  const ask = asking(workplace, ada);
  const clientId = await newId(ask, 'client', { name: 'C' });
  const mine = await newId(ask, 'contact', { givenName: 'G', clientId });
  const { secret } = await newKey(ada, { scopes: ['CONTACT_READ'], clientIds: [clientId] });
  const { contacts } = await asking(workplace, { token: secret })('{ contacts { totalCount nodes { id } } }');
  expect(contacts).toEqual({ totalCount: 1, nodes: [{ id: mine }] });
});
