import { attempt, historyOf, mutation, newId, typesOf } from '../support/mutations.js';
import { asking, refusedBy, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(directory.path());
});
afterAll(() => server.stop());

const PASSWORD = 'correct horse battery';
const SIGN_UP = mutation('signUp', 'token account { id name email phone acceptedPolicyVersion } workspace { id name }');
const SIGN_IN =
  'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token account { id workspaces { id } } } }';

let people = 0;
/** Somebody who has not been here before, as they fill in the form. */
const newcomer = <Form extends object>(more?: Form) => ({
  name: 'Ada Lovelace',
  email: `person-${people++}@example.com`,
  password: PASSWORD,
  workspaceName: 'Lovelace BPO',
  acceptedPolicyVersion: '1',
  confirmsAdult: true,
  ...(more as Form),
});
const open = async (input: object) => (await asking(server)(SIGN_UP, { input })).signUp;
const refused = (input: object) => refusedBy(server)(SIGN_UP, { input });
const signIn = (email: string, password = PASSWORD) => server.ask(SIGN_IN, { email, password });

describe('signing up', () => {
  test('[P2.1.1] opens an account with name, e-mail and phone, and a workspace of its own', async () => {
    const form = newcomer({ name: 'Añda Łovelace', phone: '+44 20 7946 0000', workspaceName: 'Łovelace & Co' });
    const { token, account, workspace } = await open(form);
    expect(account).toEqual({
      id: expect.any(String),
      name: form.name,
      email: form.email,
      phone: form.phone,
      acceptedPolicyVersion: '1',
    });
    expect(workspace.name).toBe('Łovelace & Co');
    const ask = asking(server, { token });
    const { currentAccount, members } = await ask(
      '{ currentAccount { id name email phone workspaces { id name } } members { name role canSignIn } }',
    );
    expect(currentAccount).toEqual({
      id: account.id,
      name: form.name,
      email: form.email,
      phone: form.phone,
      workspaces: [workspace],
    });
    expect(members).toEqual([{ name: form.name, role: 'OWNER', canSignIn: true }]);
    expect(typesOf(await historyOf(ask))).toEqual(['WorkspaceCreated', 'PipelineDefined', 'MemberAdded']);
  });

  test('an address has one account, in whatever case it is written', async () => {
    const form = newcomer();
    await open(form);
    for (const email of [form.email, form.email.toUpperCase()]) {
      expect(await refused({ ...newcomer(), email })).toEqual({ code: 'ALREADY_TAKEN', field: 'input.email' });
    }
  });

  test('of several who want one address at once, exactly one gets it', async () => {
    const { email } = newcomer();
    const inputs = Array.from({ length: 8 }, (_, index) => newcomer({ email, name: `Number ${index}` }));
    const answers = await Promise.all(inputs.map((input) => server.ask(SIGN_UP, { input })));
    const winners = answers.filter(({ errors }) => errors === undefined);
    expect(winners).toHaveLength(1);
    for (const { errors } of answers) if (errors) expect(errors[0]!.extensions.code).toBe('ALREADY_TAKEN');
    const { data } = await signIn(email);
    expect(data.signIn.account.id).toBe(winners[0]!.data.signUp.account.id);
  });

  test('[P11.1] is not for people under 18', async () => {
    expect(await refused(newcomer({ confirmsAdult: false }))).toEqual({
      code: 'UNDERAGE',
      field: 'input.confirmsAdult',
    });
  });

  test('[P16.1] takes the acceptance of the policy that is in force, and of no other', async () => {
    for (const acceptedPolicyVersion of ['0', '2', '1.0']) {
      expect(await refused(newcomer({ acceptedPolicyVersion }))).toEqual({
        code: 'POLICY_NOT_CURRENT',
        field: 'input.acceptedPolicyVersion',
      });
    }
  });

  test.each([
    ['a password of 7 characters', { password: '1234567' }, 'input.password'],
    ['a password of 257 characters', { password: 'x'.repeat(257) }, 'input.password'],
    ['a bad e-mail', { email: 'ada at example.com' }, 'input.email'],
    ['an empty name', { name: ' ' }, 'input.name'],
    ['a phone with a control character', { phone: '+44\u0000' }, 'input.phone'],
    ['an empty workspace name', { workspaceName: '' }, 'input.workspaceName'],
    ['an over-long workspace name', { workspaceName: 'x'.repeat(201) }, 'input.workspaceName'],
    ['a command id that is none', { commandId: 'once' }, 'input.commandId'],
  ])('refuses %s, and leaves nothing that stands in the way of trying again', async (_name, wrong, field) => {
    const form = newcomer({ commandId: crypto.randomUUID() });
    expect(await refused({ ...form, ...wrong })).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect((await signIn(form.email)).errors?.[0]?.extensions.code).toBe('SIGN_IN_FAILED');
    expect((await open(form)).account.email).toBe(form.email);
  });

  test.each([
    ['UNDERAGE', { confirmsAdult: false }],
    ['POLICY_NOT_CURRENT', { acceptedPolicyVersion: '0' }],
    ['BAD_USER_INPUT', { phone: '\u0007' }],
  ])('once refused with %s can be sent again corrected, with another password too', async (code, wrong) => {
    const form = newcomer({ commandId: crypto.randomUUID() });
    expect((await refused({ ...form, ...wrong })).code).toBe(code);
    const password = 'another horse battery';
    expect((await open({ ...form, password })).account.email).toBe(form.email);
    expect((await signIn(form.email, password)).errors).toBeUndefined();
  });

  test('sent twice with one command id opens one account and never changes its password', async () => {
    const form = newcomer({ commandId: crypto.randomUUID() });
    const first = await open(form);
    const again = await open(form);
    expect([again.account, again.workspace]).toEqual([first.account, first.workspace]);
    expect(await refused({ ...form, password: 'another horse battery' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await refused({ ...form, name: 'Somebody Else' })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await refused({ ...form, email: newcomer().email })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect((await signIn(form.email, 'another horse battery')).errors?.[0]?.extensions.code).toBe('SIGN_IN_FAILED');
    expect((await signIn(form.email)).errors).toBeUndefined();
    const { members } = await asking(server, { token: first.token })('{ members { id } }');
    expect(members).toHaveLength(1);
  });
});

describe('signing in and out', () => {
  test('[P5.3] answers with a token and the caller’s workspaces, whatever the case of the address', async () => {
    const form = newcomer();
    const { account, workspace } = await open(form);
    const { data } = await signIn(form.email.toUpperCase());
    expect(data.signIn.account).toEqual({ id: account.id, workspaces: [{ id: workspace.id }] });
    const { currentAccount } = await asking(server, { token: data.signIn.token })('{ currentAccount { id } }');
    expect(currentAccount.id).toBe(account.id);
  });

  test('[P5.3] a wrong password and an unknown account are answered alike', async () => {
    const form = newcomer();
    await open(form);
    const wrong = await signIn(form.email, `${PASSWORD}!`);
    expect(wrong.errors?.[0]).toMatchObject({
      message: 'The e-mail and the password do not belong together.',
      extensions: { code: 'SIGN_IN_FAILED' },
    });
    expect(wrong.errors?.[0]?.extensions).not.toHaveProperty('field');
    for (const email of ['nobody@example.com', 'no address', '', 'x'.repeat(10_000)]) {
      expect(await signIn(email)).toEqual(wrong);
    }
    for (const password of ['', 'x'.repeat(100_000)]) expect(await signIn(form.email, password)).toEqual(wrong);
  });

  test('[P5.3] a token is worth nothing after signing out; other sessions go on', async () => {
    const form = newcomer();
    const { token } = await open(form);
    const other = (await signIn(form.email)).data.signIn.token;
    const SECRET = '{ currentAccount { id } contacts { totalCount } }';
    await asking(server, { token })(SECRET);
    expect((await asking(server, { token })('mutation { signOut }')).signOut).toBe(true);
    expect((await refusedBy(server, { token })(SECRET)).code).toBe('UNAUTHENTICATED');
    expect((await refusedBy(server, { token })('mutation { signOut }')).code).toBe('UNAUTHENTICATED');
    await asking(server, { token: other })(SECRET);
  });

  test('[P5.3] everything but signing up and in is for those who are signed in', async () => {
    const { __schema } = await asking(server)(`{ __schema {
      queryType { fields { name args { defaultValue type { kind } } } } } }`);
    const taken: string[] = __schema.queryType.fields
      .filter(({ args }: { args: { type: { kind: string }; defaultValue: string | null }[] }) =>
        args.every(({ type, defaultValue }) => type.kind !== 'NON_NULL' || defaultValue !== null),
      )
      .map(({ name }: { name: string }) => name)
      .filter((name: string) => name !== 'openIdProviders'); // where to sign in
    expect(taken).toEqual(expect.arrayContaining(['contacts', 'deals', 'eventHistory', 'members', 'currentAccount']));
    const OF_LISTS = ['contacts', 'companies', 'products', 'deals', 'eventHistory'];
    for (const name of taken) {
      const selection = OF_LISTS.includes(name) ? '{ pageInfo { hasNextPage } }' : '{ __typename }';
      expect([name, (await refusedBy(server)(`{ ${name} ${selection} }`)).code]).toEqual([name, 'UNAUTHENTICATED']);
    }
    for (const [name, input] of [
      ['createContact', { givenName: 'G' }],
      ['eraseContact', { id: crypto.randomUUID() }],
      ['importContacts', { file: { text: 'first name\nG' } }],
    ] as const) {
      const { errors } = await attempt(server, {}, name, input);
      expect([name, errors?.[0]?.extensions.code]).toEqual([name, 'UNAUTHENTICATED']);
    }
  });
});

describe('the workspace of a request', () => {
  test('need not be named by who has one; naming it changes nothing', async () => {
    const ada = await signUp(server, 'Ada');
    const id = await newId(asking(server, ada), 'contact', { givenName: 'G' });
    for (const caller of [{ token: ada.token }, { token: ada.token, workspace: ada.workspaceId }]) {
      const { contacts } = await asking(server, caller)('{ contacts { nodes { id } } }');
      expect(contacts.nodes).toEqual([{ id }]);
    }
  });

  test('[P5.3] of somebody else is refused, as one that there is not', async () => {
    const [eve, ann] = [await signUp(server, 'Eve'), await signUp(server, 'Ann')];
    const unknown = crypto.randomUUID();
    const answers = [];
    for (const workspace of [ann.workspaceId, unknown, 'operator', 'nonsense']) {
      const caller = { token: eve.token, workspace };
      answers.push(await server.ask('{ contacts { totalCount } }', {}, caller));
      answers.push(await attempt(server, caller, 'createContact', { givenName: 'G' }));
    }
    for (const { errors, data } of answers) {
      expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', field: 'x-workspace' });
      expect(data ?? null).toBeNull();
    }
    const { contacts } = await asking(server, ann)('{ contacts { totalCount } }');
    expect(contacts.totalCount).toBe(0);
  });
});
