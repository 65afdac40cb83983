import { generate } from 'otplib';
import { readConfig } from '../../src/app/config.js';
import { outboxOf } from '../../src/app/mail.js';
import { type Deviation, SoftAuthenticator } from '../support/authenticator.js';
import { opened, signIn } from '../support/people.js';
import { asking, type Caller, environmentFor, refusedBy } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { SetClock, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
const clock = new SetClock();
let workplace: Workplace;

beforeAll(async () => {
  workplace = await Workplace.open(directory.path(), clock);
});
afterAll(() => workplace.close());

const MINUTE = 60_000;
/** Where the product says that people use it, when nothing else is said. */
const ORIGIN = 'http://localhost:4000';
const BEGIN = 'mutation { beginPasskeyRegistration { options } }';
const REGISTER = 'mutation ($input: RegisterPasskeyInput!) { registerPasskey(input: $input) { passkey { id name } } }';
const LIST = '{ passkeys { id name lastUsedAt } }';
const RENAME = 'mutation ($input: RenamePasskeyInput!) { renamePasskey(input: $input) { passkey { name } } }';
const REMOVE = 'mutation ($id: ID!) { removePasskey(input: { id: $id }) }';
const BEGIN_SIGN_IN = 'mutation { beginPasskeySignIn { options } }';
const SIGN_IN =
  'mutation ($response: JSON!) { signInWithPasskey(input: { response: $response }) { token account { id } } }';
const BEGIN_STEP_UP = 'mutation { beginPasskeyStepUp { options } }';
const STEP_UP = 'mutation ($response: JSON!) { stepUpWithPasskey(input: { response: $response }) }';
const REFUSED = { code: 'PASSKEY_REFUSED', field: 'input.response' };

const registrationFor = async (person: Caller) =>
  (await asking(workplace, person)(BEGIN)).beginPasskeyRegistration.options;
const register = async (person: Caller, authenticator: SoftAuthenticator, name = 'Telephone') => {
  const response = authenticator.create(await registrationFor(person));
  return (await asking(workplace, person)(REGISTER, { input: { name, response } })).registerPasskey.passkey;
};
const signInOptions = async () => (await asking(workplace)(BEGIN_SIGN_IN)).beginPasskeySignIn.options;
const stepUpOptions = async (person: Caller) =>
  (await asking(workplace, person)(BEGIN_STEP_UP)).beginPasskeyStepUp.options;

/** Somebody with a passkey. */
const withPasskey = async () => {
  const person = await opened(workplace);
  const authenticator = new SoftAuthenticator(ORIGIN);
  return { ...person, authenticator, passkey: await register(person, authenticator) };
};

describe('a passkey', () => {
  test('[P5.3] signs in alone, whosever it is, and is told to its owner', async () => {
    const { account, authenticator, email } = await withPasskey();
    const { signInWithPasskey } = await asking(workplace)(SIGN_IN, {
      response: authenticator.get(await signInOptions()),
    });
    expect(signInWithPasskey.account.id).toBe(account.id);
    const { passkeys } = await asking(workplace, { token: signInWithPasskey.token })(LIST);
    expect(passkeys).toEqual([{ id: expect.any(String), name: 'Telephone', lastUsedAt: expect.any(String) }]);
    expect(await mailsTo(email)).toContain('Your passkeys have changed');
  });

  test('[P5.3] is both factors: an account with an authenticator is not asked for a code beside it', async () => {
    const { authenticator, email, password, ...person } = await withPasskey();
    const { beginTotp } = await asking(workplace, person)('mutation { beginTotp { secret } }');
    const code = await generate({ secret: beginTotp.secret, epoch: Math.floor(clock.now() / 1000) });
    const confirm = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { recoveryCodes } }';
    await asking(workplace, person)(confirm, { code });
    expect((await signIn(workplace, { email, password })).errors?.[0]?.extensions.code).toBe('SECOND_FACTOR_REQUIRED');
    await asking(workplace)(SIGN_IN, { response: authenticator.get(await signInOptions()) });
  });

  test('[P5.3] has a name that can be changed; removed, it signs in no more', async () => {
    const person = await withPasskey();
    const ask = asking(workplace, person);
    const { id } = person.passkey;
    await ask(RENAME, { input: { id, name: 'Key ring' } });
    expect((await ask(LIST)).passkeys).toMatchObject([{ id, name: 'Key ring' }]);
    const refused = refusedBy(workplace, person);
    expect((await refused(RENAME, { input: { id, name: ' ' } })).code).toBe('BAD_USER_INPUT');
    await ask(REMOVE, { id });
    expect((await ask(LIST)).passkeys).toEqual([]);
    const response = person.authenticator.get(await signInOptions());
    expect(await refusedBy(workplace)(SIGN_IN, { response })).toEqual(REFUSED);
    expect(await refused(REMOVE, { id })).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
  });

  test('[P5.3] of somebody else is as one that there is not', async () => {
    const [ada, eve] = [await withPasskey(), await withPasskey()];
    for (const id of [ada.passkey.id, crypto.randomUUID()]) {
      expect(await refusedBy(workplace, eve)(REMOVE, { id })).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
      const rename = { input: { id, name: 'Mine' } };
      expect(await refusedBy(workplace, eve)(RENAME, rename)).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
    }
    expect((await asking(workplace, ada)(LIST)).passkeys).toHaveLength(1);
  });

  test('[P5.3] is made and removed only by who has proved lately who they are', async () => {
    const person = await withPasskey();
    const options = await registrationFor(person);
    clock.advance(16 * MINUTE);
    const refused = refusedBy(workplace, person);
    const response = new SoftAuthenticator(ORIGIN).create(options);
    expect((await refused(BEGIN)).code).toBe('STEP_UP_REQUIRED');
    expect((await refused(REGISTER, { input: { name: 'X', response } })).code).toBe('STEP_UP_REQUIRED');
    expect((await refused(REMOVE, { id: person.passkey.id })).code).toBe('STEP_UP_REQUIRED');
  });

  test('[P5.1] is in no file of the store in clear: neither its name nor its key', async () => {
    const { account, authenticator } = await withPasskey();
    const { stateStore } = (workplace.installation as unknown as { stores: { stateStore: StateStore } }).stores;
    const kept = JSON.stringify(await stateStore.list('passkeys', account.id));
    expect(kept).toContain('sealed');
    expect(kept).not.toContain('Telephone');
    expect(kept).not.toContain(authenticator.credentialId.toString('base64url'));
  });
});

type StateStore = { list(space: string, prefix: string): Promise<unknown> };

describe('what is no proof is refused, and tells no more than that', () => {
  const deviations: readonly (readonly [what: string, deviation: Deviation])[] = [
    ['of a page of another origin', { origin: 'https://localhost.evil.example' }],
    ['of the same host at another port', { origin: 'http://localhost:4001' }],
    ['for another host', { rpId: 'evil.example' }],
    ['without its holder’s PIN or finger', { verified: false }],
  ];
  test.each(deviations)('[P5.3] an answer %s', async (_, deviation) => {
    const { authenticator, account, ...person } = await withPasskey();
    const response = authenticator.get(await signInOptions(), deviation);
    expect(await refusedBy(workplace)(SIGN_IN, { response })).toEqual(REFUSED);
    const made = new SoftAuthenticator(ORIGIN).create(await registrationFor(person), deviation);
    expect(await refusedBy(workplace, person)(REGISTER, { input: { name: 'X', response: made } })).toEqual(REFUSED);
  });

  test('[P5.3] a challenge a second time, after its time, or for something else', async () => {
    const person = await withPasskey();
    const { authenticator } = person;
    const options = await signInOptions();
    await asking(workplace)(SIGN_IN, { response: authenticator.get(options) });
    const late = await signInOptions();
    const refused = [
      authenticator.get(options),
      authenticator.get({ ...options, challenge: 'bm9ib2R5cyBjaGFsbGVuZ2U' }),
      authenticator.get({ ...options, challenge: (await stepUpOptions(person)).challenge }),
      authenticator.get({ ...options, challenge: (await registrationFor(person)).challenge }),
    ];
    for (const response of refused) expect(await refusedBy(workplace)(SIGN_IN, { response })).toEqual(REFUSED);
    clock.advance(5 * MINUTE);
    expect(await refusedBy(workplace)(SIGN_IN, { response: authenticator.get(late) })).toEqual(REFUSED);
  });

  test('[P5.3] a signature of another key, or over something else', async () => {
    const { authenticator } = await withPasskey();
    const stranger = new SoftAuthenticator(ORIGIN);
    const options = await signInOptions();
    const mine = authenticator.get(options);
    const theirs = stranger.get(options).response;
    const swapped = { ...mine, response: { ...mine.response, signature: theirs.signature } };
    expect(await refusedBy(workplace)(SIGN_IN, { response: swapped })).toEqual(REFUSED);
    const counted = authenticator.get(await signInOptions());
    const raised = Buffer.from(counted.response.authenticatorData, 'base64url');
    raised[36]! += 1;
    const authenticatorData = raised.toString('base64url');
    const forged = { ...counted, response: { ...counted.response, authenticatorData } };
    expect(await refusedBy(workplace)(SIGN_IN, { response: forged })).toEqual(REFUSED);
  });

  test('[P5.3] a passkey that says it is another’s, or not whose it is, where nobody is signed in', async () => {
    const [ada, eve] = [await withPasskey(), await withPasskey()];
    const eves = Buffer.from(eve.account.id.replaceAll('-', ''), 'hex').toString('base64url');
    for (const userHandle of [eves, null]) {
      const response = ada.authenticator.get(await signInOptions(), { userHandle });
      expect(await refusedBy(workplace)(SIGN_IN, { response })).toEqual(REFUSED);
    }
  });

  test.each([[{}], [null], ['x'], [[]], [{ id: 'x', response: {} }], [{ id: 5, response: { clientDataJSON: 5 } }]])(
    '[P5.3] what is no answer of a browser: %j',
    async (response) => {
      const { code } = await refusedBy(workplace)(SIGN_IN, { response });
      expect(['PASSKEY_REFUSED', 'BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED']).toContain(code);
    },
  );

  test('[P5.3] a passkey that is registered already, by whomever', async () => {
    const [ada, eve] = [await withPasskey(), await opened(workplace)];
    const response = ada.authenticator.create(await registrationFor(eve));
    expect(await refusedBy(workplace, eve)(REGISTER, { input: { name: 'X', response } })).toEqual(REFUSED);
    expect((await asking(workplace, eve)(LIST)).passkeys).toEqual([]);
  });

  test('[P5.3] a challenge to make a passkey with, in another session than it was given to', async () => {
    const [ada, eve] = [await opened(workplace), await opened(workplace)];
    const response = new SoftAuthenticator(ORIGIN).create(await registrationFor(ada));
    expect(await refusedBy(workplace, eve)(REGISTER, { input: { name: 'X', response } })).toEqual(REFUSED);
  });
});

describe('a counter', () => {
  test('[P5.3] that goes back says that there is a copy: it is refused, and its owner told', async () => {
    const { authenticator, email } = await withPasskey();
    authenticator.counter = 41;
    await asking(workplace)(SIGN_IN, { response: authenticator.get(await signInOptions()) });
    authenticator.counter = 40;
    const response = authenticator.get(await signInOptions());
    expect(await refusedBy(workplace)(SIGN_IN, { response })).toEqual(REFUSED);
    expect(await mailsTo(email)).toContain('A passkey of yours was refused');
    authenticator.counter = 42;
    await asking(workplace)(SIGN_IN, { response: authenticator.get(await signInOptions()) });
  });

  test('[P5.3] of an answer that is not signed says nothing: nobody else can have its owner told', async () => {
    const { authenticator, email } = await withPasskey();
    authenticator.counter = 41;
    await asking(workplace)(SIGN_IN, { response: authenticator.get(await signInOptions()) });
    authenticator.counter = 3;
    const answer = authenticator.get(await signInOptions());
    const { signature } = new SoftAuthenticator(ORIGIN).get(await signInOptions()).response;
    const forged = { ...answer, response: { ...answer.response, signature } };
    expect(await refusedBy(workplace)(SIGN_IN, { response: forged })).toEqual(REFUSED);
    expect(await mailsTo(email)).not.toContain('A passkey of yours was refused');
  });

  test('that always stays at nothing is no sign of a copy', async () => {
    const person = await opened(workplace);
    const authenticator = new SoftAuthenticator(ORIGIN, 0, 0);
    await register(person, authenticator);
    for (let times = 0; times < 2; times++) {
      await asking(workplace)(SIGN_IN, { response: authenticator.get(await signInOptions()) });
    }
  });
});

describe('stepping up', () => {
  test('[P5.3] is done with a passkey of one’s own, for the session that asked', async () => {
    const ada = await withPasskey();
    const other = await workplace.again({ account: ada.account.id });
    clock.advance(16 * MINUTE);
    expect((await refusedBy(workplace, ada)(BEGIN)).code).toBe('STEP_UP_REQUIRED');
    const response = ada.authenticator.get(await stepUpOptions(ada));
    expect(await refusedBy(workplace, other)(STEP_UP, { response })).toEqual(REFUSED);
    const again = ada.authenticator.get(await stepUpOptions(ada));
    await asking(workplace, ada)(STEP_UP, { response: again });
    await asking(workplace, ada)(BEGIN);
    expect((await refusedBy(workplace, other)(BEGIN)).code).toBe('STEP_UP_REQUIRED');
  });

  test('[P5.3] is not done with another account’s', async () => {
    const [ada, eve] = [await withPasskey(), await withPasskey()];
    clock.advance(16 * MINUTE);
    const options = await stepUpOptions(eve);
    const userHandle = Buffer.from(eve.account.id.replaceAll('-', ''), 'hex').toString('base64url');
    for (const deviation of [{}, { userHandle }, { userHandle: null }]) {
      const response = ada.authenticator.get(options, deviation);
      expect(await refusedBy(workplace, eve)(STEP_UP, { response })).toEqual(REFUSED);
    }
    expect((await refusedBy(workplace, eve)(BEGIN)).code).toBe('STEP_UP_REQUIRED');
  });
});

/** Subjects of what lies in the outbox for an address. */
const mailsTo = async (email: string): Promise<string[]> =>
  (await outboxOf(readConfig(environmentFor(directory.path()))))
    .filter(({ to }) => to === email)
    .map(({ subject }) => subject);
