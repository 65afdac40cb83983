import { attempt, historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { asking, refusedBy, signUp } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, SetClock, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
const clock = new SetClock();
let workplace: Workplace;
let ada: Colleague;
let people = 0;

const newcomer = () => `Person${people++}`;
const code = async (caller: Colleague, name: string, input: object) =>
  (await attempt(workplace, caller, name, input)).errors?.[0]?.extensions;

beforeAll(async () => {
  workplace = await Workplace.open(directory.path(), clock);
  ada = await workplace.owner('Ada');
});
afterAll(() => workplace.close());

describe('an invitation', () => {
  test('[P1] brings somebody who has an account into a second workspace, in the role that it names', async () => {
    const bob = await workplace.join(ada, newcomer(), { role: 'MANAGER' });
    const { currentAccount, members } = await asking(
      workplace,
      bob,
    )('{ currentAccount { workspaces { id } } members { id role canSignIn } }');
    expect(currentAccount.workspaces.map(({ id }: { id: string }) => id)).toContain(ada.workspace);
    expect(members).toContainEqual({ id: bob.memberId, role: 'MANAGER', canSignIn: true });
  });

  test('[P5.3] tells its token to the mail alone, and the history not even its hash', async () => {
    const email = `${newcomer()}@example.com`;
    const answer = await attempt(
      workplace,
      ada,
      'inviteMember',
      { email },
      'invitation { id email role state } version',
    );
    const { token, to } = workplace.mails.at(-1)!;
    expect(to).toBe(email);
    expect(JSON.stringify(answer)).not.toContain(token);
    expect(answer.data.inviteMember.invitation).toMatchObject({ email, role: 'AGENT', state: 'OPEN' });
    expect(JSON.stringify(await historyOf(asking(workplace, ada), { type: 'InvitationSent' }))).not.toContain(token);
  });

  test('[P5.3] is good once, for the address that it was sent to, and for seven days', async () => {
    const [carl, eve] = [await signUp(workplace, newcomer()), await signUp(workplace, newcomer())];
    const accept = (person: { token: string }, token: string) =>
      refusedBy(workplace, { token: person.token })(
        'mutation ($token: String!) { acceptInvitation(input: { token: $token }) { memberId } }',
        { token },
      );
    const notValid = { code: 'INVITATION_NOT_VALID', field: 'input.token' };
    const token = await workplace.invite(ada, carl, { role: 'AGENT' });
    expect(await accept(eve, token)).toEqual(notValid);
    expect(await accept(carl, 'nonsense')).toEqual(notValid);
    await workplace.accept(carl, ada.workspace);
    expect(await accept(carl, token)).toEqual(notValid);

    const late = await workplace.invite(ada, eve, { role: 'AGENT' });
    clock.advance(7 * 24 * 3600 * 1000);
    ada = await workplace.again(ada);
    expect(await accept(await workplace.again(eve), late)).toEqual(notValid);
    const { invitations } = await asking(workplace, ada)('{ invitations { state } }');
    expect(invitations[0].state).toBe('EXPIRED');
  });

  test('[P5.3] that was revoked is good no more', async () => {
    const dan = await signUp(workplace, newcomer());
    const token = await workplace.invite(ada, dan, { role: 'AGENT' });
    const { invitations } = await asking(workplace, ada)('{ invitations { id } }');
    await mutate(asking(workplace, ada), 'revokeInvitation', { id: invitations[0].id }, 'position');
    const answer = await attempt(workplace, dan, 'acceptInvitation', { token });
    expect(answer.errors?.[0]?.extensions.code).toBe('INVITATION_NOT_VALID');
  });

  test('for somebody who is a member already gets a clear answer', async () => {
    const { members } = await asking(workplace, ada)('{ currentAccount { email } members { id } }');
    expect(members.length).toBeGreaterThan(1);
    const { currentAccount } = await asking(workplace, ada)('{ currentAccount { email } }');
    expect(await code(ada, 'inviteMember', { email: currentAccount.email.toUpperCase() })).toEqual({
      code: 'ALREADY_MEMBER',
      field: 'input.email',
    });
  });

  test('[P5.3] gives no role that may do more than who invites, and never ownership', async () => {
    const manager = await workplace.join(ada, newcomer(), { role: 'MANAGER' });
    const email = `${newcomer()}@example.com`;
    for (const role of ['ADMIN', 'COMPLIANCE']) {
      expect(await code(manager, 'inviteMember', { email, role })).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await code(ada, 'inviteMember', { email, role: 'OWNER' })).toMatchObject({ field: 'input.role' });
    expect(await code(ada, 'inviteMember', { email, role: 'CUSTOM' })).toMatchObject({ field: 'input.customRoleId' });
    expect(await code(manager, 'inviteMember', { email, role: 'AGENT' })).toBeUndefined();
  });
});

describe('a role', () => {
  test('[P5.3] that changes is effective at once, in the session that is running', async () => {
    const bea = await workplace.join(ada, newcomer(), { role: 'READ_ONLY' });
    const create = () => attempt(workplace, bea, 'createCompany', { name: 'C' });
    expect((await create()).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    await mutate(asking(workplace, ada), 'changeMemberRole', { memberId: bea.memberId, role: 'MANAGER' }, 'position');
    expect((await create()).errors).toBeUndefined();
    await mutate(asking(workplace, ada), 'changeMemberRole', { memberId: bea.memberId, role: 'READ_ONLY' }, 'position');
    expect((await create()).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('[P5.3] can be put together from permissions, and changes for all who have it', async () => {
    const ask = asking(workplace, ada);
    const define = (permissions: string[], id?: string) =>
      mutate(ask, 'defineRole', { id, name: 'Bookkeeper', permissions }, 'role { id permissions } version');
    const { role } = await define(['DEAL_READ', 'CLIENT_ALL']);
    const cem = await workplace.join(ada, newcomer(), { role: 'CUSTOM', customRoleId: role.id });
    const deal = await newId(ask, 'deal', { title: 'D', valueMinor: 500 });
    const worth = () => workplace.ask('query ($id: ID!) { deal(id: $id) { title valueMinor } }', { id: deal }, cem);
    expect((await worth()).errors?.[0]).toMatchObject({
      path: ['deal', 'valueMinor'],
      extensions: { code: 'FORBIDDEN' },
    });
    await define(['DEAL_READ', 'DEAL_READ_VALUE', 'CLIENT_ALL'], role.id);
    expect((await worth()).data.deal).toEqual({ title: 'D', valueMinor: 500 });
    expect((await workplace.ask('{ contacts { totalCount } }', {}, cem)).errors?.[0]?.extensions.code).toBe(
      'FORBIDDEN',
    );
  });

  test('[P5.3] with more than an admin has can be neither made nor changed by one', async () => {
    const admin = await workplace.join(ada, newcomer(), { role: 'ADMIN' });
    expect(await code(admin, 'defineRole', { name: 'X', permissions: ['WORKSPACE_TRANSFER'] })).toMatchObject({
      code: 'FORBIDDEN',
    });
    const change = { memberId: ada.memberId, role: 'READ_ONLY' };
    expect(await code(admin, 'changeMemberRole', change)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await code(admin, 'removeMember', { memberId: ada.memberId })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await code(admin, 'transferOwnership', { memberId: admin.memberId })).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('leaving', () => {
  test('[P5.3] takes effect at once, and what somebody did keeps their name', async () => {
    const fay = await workplace.join(ada, newcomer(), { role: 'MANAGER' });
    const ask = asking(workplace, ada);
    const deal = await newId(ask, 'deal', { title: 'D', ownerId: fay.memberId });
    await mutate(ask, 'removeMember', { memberId: fay.memberId }, 'position');
    expect((await workplace.ask('{ contacts { totalCount } }', {}, fay)).errors?.[0]?.extensions).toEqual({
      code: 'FORBIDDEN',
      field: 'x-workspace',
    });
    const { members, deal: shown } = await ask(
      'query ($id: ID!) { members { id } deal(id: $id) { owner { id name leftAt } } }',
      { id: deal },
    );
    expect(members.map(({ id }: { id: string }) => id)).not.toContain(fay.memberId);
    expect(shown.owner).toEqual({ id: fay.memberId, name: expect.any(String), leftAt: expect.any(String) });
  });

  test('the last owner cannot; after a transfer they can, and the other has the workspace', async () => {
    const gil = await workplace.owner(newcomer());
    const hal = await workplace.join(gil, newcomer(), { role: 'AGENT' });
    const leave = (who: Colleague) => attempt(workplace, who, 'leaveWorkspace', {});
    expect((await leave(gil)).errors?.[0]?.extensions.code).toBe('LAST_OWNER');
    await mutate(asking(workplace, gil), 'transferOwnership', { memberId: hal.memberId }, 'position');
    const { members } = await asking(workplace, hal)('{ members { id role } }');
    expect(members).toEqual(
      expect.arrayContaining([
        { id: hal.memberId, role: 'OWNER' },
        { id: gil.memberId, role: 'ADMIN' },
      ]),
    );
    expect((await leave(gil)).errors).toBeUndefined();
    expect((await leave(hal)).errors?.[0]?.extensions.code).toBe('LAST_OWNER');
    expect(typesOf(await historyOf(asking(workplace, hal)))).toEqual(
      expect.arrayContaining(['OwnershipGranted', 'OwnershipReleased', 'MemberRemoved']),
    );
  });

  test('one of two owners can', async () => {
    const ida = await workplace.owner(newcomer());
    const jon = await workplace.join(ida, newcomer(), { role: 'ADMIN' });
    await mutate(asking(workplace, ida), 'transferOwnership', { memberId: jon.memberId, stayOwner: true }, 'position');
    expect((await attempt(workplace, ida, 'leaveWorkspace', {})).errors).toBeUndefined();
    expect((await attempt(workplace, jon, 'leaveWorkspace', {})).errors?.[0]?.extensions.code).toBe('LAST_OWNER');
  });

  test('and coming back by a new invitation is possible', async () => {
    const kim = await workplace.join(ada, newcomer(), { role: 'MANAGER' });
    expect((await attempt(workplace, kim, 'leaveWorkspace', {})).errors).toBeUndefined();
    const person = { token: kim.token, account: kim.account, workspaceId: '' };
    await workplace.invite(ada, person, { role: 'READ_ONLY' });
    const again = await workplace.accept(person, ada.workspace);
    expect(again.memberId).toBe(kim.memberId);
    const { members } = await asking(workplace, again)('{ members { id role leftAt } }');
    expect(members).toContainEqual({ id: kim.memberId, role: 'READ_ONLY', leftAt: null });
  });
});
