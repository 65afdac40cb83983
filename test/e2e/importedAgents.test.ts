import { readConfig } from '../../src/app/config.js';
import { outboxOf } from '../../src/app/mail.js';
import { workspaceErasedMail } from '../../src/identity/members/mails.js';
import type { Message } from '../../src/mail/port.js';
import { eventually } from '../support/eventually.js';
import { AGENTS, COMPANIES, DEALS, PRODUCTS } from '../support/importSamples.js';
import { attempt, historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { asking, environmentFor, refusedBy, signUp } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
let workplace: Workplace;
let people = 0;

beforeAll(async () => {
  workplace = await Workplace.open(directory.path());
});
afterAll(() => workplace.close());

const newcomer = () => `Agent${people++}`;
const MEMBERS = '{ members { id name role canSignIn manager office assignedIds } }';
const PREVIEW = '{ accountClosurePreview { mayClose workspaces { id fate } } }';
const CLOSE = 'mutation { closeAccount(input: {}) { erasureId } }';
const DEALS_OF = 'query ($id: ID!) { deals(filter: { ownerId: $id }) { nodes { externalId owner { id name } } } }';

interface Member {
  readonly id: string;
  readonly name: string;
}

/** A workspace into which a sales pipeline was imported, with the agent Ann Smith of it. */
const withAgents = async () => {
  const owner = await workplace.owner(newcomer());
  const ask = asking(workplace, owner);
  const file = (text: string) => ({ text });
  const files = { deals: file(DEALS), companies: file(COMPANIES), products: file(PRODUCTS), agents: file(AGENTS) };
  await mutate(ask, 'importDeals', files, '__typename');
  const { members } = await ask(MEMBERS);
  const named = (name: string) => members.find((member: Member) => member.name === name) as Member;
  return { owner, ask, ann: named('Ann Smith'), bob: named('Bob Jones') };
};
const refusal = async (caller: Colleague, name: string, input: object) =>
  (await attempt(workplace, caller, name, input)).errors?.[0]?.extensions;

describe('an imported agent', () => {
  test('[P1] gets an account by accepting an invitation for them, and keeps their deals', async () => {
    const { owner, ask, ann } = await withAgents();
    const before = (await ask(DEALS_OF, { id: ann.id })).deals.nodes;
    expect(before.length).toBeGreaterThan(1);
    const person = await signUp(workplace, newcomer());
    await workplace.invite(owner, person, { role: 'MANAGER', memberId: ann.id });
    const { invitations } = await ask('{ invitations { memberId state } }');
    expect(invitations).toEqual([{ memberId: ann.id, state: 'OPEN' }]);
    const joined = await workplace.accept(person, owner.workspace);
    expect(joined.memberId).toBe(ann.id);
    const { members } = await asking(workplace, joined)(MEMBERS);
    expect(members).toContainEqual({
      ...{ id: ann.id, name: 'Ann Smith', role: 'MANAGER', canSignIn: true },
      ...{ manager: 'Eva Chief', office: 'Central', assignedIds: [] },
    });
    expect(members).toHaveLength(3);
    expect((await asking(workplace, joined)(DEALS_OF, { id: ann.id })).deals.nodes).toEqual(before);
    expect(typesOf(await historyOf(ask, { entityId: ann.id }))).toEqual(['MemberAdded', 'MemberLinked']);
  });

  test('[P5.3] sees from then on what they were assigned to before, alone and in a team', async () => {
    const { owner, ask, ann } = await withAgents();
    const [own, team, other] = [
      await newId(ask, 'client', { name: 'Own' }),
      await newId(ask, 'client', { name: 'Team' }),
      await newId(ask, 'client', { name: 'Other' }),
    ];
    for (const clientId of [own, team, other]) await newId(ask, 'contact', { givenName: 'G', clientId });
    await mutate(ask, 'assignClient', { memberId: ann.id, clientId: own }, 'version');
    const sales = { name: 'Sales', memberIds: [ann.id], clientIds: [team] };
    const { id } = (await mutate(ask, 'defineTeam', sales, 'team { id }')).team;
    const person = await signUp(workplace, newcomer());
    await workplace.invite(owner, person, { role: 'AGENT', memberId: ann.id });
    const joined = await workplace.accept(person, owner.workspace);
    const seen = async () => {
      const { contacts } = await asking(workplace, joined)('{ contacts { nodes { client { id } } } }');
      return contacts.nodes.map(({ client }: { client: { id: string } }) => client.id).toSorted();
    };
    expect(await seen()).toEqual([own, team].toSorted());
    await mutate(ask, 'defineTeam', { ...sales, id, clientIds: [other] }, 'version');
    expect(await seen()).toEqual([own, other].toSorted());
    await mutate(ask, 'unassignClient', { memberId: ann.id, clientId: own }, 'version');
    expect(await seen()).toEqual([other]);
  });

  test('[P5.3] is one person: whoever accepts second, or has joined already, becomes somebody else or nobody', async () => {
    const { owner, ask, ann, bob } = await withAgents();
    const [first, second] = [await signUp(workplace, newcomer()), await signUp(workplace, newcomer())];
    const late = await workplace.invite(owner, second, { role: 'AGENT', memberId: ann.id });
    await workplace.invite(owner, first, { role: 'AGENT', memberId: ann.id });
    const joined = await workplace.accept(first, owner.workspace);
    const caller = { ...joined, token: second.token };
    expect(await refusal(caller, 'acceptInvitation', { token: late })).toEqual({
      code: 'INVITATION_NOT_VALID',
      field: 'input.token',
    });
    for (const memberId of [ann.id, owner.memberId, crypto.randomUUID()]) {
      expect(await refusal(owner, 'inviteMember', { email: 'x@example.com', memberId })).toEqual({
        code: 'NOT_FOUND',
        field: 'input.memberId',
      });
    }
    const { currentAccount } = await asking(workplace, joined)('{ currentAccount { email } }');
    const again = { email: currentAccount.email, memberId: bob.id };
    expect((await refusal(owner, 'inviteMember', again))?.code).toBe('ALREADY_MEMBER');
    expect((await ask(MEMBERS)).members).toHaveLength(3);
  });

  test('[P5.3] can be made the owner, can leave, and is the same when they come back', async () => {
    const { owner, ann } = await withAgents();
    const person = await signUp(workplace, newcomer());
    await workplace.invite(owner, person, { role: 'ADMIN', memberId: ann.id });
    const joined = await workplace.accept(person, owner.workspace);
    await mutate(asking(workplace, owner), 'transferOwnership', { memberId: ann.id, stayOwner: true }, 'position');
    const roles = async () =>
      Object.fromEntries(
        (await asking(workplace, owner)(MEMBERS)).members.map(({ id, role }: { id: string; role: string }) => [
          id,
          role,
        ]),
      );
    expect(await roles()).toMatchObject({ [ann.id]: 'OWNER', [owner.memberId]: 'OWNER' });
    await mutate(asking(workplace, joined), 'leaveWorkspace', {}, 'position');
    expect((await workplace.ask('{ contacts { totalCount } }', {}, joined)).errors?.[0]?.extensions.code).toBe(
      'FORBIDDEN',
    );
    await workplace.invite(owner, person, { role: 'READ_ONLY' });
    expect((await workplace.accept(person, owner.workspace)).memberId).toBe(ann.id);
    expect(await roles()).toMatchObject({ [ann.id]: 'READ_ONLY' });
  });

  test('[P6.3] keeps the workspace that they work in: its last owner cannot close their account under them', async () => {
    const { owner, ann } = await withAgents();
    const person = await signUp(workplace, newcomer());
    await workplace.invite(owner, person, { role: 'AGENT', memberId: ann.id });
    const joined = await workplace.accept(person, owner.workspace);
    expect((await asking(workplace, { token: owner.token })(PREVIEW)).accountClosurePreview).toEqual({
      mayClose: false,
      workspaces: [{ id: owner.workspace, fate: 'IN_THE_WAY' }],
    });
    expect((await refusedBy(workplace, { token: owner.token })(CLOSE)).code).toBe('LAST_OWNER');
    expect((await asking(workplace, joined)(MEMBERS)).members).toHaveLength(3);
  });

  test('[P6.3] leaves with the account that they have, and nobody learns their name any more', async () => {
    const { owner, ask, ann } = await withAgents();
    const person = await signUp(workplace, newcomer());
    await workplace.invite(owner, person, { role: 'AGENT', memberId: ann.id });
    await workplace.accept(person, owner.workspace);
    const { workspaces } = (await asking(workplace, { token: person.token })(PREVIEW)).accountClosurePreview;
    expect(workspaces).toContainEqual({ id: owner.workspace, fate: 'STAYS' });
    await asking(workplace, { token: person.token })(CLOSE);
    const { members } = await ask(MEMBERS);
    expect(members.map(({ name }: Member) => name)).not.toContain('Ann Smith');
    expect(members).toHaveLength(2);
    const events = await historyOf(ask, { entityId: ann.id });
    expect(typesOf(events)).toEqual(['MemberAdded', 'MemberLinked', 'MemberRemoved']);
    expect(JSON.stringify(events)).not.toContain('Ann Smith');
  });

  test('[P6.3] is told when the workspace that they work in is erased', async () => {
    const { owner, ask, ann } = await withAgents();
    const person = await signUp(workplace, newcomer());
    await workplace.invite(owner, person, { role: 'AGENT', memberId: ann.id });
    await workplace.accept(person, owner.workspace);
    const { email } = (await asking(workplace, { token: person.token })('{ currentAccount { email } }')).currentAccount;
    await ask('mutation { eraseWorkspace(input: {}) { erasureId } }');
    const mails = () => outboxOf(readConfig(environmentFor(directory.path())));
    const isTold = ({ to, subject }: Message) => to === email && subject === workspaceErasedMail().subject;
    await eventually('the mail', async () => (await mails()).some(isTold));
  });
});
