import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'otplib';
import { CLIENT_SECRET, type KnownPerson, startOpenIdProvider, type TestProvider } from '../support/openIdProvider.js';
import { opened, signIn } from '../support/people.js';
import { asking, type Caller, refusedBy } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { SetClock, Workplace } from '../support/workplace.js';

const REDIRECT_URI = 'http://localhost:4000/openid';
const directory = temporaryDirectory();
const clock = new SetClock();
let provider: TestProvider;
/** One that is there when it is asked where to go, and gone when it is asked who came. */
let leaving: TestProvider;
let workplace: Workplace;

beforeAll(async () => {
  provider = await startOpenIdProvider(REDIRECT_URI);
  leaving = await startOpenIdProvider(REDIRECT_URI);
  const secret = join(directory.path(), 'openid-secret');
  writeFileSync(secret, `${CLIENT_SECRET}\n`, { mode: 0o600 });
  workplace = await Workplace.open(directory.path(), clock, {
    OPENID_PROVIDERS: 'work,leaving,gone',
    ...of('WORK', provider.issuer, secret),
    ...of('LEAVING', leaving.issuer, secret),
    ...of('GONE', 'http://127.0.0.1:1', secret),
  });
});
afterAll(async () => {
  await workplace.close();
  await provider.close();
  await leaving.close();
});

const of = (name: string, issuer: string, secret: string) => ({
  [`OPENID_${name}_ISSUER`]: issuer,
  [`OPENID_${name}_CLIENT_ID`]: 'crm',
  [`OPENID_${name}_CLIENT_SECRET_FILE`]: secret,
});

const MINUTE = 60_000;
const PROVIDERS = '{ openIdProviders }';
const BEGIN = 'mutation ($input: BeginOpenIdSignInInput!) { beginOpenIdSignIn(input: $input) { url attempt } }';
const SIGN_IN =
  'mutation ($input: SignInWithOpenIdInput!) { signInWithOpenId(input: $input) { token account { id email emailVerifiedAt workspaces { name } } } }';
const BEGIN_LINK = 'mutation ($input: BeginOpenIdLinkInput!) { beginOpenIdLink(input: $input) { url attempt } }';
const LINK =
  'mutation ($input: LinkOpenIdInput!) { linkOpenId(input: $input) { identity { id provider email linkedAt } } }';
const LIST = '{ linkedIdentities { id provider email } }';
const UNLINK = 'mutation ($id: ID!) { unlinkOpenId(input: { id: $id }) }';

let people = 0;
/** Somebody whom nobody has seen here before. */
const stranger = (more: Partial<KnownPerson> = {}): KnownPerson => {
  const sub = `person-${people++}`;
  return { sub, email: `${sub}@work.example`, email_verified: true, ...more };
};
const FORM = { name: 'Ada Lovelace', workspaceName: 'Lovelace BPO', acceptedPolicyVersion: '1', confirmsAdult: true };

const begin = async (name = 'work') =>
  (await asking(workplace)(BEGIN, { input: { provider: name } })).beginOpenIdSignIn;
/** Goes to the provider and comes back. */
const visited = async (person: KnownPerson) => {
  const { url, attempt } = await begin();
  return { attempt, response: (await provider.visit(url, person)).search };
};
const signedUp = async (person: KnownPerson) =>
  (await asking(workplace)(SIGN_IN, { input: { ...(await visited(person)), signUp: FORM } })).signInWithOpenId;
const beginLink = async (caller: Caller) =>
  (await asking(workplace, caller)(BEGIN_LINK, { input: { provider: 'work' } })).beginOpenIdLink;
const link = async (caller: Caller, person: KnownPerson) => {
  const { url, attempt } = await beginLink(caller);
  const response = (await provider.visit(url, person)).search;
  return (await asking(workplace, caller)(LINK, { input: { attempt, response } })).linkOpenId.identity;
};
const refusal = (input: object) => refusedBy(workplace)(SIGN_IN, { input });
const NO_PROOF = { code: 'PROVIDER_REFUSED', field: 'input.response' };

describe('an identity elsewhere', () => {
  test('[P2.1.1] opens an account with the address that the provider vouches for, and signs in to it', async () => {
    expect((await asking(workplace)(PROVIDERS)).openIdProviders).toEqual(['work', 'leaving', 'gone']);
    const ada = stranger();
    expect(await refusal(await visited(ada))).toEqual({ code: 'IDENTITY_NOT_LINKED', field: 'input.signUp' });
    const { account } = await signedUp(ada);
    expect(account).toMatchObject({ email: ada.email, workspaces: [{ name: 'Lovelace BPO' }] });
    expect(account.emailVerifiedAt).not.toBeNull();
    const { signInWithOpenId } = await asking(workplace)(SIGN_IN, { input: await visited(ada) });
    expect(signInWithOpenId.account.id).toBe(account.id);
    const { linkedIdentities } = await asking(workplace, { token: signInWithOpenId.token })(LIST);
    expect(linkedIdentities).toEqual([{ id: expect.any(String), provider: 'work', email: ada.email }]);
  });

  test('[P16.1] opens none without the policy and the age that everybody has to state', async () => {
    for (const [more, code] of [
      [{ acceptedPolicyVersion: '0' }, 'POLICY_NOT_CURRENT'],
      [{ confirmsAdult: false }, 'UNDERAGE'],
    ] as const) {
      expect((await refusal({ ...(await visited(stranger())), signUp: { ...FORM, ...more } })).code).toBe(code);
    }
  });

  test('[P5.3] with an address that the provider does not vouch for opens no account', async () => {
    for (const more of [{ email_verified: false }, { email_verified: undefined }, { email: undefined }]) {
      const back = await visited(stranger(more));
      expect(await refusal({ ...back, signUp: FORM })).toEqual({ code: 'EMAIL_NOT_VERIFIED', field: 'input.response' });
    }
  });

  test('[P5.3] is never linked by its address: whoever has the account signs in to it first', async () => {
    const ada = await opened(workplace);
    const same = stranger({ email: ada.email });
    expect((await refusal(await visited(same))).code).toBe('IDENTITY_NOT_LINKED');
    expect(await refusal({ ...(await visited(same)), signUp: FORM })).toEqual({
      code: 'LINK_FIRST',
      field: 'input.response',
    });
    expect((await asking(workplace, ada)(LIST)).linkedIdentities).toEqual([]);
    await link(ada, same);
    const { signInWithOpenId } = await asking(workplace)(SIGN_IN, { input: await visited(same) });
    expect(signInWithOpenId.account.id).toBe(ada.account.id);
  });

  test('[P5.3] is one account’s; unlinked, it signs in no more and can be linked to another', async () => {
    const [ada, eve, person] = [await opened(workplace), await opened(workplace), stranger()];
    const { id } = await link(ada, person);
    const begun = await beginLink(eve);
    const input = { attempt: begun.attempt, response: (await provider.visit(begun.url, person)).search };
    expect((await refusedBy(workplace, eve)(LINK, { input })).code).toBe('ALREADY_TAKEN');
    expect(await refusedBy(workplace, eve)(UNLINK, { id })).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
    await asking(workplace, ada)(UNLINK, { id });
    expect((await refusal(await visited(person))).code).toBe('IDENTITY_NOT_LINKED');
    await link(eve, person);
  });

  test('[P5.3] is linked and unlinked only by who has proved lately who they are, and in their session', async () => {
    const [ada, eve, person] = [await opened(workplace), await opened(workplace), stranger()];
    const { id } = await link(ada, stranger());
    const { url, attempt } = await beginLink(ada);
    const input = { attempt, response: (await provider.visit(url, person)).search };
    expect(await refusedBy(workplace, eve)(LINK, { input })).toEqual({ code: 'TOKEN_INVALID', field: 'input.attempt' });
    clock.advance(16 * MINUTE);
    const refused = refusedBy(workplace, ada);
    expect((await refused(BEGIN_LINK, { input: { provider: 'work' } })).code).toBe('STEP_UP_REQUIRED');
    expect((await refused(LINK, { input })).code).toBe('STEP_UP_REQUIRED');
    expect((await refused(UNLINK, { id })).code).toBe('STEP_UP_REQUIRED');
  });

  test('[P5.3] is one factor: an account with an authenticator is asked for a code, in the same attempt', async () => {
    const [ada, person] = [await opened(workplace), stranger()];
    await link(ada, person);
    const { beginTotp } = await asking(workplace, ada)('mutation { beginTotp { secret } }');
    const codeNow = () => generate({ secret: beginTotp.secret, epoch: Math.floor(clock.now() / 1000) });
    const confirm = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { recoveryCodes } }';
    await asking(workplace, ada)(confirm, { code: await codeNow() });
    clock.advance(MINUTE);
    const input = await visited(person);
    expect(await refusal(input)).toEqual({ code: 'SECOND_FACTOR_REQUIRED', field: 'input.code' });
    expect((await refusal({ ...input, code: '000000' })).code).toBe('SIGN_IN_FAILED');
    const { signInWithOpenId } = await asking(workplace)(SIGN_IN, { input: { ...input, code: await codeNow() } });
    expect(signInWithOpenId.account.id).toBe(ada.account.id);
    expect((await refusal({ ...input, code: await codeNow() })).code).toBe('TOKEN_INVALID');
  });
});

describe('an answer that is no proof is refused', () => {
  test('[P5.3] with another state', async () => {
    const person = stranger();
    await signedUp(person);
    const [one, other] = [await visited(person), await visited(person)];
    const state = new URLSearchParams(other.response).get('state')!;
    const response = new URLSearchParams(one.response);
    response.set('state', state);
    expect(await refusal({ attempt: one.attempt, response: `?${response}` })).toEqual(NO_PROOF);
    response.delete('state');
    expect(await refusal({ attempt: other.attempt, response: `?${response}` })).toEqual(NO_PROOF);
  });

  test.each(['nonce', 'code_challenge'])('[P5.3] to a question with another %s', async (name) => {
    const person = stranger();
    await signedUp(person);
    const { url, attempt } = await begin();
    const asked = new URL(url);
    asked.searchParams.set(name, 'A'.repeat(43));
    expect(await refusal({ attempt, response: (await provider.visit(asked.href, person)).search })).toEqual(NO_PROOF);
  });

  test('[P5.3] a second time, with the attempt or with its code', async () => {
    const person = stranger();
    await signedUp(person);
    const input = await visited(person);
    await asking(workplace)(SIGN_IN, { input });
    expect(await refusal(input)).toEqual({ code: 'TOKEN_INVALID', field: 'input.attempt' });
    const fresh = await visited(person);
    const response = new URLSearchParams(fresh.response);
    response.set('code', new URLSearchParams(input.response).get('code')!);
    expect(await refusal({ ...fresh, response: `${response}` })).toEqual(NO_PROOF);
  });

  test('[P5.3] with an ID token that was given out to somebody else', async () => {
    const person = stranger();
    await signedUp(person);
    const { url, attempt } = await begin();
    const idToken = await provider.tokenForAnother(new URL(url).searchParams.get('nonce')!, person);
    const response = (await provider.visit(url, person)).search;
    provider.swap.idToken = idToken;
    expect(await refusal({ attempt, response })).toEqual(NO_PROOF);
    expect(provider.swap.idToken).toBeUndefined();
  });

  test('[P5.3] to an attempt of ten minutes ago, of somebody who links, or that there is not', async () => {
    const person = stranger();
    await signedUp(person);
    const late = await visited(person);
    clock.advance(10 * MINUTE);
    const ada = await opened(workplace);
    const linking = await beginLink(ada);
    const response = (await provider.visit(linking.url, person)).search;
    for (const input of [late, { attempt: linking.attempt, response }, { ...late, attempt: 'nonsense' }]) {
      expect(await refusal(input)).toEqual({ code: 'TOKEN_INVALID', field: 'input.attempt' });
    }
  });

  test.each([
    ['nothing', ''],
    ['a question mark', '?'],
    ['that its holder said no', 'error=access_denied'],
    ['two codes', 'code=x&code=y'],
    ['a control character', '\u0000'],
    ['a great deal', 'x'.repeat(5_000)],
  ])('[P5.3] that is %s', async (_, response) => {
    const { attempt } = await begin();
    expect(await refusal({ attempt, response })).toEqual(NO_PROOF);
  });
});

describe('a provider', () => {
  test('that is not there is told from one that refuses, before and after', async () => {
    const gone = await refusedBy(workplace)(BEGIN, { input: { provider: 'gone' } });
    expect(gone).toEqual({ code: 'PROVIDER_UNAVAILABLE', field: 'input.provider' });
    const { url, attempt } = await begin('leaving');
    const response = (await leaving.visit(url, stranger())).search;
    await leaving.close();
    expect(await refusal({ attempt, response })).toEqual({ code: 'PROVIDER_UNAVAILABLE', field: 'input.response' });
  });

  test('that nobody has configured is none', async () => {
    expect(await refusedBy(workplace)(BEGIN, { input: { provider: 'other' } })).toEqual({
      code: 'NOT_FOUND',
      field: 'input.provider',
    });
  });

  test('[P5.3] sends back to one page of the product, whatever anybody asks for', async () => {
    const { url } = await begin();
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(REDIRECT_URI);
    expect(new URL(url).origin).toBe(provider.issuer);
  });
});

test('[P5.3] an account without a password is signed in to by none, until its owner sets one by mail', async () => {
  const person = stranger();
  await signedUp(person);
  for (const password of ['', 'correct horse battery']) {
    const { errors } = await signIn(workplace, { email: person.email, password });
    expect(errors?.[0]?.extensions.code).toBe('SIGN_IN_FAILED');
  }
});
