import { generate } from 'otplib';
import { newId } from '../support/mutations.js';
import { opened, signIn } from '../support/people.js';
import { asking, refusedBy } from '../support/server.js';
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
const BEGIN = 'mutation { beginTotp { secret uri } }';
const CONFIRM = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { recoveryCodes } }';
const STATE = '{ secondFactor { totp recoveryCodesLeft } }';
const STEP_UP = 'mutation ($input: StepUpInput!) { stepUp(input: $input) }';
const ERASE = 'mutation ($id: ID!) { eraseContact(input: { id: $id }) { subjectId } }';

const codeOf = (secret: string) => generate({ secret, epoch: Math.floor(clock.now() / 1000) });

/** Somebody whose account asks for a code. */
const withTotp = async () => {
  const person = await opened(workplace);
  const { beginTotp } = await asking(workplace, person)(BEGIN);
  const code = await codeOf(beginTotp.secret);
  const { confirmTotp } = await asking(workplace, person)(CONFIRM, { code });
  clock.advance(MINUTE); // that code is used
  return { ...person, secret: beginTotp.secret as string, recoveryCodes: confirmTotp.recoveryCodes as string[] };
};
const refusedSignIn = async (input: object) => (await signIn(workplace, input)).errors?.[0]?.extensions;

describe('an authenticator', () => {
  test('[P5.3] counts once it has shown a code; from then on the password alone signs nobody in', async () => {
    const ada = await opened(workplace);
    const { email, password } = ada;
    const { beginTotp } = await asking(workplace, ada)(BEGIN);
    expect(beginTotp.uri).toContain(`secret=${beginTotp.secret}`);
    expect((await refusedBy(workplace, ada)(CONFIRM, { code: 'nonsense' })).code).toBe('SIGN_IN_FAILED');
    expect((await asking(workplace, ada)(STATE)).secondFactor.totp).toBe(false);
    const code = await codeOf(beginTotp.secret);
    const { recoveryCodes } = (await asking(workplace, ada)(CONFIRM, { code })).confirmTotp;
    expect(new Set(recoveryCodes).size).toBe(10);
    expect((await asking(workplace, ada)(STATE)).secondFactor).toEqual({ totp: true, recoveryCodesLeft: 10 });
    expect(await refusedSignIn({ email, password })).toEqual({ code: 'SECOND_FACTOR_REQUIRED', field: 'input.code' });
    expect(await refusedSignIn({ email, password: 'wrong' })).toEqual({ code: 'SIGN_IN_FAILED' });
  });

  test('[P5.3] opens with each code once, and not with one of another time', async () => {
    const { email, password, secret } = await withTotp();
    const code = await codeOf(secret);
    expect((await signIn(workplace, { email, password, code })).errors).toBeUndefined();
    expect(await refusedSignIn({ email, password, code })).toEqual({ code: 'SIGN_IN_FAILED', field: 'input.code' });
    clock.advance(2 * MINUTE);
    expect((await refusedSignIn({ email, password, code }))?.code).toBe('SIGN_IN_FAILED');
    const next = await codeOf(secret);
    expect((await signIn(workplace, { email, password, code: next })).errors).toBeUndefined();
  });

  test('[P5.3] that is lost is stood in for by a recovery code, each once, however it is typed', async () => {
    const ada = await withTotp();
    const { email, password, recoveryCodes } = ada;
    const [first, second] = recoveryCodes;
    expect((await signIn(workplace, { email, password, code: first })).errors).toBeUndefined();
    expect((await refusedSignIn({ email, password, code: first }))?.code).toBe('SIGN_IN_FAILED');
    const typed = second!.toUpperCase().replaceAll('-', ' ');
    expect((await signIn(workplace, { email, password, code: typed })).errors).toBeUndefined();
    expect((await asking(workplace, ada)(STATE)).secondFactor.recoveryCodesLeft).toBe(8);
  });

  test('[P5.3] cannot be guessed at: after five wrong codes it is one a minute', async () => {
    const { email, password, secret } = await withTotp();
    for (let tries = 0; tries < 5; tries++) {
      expect((await refusedSignIn({ email, password, code: '000000' }))?.code).toBe('SIGN_IN_FAILED');
    }
    const code = await codeOf(secret);
    expect((await refusedSignIn({ email, password, code }))?.code).toBe('RATE_LIMITED');
    clock.advance(MINUTE);
    expect((await signIn(workplace, { email, password, code: await codeOf(secret) })).errors).toBeUndefined();
  });

  test('[P5.3] that is removed is asked for no more, and its recovery codes are nothing', async () => {
    const ada = await withTotp();
    const { email, password } = ada;
    await asking(workplace, ada)('mutation { removeTotp }');
    expect((await signIn(workplace, { email, password })).errors).toBeUndefined();
    expect((await asking(workplace, ada)(STATE)).secondFactor).toEqual({ totp: false, recoveryCodesLeft: 0 });
  });
});

describe('what is dangerous', () => {
  test('[P5.3] asks a session of more than fifteen minutes for the password again', async () => {
    const ada = await opened(workplace);
    const { password } = ada;
    const ask = asking(workplace, ada);
    const [one, two] = [
      await newId(ask, 'contact', { givenName: 'G' }),
      await newId(ask, 'contact', { givenName: 'H' }),
    ];
    clock.advance(14 * MINUTE);
    await ask(ERASE, { id: one });
    clock.advance(2 * MINUTE);
    expect(await refusedBy(workplace, ada)(ERASE, { id: two })).toEqual({ code: 'STEP_UP_REQUIRED' });
    expect((await ask('{ contacts { totalCount } }')).contacts.totalCount).toBe(1);
    const wrong = await refusedBy(workplace, ada)(STEP_UP, { input: { password: 'wrong' } });
    expect(wrong).toEqual({ code: 'SIGN_IN_FAILED', field: 'input.password' });
    await ask(STEP_UP, { input: { password } });
    await ask(ERASE, { id: two });
  });

  test('[P5.3] asks an account with a second factor for a code: the password is not enough', async () => {
    const ada = await withTotp();
    clock.advance(16 * MINUTE);
    expect((await refusedBy(workplace, ada)('mutation { removeTotp }')).code).toBe('STEP_UP_REQUIRED');
    const refused = await refusedBy(workplace, ada)(STEP_UP, { input: { password: ada.password } });
    expect(refused).toEqual({ code: 'SECOND_FACTOR_REQUIRED', field: 'input.code' });
    await asking(workplace, ada)(STEP_UP, { input: { code: await codeOf(ada.secret) } });
    await asking(workplace, ada)('mutation { removeTotp }');
  });

  test('[P5.3] is proved for one session, and for no other of the account', async () => {
    const ada = await opened(workplace);
    const other = (await signIn(workplace, { email: ada.email, password: ada.password })).data.signIn;
    clock.advance(16 * MINUTE);
    await asking(workplace, ada)(STEP_UP, { input: { password: ada.password } });
    await asking(workplace, ada)(BEGIN);
    expect((await refusedBy(workplace, other)(BEGIN)).code).toBe('STEP_UP_REQUIRED');
  });
});
