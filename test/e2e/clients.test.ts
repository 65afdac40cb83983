import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.js';
import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { asking } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
let workplace: Workplace;
let ada: Colleague;
let bob: Colleague;
let ask: ReturnType<typeof asking>;
let asBob: ReturnType<typeof asking>;
/** Two clients that Bob serves, one that he does not, and the workspace's own records. */
const clients: Record<string, string> = {};
const kept: Record<string, Record<string, string>> = {};

const WHOSE = ['mine', 'alsoMine', 'theirs', 'own'] as const;
const MINE = ['mine', 'alsoMine'] as const;

const furnish = async (whose: string, clientId: string | undefined) => {
  const more = { clientId, externalId: 'x-1' };
  const company = await newId(ask, 'company', { name: `Firm of ${whose}`, clientId });
  const contact = await newId(ask, 'contact', {
    ...more,
    givenName: 'Grace',
    familyName: whose,
    emails: [{ value: 'grace@example.com' }],
    tags: ['vip'],
    companyId: company,
  });
  const deal = await newId(ask, 'deal', { ...more, title: `Deal of ${whose}`, valueMinor: 100, currency: 'EUR' });
  kept[whose] = { company, contact, deal };
};

beforeAll(async () => {
  workplace = await Workplace.open(directory.path());
  ada = await workplace.owner('Ada');
  ask = asking(workplace, ada);
  for (const whose of WHOSE) {
    if (whose !== 'own') clients[whose] = await newId(ask, 'client', { name: whose });
    await furnish(whose, clients[whose]);
  }
  bob = await workplace.join(ada, 'Bob', { role: 'AGENT' });
  asBob = asking(workplace, bob);
  await mutate(ask, 'assignClient', { memberId: bob.memberId, clientId: clients.mine }, 'position');
  const team = { name: 'Team', memberIds: [bob.memberId], clientIds: [clients.alsoMine] };
  await mutate(ask, 'defineTeam', team, 'position');
});
afterAll(() => workplace.close());

const ids = (kind: string, whose: readonly string[] = MINE) => whose.map((each) => kept[each]![kind]!).sort();
const found = async (query: string) => {
  const [list] = Object.values(await asBob(`{ ${query} }`)) as { nodes: { id: string }[]; totalCount: number }[];
  expect(list!.totalCount).toBe(list!.nodes.length);
  return list!.nodes.map(({ id }) => id).sort();
};

describe('an agent', () => {
  test.each([
    ['contacts { totalCount nodes { id } }', 'contact'],
    ['contacts(orderBy: [{ field: CREATED_AT, direction: DESC }]) { totalCount nodes { id } }', 'contact'],
    ['contacts(filter: { search: "grace" }) { totalCount nodes { id } }', 'contact'],
    ['contacts(filter: { tag: "vip" }) { totalCount nodes { id } }', 'contact'],
    ['contacts(filter: { email: "grace@example.com" }) { totalCount nodes { id } }', 'contact'],
    ['contacts(filter: { externalId: "x-1" }) { totalCount nodes { id } }', 'contact'],
    ['companies { totalCount nodes { id } }', 'company'],
    ['companies(filter: { search: "firm" }) { totalCount nodes { id } }', 'company'],
    ['deals { totalCount nodes { id } }', 'deal'],
    ['deals(filter: { outcome: OPEN }, orderBy: [{ field: VALUE }]) { totalCount nodes { id } }', 'deal'],
  ])('[P1] [P5.3] finds and counts only the records of their clients: %s', async (query, kind) => {
    expect(await found(query)).toEqual(ids(kind));
  });

  test('[P5.3] sees only their clients, and totals of these', async () => {
    const { clients: seen, dealTotals } = await asBob('{ clients { id } dealTotals { count valueMinor } }');
    expect(seen.map(({ id }: { id: string }) => id).sort()).toEqual([clients.mine, clients.alsoMine].sort());
    expect(dealTotals).toEqual([{ count: 2, valueMinor: 200 }]);
    expect((await ask('{ dealTotals { count valueMinor } }')).dealTotals).toEqual([{ count: 4, valueMinor: 400 }]);
  });

  test('[P5.3] pages through several clients as through one, forwards in order, each record once', async () => {
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const { contacts } = await asBob(
        'query ($after: String) { contacts(first: 1, after: $after) { nodes { familyName } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      seen.push(...contacts.nodes.map(({ familyName }: { familyName: string }) => familyName));
      if (!contacts.pageInfo.hasNextPage) break;
      after = contacts.pageInfo.endCursor;
    }
    expect(seen).toEqual(['alsoMine', 'mine']);
  });

  test('[P5.3] is answered for a record of another client as for one that there is not', async () => {
    const unknown = crypto.randomUUID();
    for (const kind of ['contact', 'company', 'deal']) {
      const query = `query ($id: ID!) { ${kind}(id: $id) { id } }`;
      const none = await workplace.ask(query, { id: unknown }, bob);
      for (const whose of ['theirs', 'own']) {
        const id = kept[whose]![kind];
        expect(await workplace.ask(query, { id }, bob)).toEqual(none);
        const upper = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
        for (const name of [`update${upper}`, `delete${upper}`, `restore${upper}`]) {
          const refused = await attempt(workplace, bob, name, { id: unknown });
          expect(refused.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
          expect(await attempt(workplace, bob, name, { id })).toEqual(refused);
          expect(await attempt(workplace, bob, name, { id, expectedVersion: 9 })).toEqual(refused);
        }
      }
      expect((await asBob(query, { id: kept.mine![kind] }))[kind].id).toBe(kept.mine![kind]);
    }
    const asOf = 'query ($id: ID!) { contact(id: $id, asOf: "2100-01-01T00:00:00Z") { id } }';
    const past = 'query ($id: ID!) { deal(id: $id, asOf: "2100-01-01T00:00:00Z") { id } }';
    expect((await asBob(asOf, { id: kept.theirs!.contact })).contact).toBeNull();
    expect((await asBob(past, { id: kept.theirs!.deal })).deal).toBeNull();
    expect((await asBob(asOf, { id: kept.mine!.contact })).contact).not.toBeNull();
    expect((await asBob(past, { id: kept.mine!.deal })).deal).not.toBeNull();
  });

  test('[P5.3] cannot link to, consent for or create among the records of another client', async () => {
    const consent = { purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1' };
    for (const [name, input, field] of [
      ['createContact', { givenName: 'X', clientId: clients.theirs }, 'clientId'],
      ['createContact', { givenName: 'X' }, 'clientId'],
      ['createDeal', { title: 'X', clientId: clients.theirs }, 'clientId'],
      ['createDeal', { title: 'X', clientId: clients.mine, contactId: kept.theirs!.contact }, 'contactId'],
      ['createCompany', { name: 'X' }, 'clientId'],
      ['updateContact', { id: kept.mine!.contact, companyId: kept.theirs!.company }, 'companyId'],
      ['recordConsent', { ...consent, contactId: kept.theirs!.contact }, 'contactId'],
    ] as const) {
      const { errors } = await attempt(workplace, bob, name, input);
      expect([name, errors?.[0]?.extensions]).toEqual([name, { code: 'NOT_FOUND', field: `input.${field}` }]);
    }
    expect(
      (await attempt(workplace, bob, 'createContact', { givenName: 'X', clientId: clients.mine })).errors,
    ).toBeUndefined();
  });

  test('[P5.3] reads the history of their clients and no other', async () => {
    const controllers = new Set((await historyOf(asBob)).map(({ controllerId }) => controllerId));
    expect([...controllers].sort()).toEqual([clients.mine, clients.alsoMine].sort());
    expect(await historyOf(asBob, { entityId: kept.theirs!.contact })).toEqual([]);
    expect(await historyOf(asBob, { entityId: kept.mine!.contact })).not.toEqual([]);
    const fields = (await historyOf(asBob, { type: 'ContactCreated' })).flatMap(({ fields }) => fields);
    expect(fields.filter(({ personal }) => personal).every(({ value }) => value === null)).toBe(true);
  });

  test('[P5.3] is taken off a client at once', async () => {
    const change = (name: string) =>
      mutate(ask, name, { memberId: bob.memberId, clientId: null }, 'member { assignedIds }');
    expect((await change('assignClient')).member.assignedIds).toContain(ada.workspace);
    expect(
      (await asBob('query ($id: ID!) { contact(id: $id) { id } }', { id: kept.own!.contact })).contact,
    ).not.toBeNull();
    expect((await change('unassignClient')).member.assignedIds).not.toContain(ada.workspace);
    expect((await asBob('query ($id: ID!) { contact(id: $id) { id } }', { id: kept.own!.contact })).contact).toBeNull();
  });

  test('[P5.3] finds in the bin what was theirs, and nothing else', async () => {
    for (const whose of ['mine', 'theirs']) await mutate(ask, 'deleteContact', { id: kept[whose]!.contact }, 'version');
    expect(await found('contacts(filter: { deleted: true }) { totalCount nodes { id } }')).toEqual(
      ids('contact', ['mine']),
    );
    for (const whose of ['mine', 'theirs'])
      await mutate(ask, 'restoreContact', { id: kept[whose]!.contact }, 'version');
  });
});

describe('an agent who follows events', () => {
  const followed = (client: Client) => {
    const answers = client.iterate<{ events: { entityId: string } }>({ query: 'subscription { events { entityId } }' });
    const seen: string[] = [];
    const codes: unknown[] = [];
    const ended = (async () => {
      for await (const { data, errors } of answers) {
        if (data?.events) seen.push(data.events.entityId);
        for (const { extensions } of errors ?? []) codes.push(extensions?.code);
      }
    })();
    return { seen, codes, ended };
  };
  const write = async (whose: string, name: string) => {
    const id = kept[whose]!.contact!;
    await mutate(ask, 'updateContact', { id, nickname: name }, 'version');
    return id;
  };

  test('[P5.3] is told of their clients alone, and of nothing once they are no member', async () => {
    const dora = await workplace.join(ada, 'Dora', { role: 'AGENT' });
    await mutate(ask, 'assignClient', { memberId: dora.memberId, clientId: clients.mine }, 'version');
    const connectionParams = { authorization: `Bearer ${dora.token}`, 'x-workspace': ada.workspace };
    const url = workplace.url.replace('http', 'ws');
    const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
    const { seen, codes, ended } = followed(client);
    await eventually('the first event', async () => {
      await write('theirs', 'N');
      await write('mine', 'N');
      return seen.length > 0;
    });
    expect(new Set(seen)).toEqual(new Set([kept.mine!.contact]));
    await mutate(ask, 'unassignClient', { memberId: dora.memberId, clientId: clients.mine }, 'version');
    await mutate(ask, 'assignClient', { memberId: dora.memberId, clientId: clients.theirs }, 'version');
    await write('mine', 'unseen');
    const theirs = await write('theirs', 'seen');
    await eventually('an event of the new client', () => seen.at(-1) === theirs);
    await mutate(ask, 'removeMember', { memberId: dora.memberId }, 'version');
    await write('theirs', 'unseen');
    await ended;
    expect(codes).toEqual(['FORBIDDEN']);
    await client.dispose();
  });
});

describe('one client', () => {
  test('[P5.3] cannot be told from what another is refused: an external id is theirs alone', async () => {
    const clientId = await newId(ask, 'client', { name: 'Fourth' });
    const create = () => attempt(workplace, ada, 'createContact', { givenName: 'X', clientId, externalId: 'x-1' });
    expect((await create()).errors).toBeUndefined();
    expect((await create()).errors?.[0]?.extensions.code).toBe('ALREADY_TAKEN');
  });

  test('[P1] has its own copy of a person: an import for one leaves the record of another alone', async () => {
    const clientId = await newId(ask, 'client', { name: 'Fifth' });
    const file = { text: 'Contact ID;First Name\nx-1;Imported\n' };
    const { kinds } = await mutate(ask, 'importContacts', { clientId, file }, 'kinds { counts { created updated } }');
    expect(kinds[0].counts).toEqual({ created: 1, updated: 0 });
    const { contact } = await ask('query ($id: ID!) { contact(id: $id) { givenName } }', { id: kept.mine!.contact });
    expect(contact.givenName).toBe('Grace');
  });
});

test('[P5.3] a search across clients is a permission of its own, is recorded without what was looked for, and merges nothing', async () => {
  const input = { identifier: 'EMAIL', value: 'Grace@Example.com', reason: 'She asked who has her address.' };
  expect((await attempt(workplace, bob, 'findByIdentifier', input)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  const cleo = await workplace.join(ada, 'Cleo', { role: 'COMPLIANCE' });
  const { contacts } = await mutate(
    asking(workplace, cleo),
    'findByIdentifier',
    input,
    'contacts { id client { id } }',
  );
  expect(contacts.map(({ id }: { id: string }) => id).sort()).toEqual(ids('contact', WHOSE));
  const [event] = await historyOf(ask, { type: 'IdentifierSearched' });
  expect(event.actor.id).toBe(cleo.account);
  const field = (name: string) => event.fields.find((each: { name: string }) => each.name === name).value;
  expect(field('found').sort()).toEqual(ids('contact', WHOSE));
  expect(JSON.stringify(event).toLowerCase()).not.toContain('grace@example.com');
});
