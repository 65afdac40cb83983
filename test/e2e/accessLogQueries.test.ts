import { subjectIdOf } from '../../src/kernel/ids.js';
import { mutate, newId } from '../support/mutations.js';
import { asking, type Caller, refusedBy } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
let workplace: Workplace;
let olga: Colleague;
let agent: Colleague;
let clients: readonly [string, string];
let people: readonly [string, string];

const LOG = `query ($filter: AccessLogFilter, $first: Int = 50, $after: String) { accessLog(filter: $filter, first: $first, after: $after) {
  nodes { id actorId purpose operation reads { controllerId categories subjectIds } } pageInfo { hasNextPage endCursor } } }`;
const read = (who: Caller, id: string, fields = 'givenName') =>
  asking(workplace, who)(`query ($id: ID!) { contact(id: $id) { ${fields} } }`, { id });
const logOf = async (who: Caller, filter: object = {}, page: object = {}) =>
  (await asking(workplace, who)(LOG, { filter, ...page })).accessLog;

beforeAll(async () => {
  workplace = await Workplace.open(directory.path());
  olga = await workplace.owner('Olga');
  const ask = asking(workplace, olga);
  const client = () => newId(ask, 'client', { name: 'C' });
  clients = [await client(), await client()];
  const contact = (clientId: string) =>
    newId(ask, 'contact', { givenName: 'Grace', emails: [{ value: 'g@example.com' }], clientId });
  people = [await contact(clients[0]), await contact(clients[1])];
  agent = await workplace.join(olga, 'Agent', { role: 'AGENT' });
  await mutate(ask, 'assignClient', { memberId: agent.memberId, clientId: clients[0] }, 'version');
  await read(agent, people[0]);
  await read({ ...agent, purpose: 'support' }, people[0], 'emails { value }');
  await read(olga, people[1]);
});
afterAll(() => workplace.close());

test('[P7.1] the owner is told who read a person, which categories, for what, the newest first', async () => {
  const subjectId = subjectIdOf(people[0]);
  const { nodes } = await logOf(olga, { subjectId, actorId: agent.account });
  const reads = (categories: string[]) => [{ controllerId: clients[0], categories, subjectIds: [subjectId] }];
  expect(nodes).toMatchObject([
    { actorId: agent.account, purpose: 'SUPPORT', operation: 'query contact', reads: reads(['contact.email']) },
    { actorId: agent.account, purpose: 'SERVICE', operation: 'query contact', reads: reads(['name']) },
  ]);
});

test('[P7.1] it is narrowed by purpose and time, and paged', async () => {
  const filter = { subjectId: subjectIdOf(people[0]) };
  expect((await logOf(olga, { ...filter, purpose: 'support' })).nodes).toHaveLength(1);
  expect((await logOf(olga, { ...filter, to: '2020-01-01T00:00:00Z' })).nodes).toEqual([]);
  expect((await logOf(olga, { ...filter, from: '2020-01-01T00:00:00Z' })).nodes.length).toBeGreaterThan(1);
  const first = await logOf(olga, filter, { first: 1 });
  expect(first.pageInfo.hasNextPage).toBe(true);
  const next = await logOf(olga, filter, { first: 1, after: first.pageInfo.endCursor });
  expect(next.nodes[0].id < first.nodes[0].id).toBe(true);
  const refused = refusedBy(workplace, olga);
  expect(await refused(LOG, { after: 'nonsense' })).toMatchObject({ code: 'BAD_CURSOR' });
  expect(await refused(LOG, { filter: { purpose: 'curiosity' } })).toMatchObject({ code: 'BAD_USER_INPUT' });
});

test('[P5.3] an agent may not read it, another workspace’s owner finds nothing of this one', async () => {
  expect(await refusedBy(workplace, agent)(LOG)).toMatchObject({ code: 'FORBIDDEN' });
  const eve = await workplace.owner('Eve');
  expect((await logOf(eve, { subjectId: subjectIdOf(people[0]) })).nodes).toEqual([]);
  expect((await logOf(eve, { actorId: agent.account })).nodes).toEqual([]);
});

test('[P5.3] an auditor is told of the clients that the grant covers alone', async () => {
  const auditor = await workplace.join(olga, 'Auditor', { role: 'AUDITOR' });
  expect(await refusedBy(workplace, auditor)(LOG)).toMatchObject({ code: 'FORBIDDEN' });
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const grant = { memberId: auditor.memberId, until, purpose: 'PRIVACY', clientIds: [clients[1]] };
  await mutate(asking(workplace, olga), 'grantAuditAccess', grant, 'version');
  const { nodes } = await logOf(auditor);
  const told = nodes.flatMap((node: { reads: { controllerId: string }[] }) => node.reads);
  expect(told.length).toBeGreaterThan(0);
  expect(told.every(({ controllerId }: { controllerId: string }) => controllerId === clients[1])).toBe(true);
});

test('[P7.1] [P12.1] the answer to a person’s own request masks who read, the same reader alike, unless it is asked for', async () => {
  const report = (named: string) =>
    read(olga, people[0], `accessLog${named} { nodes { at categories purpose reader readerId } }`);
  const masked = (await report('')).contact.accessLog.nodes;
  expect(masked.map(({ readerId }: { readerId: unknown }) => readerId)).toEqual(masked.map(() => null));
  expect(JSON.stringify(masked)).not.toMatch(new RegExp(`${agent.account}|${olga.account}|Agent|Olga`));
  const byAgent = masked.filter(({ purpose }: { purpose: string }) => purpose === 'SUPPORT');
  expect(byAgent).toHaveLength(1);
  const named = (await report('(readersNamed: true)')).contact.accessLog.nodes;
  const readers = new Map(named.map((each: { reader: string; readerId: string }) => [each.reader, each.readerId]));
  expect(readers.get(byAgent[0].reader)).toBe(agent.account);
  expect(new Set(readers.values()).size).toBe(readers.size);
  expect(
    await refusedBy(workplace, agent)('query ($id: ID!) { contact(id: $id) { accessLog { nodes { id } } } }', {
      id: people[0],
    }),
  ).toMatchObject({ code: 'FORBIDDEN' });
});

test('[P7.1] account holders see who read their name, and nobody else’s reads', async () => {
  await asking(workplace, olga)('{ members { name } }');
  const { ownAccessLog } = await asking(
    workplace,
    agent,
  )('{ ownAccessLog { nodes { categories purpose reader readerId } } }');
  expect(ownAccessLog.nodes[0]).toEqual({
    categories: ['name'],
    purpose: 'SERVICE',
    reader: expect.stringMatching(/^Reader /),
    readerId: null,
  });
  const stranger = await workplace.owner('Stranger');
  expect((await asking(workplace, stranger)('{ ownAccessLog { nodes { id } } }')).ownAccessLog.nodes).toEqual([]);
});

test('[P7.3] after an erasure the log still says who read, by the id alone', async () => {
  const person = await newId(asking(workplace, olga), 'contact', { givenName: 'Gone' });
  await read(olga, person);
  await mutate(asking(workplace, olga), 'eraseContact', { id: person }, 'position');
  const { nodes } = await logOf(olga, { subjectId: subjectIdOf(person) });
  expect(nodes).toMatchObject([{ reads: [{ categories: ['name'], subjectIds: [subjectIdOf(person)] }] }]);
  expect(JSON.stringify(nodes)).not.toContain('Gone');
});
