import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { AccessEntry } from '../../src/accesslog/port.js';
import { CrmError } from '../../src/errors.js';
import { subjectIdOf } from '../../src/kernel/ids.js';
import { mutate, newId } from '../support/mutations.js';
import { asking } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
let workplace: Workplace;
let ada: Colleague;
let client = '';
let grace = '';
let company = '';
let deal = '';

beforeAll(async () => {
  workplace = await Workplace.open(directory.path());
  ada = await workplace.owner('Ada');
  const ask = asking(workplace, ada);
  client = await newId(ask, 'client', { name: 'Acme' });
  company = await newId(ask, 'company', { name: 'C', clientId: client });
  grace = await newId(ask, 'contact', {
    givenName: 'Grace',
    birthDate: '1980-01-01',
    companyId: company,
    clientId: client,
  });
  deal = await newId(ask, 'deal', { title: 'D', contactId: grace });
});
afterAll(() => workplace.close());

/** What was appended while something was done, the oldest first. */
const recordedBy = async (work: () => Promise<unknown>): Promise<AccessEntry[]> => {
  const { accessLog } = workplace.installation;
  const before = new Set((await accessLog.page({ limit: 10_000 })).entries.map(({ place }) => place));
  await work();
  const { entries } = await accessLog.page({ limit: 10_000 });
  return entries.flatMap(({ place, ...entry }) => (before.has(place) ? [] : [entry])).reverse();
};
const readsOf = (entries: readonly AccessEntry[]) => entries.flatMap(({ reads }) => reads);
const as =
  (query: string, variables: object = {}, caller: object = ada) =>
  () =>
    asking(workplace, caller)(query, variables);

const PAGE = '{ contacts { nodes { id displayName emails { value } company { name } } } }';

/** The first time a query comes it takes Apollo's lane, then the planned one. */
test.each(['Apollo’s lane', 'the planned lane'])(
  '[P7.1] a page says who read whom, which categories, for what, by %s',
  async () => {
    const entries = await recordedBy(as(PAGE));
    expect(entries).toEqual([
      {
        at: expect.any(String),
        workspace: ada.workspace,
        actor: ada.account,
        account: ada.account,
        purpose: 'SERVICE',
        operation: 'query contacts',
        reads: [
          { controller: client, categories: ['contact.email', 'name'], subjects: [subjectIdOf(grace)] },
          { controller: client, categories: ['work.company'], subjects: [company] },
        ],
      },
    ]);
  },
);

test.each([
  ['{ contacts { totalCount nodes { id version } } }', {}, []],
  ['query ($id: ID!) { contact(id: $id) { birthDate } }', () => ({ id: grace }), ['birth.date']],
  [
    'query ($id: ID!) { contact(id: $id) { ...F } } fragment F on Contact { tags notes }',
    () => ({ id: grace }),
    ['content.tag', 'content.text'],
  ],
  [
    'query ($id: ID!) { a: contact(id: $id) { phones { value } } b: contact(id: $id) { addresses { city } } }',
    () => ({ id: grace }),
    ['contact.phone', 'contact.address'],
  ],
  [
    'query ($id: ID!) { contact(id: $id, asOf: "2100-01-01T00:00:00Z") { jobTitle consents { state } } }',
    () => ({ id: grace }),
    ['consent.evidence', 'work.title'],
  ],
  [
    'query ($id: ID!) { deal(id: $id) { title contact { givenName } } }',
    () => ({ id: deal }),
    ['content.text', 'name'],
  ],
  [
    'query ($id: ID!, $with: Boolean = false) { contact(id: $id) { id givenName @include(if: $with) } }',
    () => ({ id: grace }),
    [],
  ],
  ['{ members { name } }', {}, ['name']],
  ['{ clients { name } }', {}, ['work.company']],
  ['{ currentAccount { name email } }', {}, []],
] as const)(
  '[P7.1] categories are those of the fields that were selected, on either lane: %s',
  async (query, given, categories) => {
    for (let time = 0; time < 2; time++) {
      const entries = await recordedBy(as(query, typeof given === 'function' ? given() : given));
      expect(readsOf(entries).flatMap((each) => each.categories)).toEqual(categories);
    }
  },
);

test('[P7.1] what a mutation answers with is a read', async () => {
  const entries = await recordedBy(() =>
    mutate(asking(workplace, ada), 'updateContact', { id: grace, nickname: 'G' }, 'contact { nickname } version'),
  );
  expect(entries).toMatchObject([
    { operation: 'mutation updateContact', reads: [{ categories: ['name'], subjects: [subjectIdOf(grace)] }] },
  ]);
  const silent = await recordedBy(() =>
    mutate(asking(workplace, ada), 'updateContact', { id: grace, nickname: 'H' }, 'version'),
  );
  expect(silent).toEqual([]);
});

test('[P7.1] the history is read where sealed fields are opened, by the categories of each event', async () => {
  const history =
    'query ($id: ID!) { eventHistory(filter: { entityId: $id, type: "ContactCreated" }) { nodes { fields { value } } } }';
  const entries = await recordedBy(as(history, { id: grace }));
  expect(entries).toMatchObject([
    {
      operation: 'query eventHistory',
      reads: [{ controller: client, categories: ['birth.date', 'name'], subjects: [subjectIdOf(grace)] }],
    },
  ]);
  const agent = await workplace.join(ada, 'Redacted', { role: 'AGENT' });
  await mutate(asking(workplace, ada), 'assignClient', { memberId: agent.memberId, clientId: client }, 'version');
  expect(await recordedBy(as(history, { id: grace }, agent))).toEqual([]);
});

test('[P7.1] so is an event that a subscription delivers', async () => {
  const entries = await recordedBy(async () => {
    const connectionParams = { authorization: `Bearer ${ada.token}`, 'x-workspace': ada.workspace };
    const url = workplace.url.replace('http', 'ws');
    const subscriber = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
    const query = 'subscription { events(filter: { type: "CompanyUpdated" }) { type fields { value } } }';
    const events = subscriber.iterate({ query });
    const next = events.next();
    let changes = 0;
    const changing = setInterval(() => {
      changes += 1;
      void mutate(asking(workplace, ada), 'updateCompany', { id: company, sector: `S${changes}` }, 'version');
    }, 100);
    expect((await next).value).toMatchObject({ data: { events: { type: 'CompanyUpdated' } } });
    clearInterval(changing);
    await events.return?.();
    await subscriber.dispose();
  });
  expect(entries[0]).toMatchObject({
    operation: 'subscription events',
    actor: ada.account,
    reads: [{ categories: ['work.company'], subjects: [company] }],
  });
});

test('[P7.1] a key is named beside the account that it acts for, and the purpose is the one that was said', async () => {
  const { apiKey, secret } = await mutate(
    asking(workplace, ada),
    'createApiKey',
    { name: 'K', scopes: ['CONTACT_READ'] },
    'apiKey { id } secret',
  );
  const caller = { token: secret, workspace: ada.workspace, purpose: 'support' };
  const entries = await recordedBy(as('{ contacts { nodes { givenName } } }', {}, caller));
  expect(entries).toMatchObject([{ actor: apiKey.id, account: ada.account, purpose: 'SUPPORT' }]);
});

test('[P7.1] a field that is refused is not read', async () => {
  const agent = await workplace.join(ada, 'Without-dates', { role: 'AGENT' });
  await mutate(asking(workplace, ada), 'assignClient', { memberId: agent.memberId, clientId: client }, 'version');
  const entries = await recordedBy(() =>
    workplace.ask('query ($id: ID!) { contact(id: $id) { givenName birthDate } }', { id: grace }, agent),
  );
  expect(readsOf(entries)).toMatchObject([{ categories: ['name'] }]);
});

test('names that a caller gives an operation do not come into the log', async () => {
  const entries = await recordedBy(
    as('query MyGrace { Grace: contacts { nodes { givenName } } ...R } fragment R on Query { clients { name } }'),
  );
  expect(entries.map(({ operation }) => operation)).toEqual(['query clients contacts']);
});

describe('where the log cannot be written', () => {
  const append = () => Promise.reject(new CrmError('ACCESS_LOG_UNWRITABLE'));
  const repair = () => void Reflect.deleteProperty(workplace.installation.accessLog, 'append');
  beforeEach(() => void Object.assign(workplace.installation.accessLog, { append }));
  afterEach(repair);

  test.each([PAGE, '{ contacts { nodes { suffix } } }'])(
    '[P5.5] nothing of anybody leaves, by either lane: %s',
    async (query) => {
      for (let time = 0; time < 2; time++) {
        const { data, errors } = await workplace.ask(query, {}, ada);
        expect([data, errors?.[0]?.extensions]).toEqual([undefined, { code: 'ACCESS_LOG_UNWRITABLE' }]);
      }
    },
  );

  test('a command is carried out, and says so instead of showing the person', async () => {
    const input = { id: grace, nickname: 'unseen' };
    const query = 'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { nickname } } }';
    const { data, errors } = await workplace.ask(query, { input }, ada);
    expect(data).toBeUndefined();
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('did succeed'),
      extensions: { code: 'ACCESS_LOG_UNWRITABLE' },
    });
    repair();
    expect((await as('query ($id: ID!) { contact(id: $id) { nickname } }', { id: grace })()).contact.nickname).toBe(
      'unseen',
    );
  });

  test('what holds nobody’s data is answered', async () => {
    expect((await as('{ contacts { totalCount } }')()).contacts.totalCount).toBeGreaterThan(0);
  });
});
