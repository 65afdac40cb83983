import { eventually } from '../support/eventually.js';
import { mailedToken, newcomer, opened, signIn } from '../support/people.js';
import { asking, refusedBy, runCli, startServer, type TestServer } from '../support/server.js';
import { type SmtpServer, startSmtpServer } from '../support/smtp.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let smtp: SmtpServer;
let server: TestServer;

beforeAll(async () => {
  smtp = await startSmtpServer();
  const env = { SMTP_URL: smtp.url, MAIL_FROM: 'CRM <crm@crm.example>', APP_URL: 'https://crm.example/' };
  server = await startServer(directory.path(), env);
});
afterAll(async () => {
  await server.stop();
  await smtp.close();
});

const NEW_PASSWORD = 'another horse battery';
const VERIFY = 'mutation ($token: String!) { verifyEmail(input: { token: $token }) }';
const REQUEST_RESET = 'mutation ($email: String!) { requestPasswordReset(input: { email: $email }) }';
const RESET = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) }';
const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }';
const WHO = '{ currentAccount { id emailVerifiedAt } }';

describe('the address', () => {
  test('[P5.3] is confirmed by the code that is mailed at sign-up, once', async () => {
    const ada = await opened(server);
    expect((await asking(server, ada)(WHO)).currentAccount.emailVerifiedAt).toBeNull();
    const mail = await smtp.mailTo(ada.email, /confirm/i);
    expect(mail.from).toBe('crm@crm.example');
    const token = /code: (\S+)/.exec(mail.text)![1]!;
    expect(mail.text).toContain(`https://crm.example/verify-email#${token}`);
    expect((await asking(server)(VERIFY, { token })).verifyEmail).toBe(true);
    expect((await asking(server, ada)(WHO)).currentAccount.emailVerifiedAt).not.toBeNull();
    expect((await refusedBy(server)(VERIFY, { token })).code).toBe('TOKEN_INVALID');
  });

  test('is confirmed by a later code where the first was lost; the first is then nothing', async () => {
    const ada = await opened(server);
    const first = await mailedToken(smtp, ada.email, /confirm/i);
    await asking(server, ada)('mutation { requestEmailVerification }');
    const second = await eventually('another code', async () => {
      const token = await mailedToken(smtp, ada.email, /confirm/i);
      return token !== first && token;
    });
    expect((await refusedBy(server)(VERIFY, { token: first })).code).toBe('TOKEN_INVALID');
    expect((await asking(server)(VERIFY, { token: second })).verifyEmail).toBe(true);
  });
});

describe('a lost password', () => {
  test('[P5.3] is replaced by who reads mail to the address, which signs out everywhere and is told', async () => {
    const ada = await opened(server);
    expect((await asking(server)(REQUEST_RESET, { email: ada.email.toUpperCase() })).requestPasswordReset).toBe(true);
    const token = await mailedToken(smtp, ada.email, /new password/i);
    await asking(server)(RESET, { input: { token, newPassword: NEW_PASSWORD } });
    expect((await refusedBy(server, ada)(WHO)).code).toBe('UNAUTHENTICATED');
    expect((await signIn(server, { email: ada.email, password: ada.password })).errors).toBeDefined();
    const again = (await signIn(server, { email: ada.email, password: NEW_PASSWORD })).data.signIn;
    expect((await asking(server, again)(WHO)).currentAccount.emailVerifiedAt).not.toBeNull();
    await smtp.mailTo(ada.email, /was changed/i);
    const used = await refusedBy(server)(RESET, { input: { token, newPassword: NEW_PASSWORD } });
    expect(used).toEqual({ code: 'TOKEN_INVALID', field: 'input.token' });
  });

  test('[P5.3] asked for with an address that has no account is answered alike, and nothing is mailed', async () => {
    const unknown = 'nobody-at-all@example.com';
    const ada = await opened(server);
    const answers = [
      await server.ask(REQUEST_RESET, { email: unknown }),
      await server.ask(REQUEST_RESET, { email: ada.email }),
      await server.ask(REQUEST_RESET, { email: 'no address' }),
    ];
    for (const answer of answers) expect(answer).toEqual({ data: { requestPasswordReset: true } });
    await smtp.mailTo(ada.email, /new password/i);
    expect(smtp.received.some(({ to }) => to === unknown)).toBe(false);
  });

  test('a new one that is refused leaves the code good', async () => {
    const ada = await opened(server);
    await asking(server)(REQUEST_RESET, { email: ada.email });
    const token = await mailedToken(smtp, ada.email, /new password/i);
    const refused = (newPassword: string) => refusedBy(server)(RESET, { input: { token, newPassword } });
    expect(await refused('short')).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.newPassword' });
    expect(await refused('Password1')).toEqual({ code: 'PASSWORD_TOO_COMMON', field: 'input.newPassword' });
    await asking(server)(RESET, { input: { token, newPassword: NEW_PASSWORD } });
  });
});

describe('a password', () => {
  test('[P5.3] is changed by who knows it, which signs out everywhere else and is told', async () => {
    const ada = await opened(server);
    const other = (await signIn(server, { email: ada.email, password: ada.password })).data.signIn;
    const change = { currentPassword: ada.password, newPassword: NEW_PASSWORD };
    const wrong = await refusedBy(server, ada)(CHANGE, { input: { ...change, currentPassword: 'wrong' } });
    expect(wrong).toEqual({ code: 'SIGN_IN_FAILED', field: 'input.currentPassword' });
    await asking(server, ada)(CHANGE, { input: change });
    await asking(server, ada)(WHO);
    expect((await refusedBy(server, other)(WHO)).code).toBe('UNAUTHENTICATED');
    await smtp.mailTo(ada.email, /was changed/i);
    expect((await signIn(server, { email: ada.email, password: NEW_PASSWORD })).errors).toBeUndefined();
  });

  test.each([
    ['among the common and breached ones', () => ({ password: 'iloveyou1' })],
    ['among them but for its case', () => ({ password: 'ILoveYou1' })],
    ['the person’s name', () => ({ name: 'Grace Hopper', password: 'grace hopper' })],
    ['the person’s address', () => ({ email: 'predictable@example.com', password: 'predictable' })],
  ])('[P5.5] that is %s is refused', async (_name, form) => {
    const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }';
    const refusal = await refusedBy(server)(query, { input: newcomer(form()) });
    expect(refusal).toEqual({ code: 'PASSWORD_TOO_COMMON', field: 'input.password' });
  });
});

test('without a mail server, mail lies in a sealed outbox that the command line shows beside the running server', async () => {
  const elsewhere = `${directory.path()}/elsewhere`;
  const alone = await startServer(elsewhere, { SMTP_URL: '' });
  const ada = await opened(alone);
  const shown = await eventually('the mail', async () => {
    const { output, code } = await runCli(elsewhere, ['outbox']);
    expect(code).toBe(0);
    return output.includes(ada.email) && output;
  });
  const token = /code: (\S+)/.exec(shown)![1]!;
  expect((await asking(alone)(VERIFY, { token })).verifyEmail).toBe(true);
  await alone.stop();
});
