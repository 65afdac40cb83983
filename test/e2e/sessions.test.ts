import { opened, signIn } from '../support/people.js';
import { asking, refusedBy, startServer, type TestServer } from '../support/server.js';
import { type SmtpServer, startSmtpServer } from '../support/smtp.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let smtp: SmtpServer;
let server: TestServer;

beforeAll(async () => {
  smtp = await startSmtpServer();
  server = await startServer(directory.path(), { SMTP_URL: smtp.url });
});
afterAll(async () => {
  await server.stop();
  await smtp.close();
});

const WHO = '{ currentAccount { id } }';
const REFRESH = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { token refreshToken } }';
const DEVICES = '{ devices { id address browser system signedInAt lastSeenAt isThis } }';
const REVOKE = 'mutation ($id: ID!) { revokeDevice(input: { id: $id }) }';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

/** Signs in as a browser does. */
const signInFrom = async (userAgent: string, input: object) => {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': userAgent },
    body: JSON.stringify({ query, variables: { input } }),
  });
  return ((await response.json()) as { data: { signIn: { token: string } } }).data.signIn;
};
const unauthenticated = async (token: string) =>
  expect((await refusedBy(server, { token })(WHO)).code).toBe('UNAUTHENTICATED');

test('[P5.3] who asks to refresh gets a short token and a refresh token; who does not, one for half a day', async () => {
  const lone = await opened(server);
  expect(lone.refreshToken).toBeNull();
  expect(Date.parse(lone.expiresAt) - Date.now()).toBeGreaterThan(11 * 3600_000);
  const ada = await opened(server, { refreshable: true });
  expect(Date.parse(ada.expiresAt) - Date.now()).toBeLessThanOrEqual(15 * 60_000);
  const next = (await asking(server)(REFRESH, { input: { refreshToken: ada.refreshToken } })).refreshSession;
  expect((await asking(server, next)(WHO)).currentAccount.id).toBe(ada.account.id);
});

test('[P5.3] a reused refresh token is answered like an unknown one, ends its session, and the owner is told by mail', async () => {
  const ada = await opened(server, { refreshable: true });
  const thief = (await asking(server)(REFRESH, { input: { refreshToken: ada.refreshToken } })).refreshSession;
  const reused = await refusedBy(server)(REFRESH, { input: { refreshToken: ada.refreshToken } });
  expect(reused).toEqual(await refusedBy(server)(REFRESH, { input: { refreshToken: 'made up' } }));
  expect(reused).toEqual({ code: 'UNAUTHENTICATED' });
  await unauthenticated(thief.token);
  await unauthenticated(ada.token);
  await smtp.mailTo(ada.email, /was ended/);
});

test('[P2.2.2] each sign-in is listed to the account holder, with address, browser, system and when it was last seen', async () => {
  const { email, password, account } = await opened(server);
  const [fox, chrome] = [await signInFrom(FIREFOX, { email, password }), await signInFrom(CHROME, { email, password })];
  const { devices } = await asking(server, fox)(DEVICES);
  expect(devices).toHaveLength(3);
  expect(devices[1]).toMatchObject({ address: '127.0.0.1', browser: 'Firefox 133.0', system: 'Linux', isThis: true });
  expect(devices[2]).toMatchObject({ browser: 'Chrome 131.0.0.0', system: 'Windows 10', isThis: false });
  for (const { signedInAt, lastSeenAt } of devices) expect(lastSeenAt >= signedInAt).toBe(true);
  expect((await asking(server, fox)(REVOKE, { id: devices[2].id })).revokeDevice).toBe(true);
  await unauthenticated(chrome.token);
  expect((await asking(server, fox)(WHO)).currentAccount.id).toBe(account.id);
});

test('[P5.3] a device of somebody else is not there, as one that never was', async () => {
  const [ada, eve] = [await opened(server), await opened(server)];
  const [{ id }] = (await asking(server, ada)(DEVICES)).devices;
  const foreign = await refusedBy(server, eve)(REVOKE, { id });
  expect(foreign).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
  expect(await refusedBy(server, eve)(REVOKE, { id: crypto.randomUUID() })).toEqual(foreign);
  await asking(server, ada)(WHO);
});

test('[P5.3] signing out everywhere ends every session, or every other', async () => {
  const ada = await opened(server);
  const other = (await signIn(server, { email: ada.email, password: ada.password, refreshable: true })).data.signIn;
  const EXCEPT = 'mutation { signOutEverywhere(input: { exceptHere: true }) }';
  expect((await asking(server, ada)(EXCEPT)).signOutEverywhere).toBe(1);
  await unauthenticated(other.token);
  expect((await refusedBy(server)(REFRESH, { input: { refreshToken: other.refreshToken } })).code).toBe(
    'UNAUTHENTICATED',
  );
  expect((await asking(server, ada)(DEVICES)).devices).toHaveLength(1);
  expect((await asking(server, ada)('mutation { signOutEverywhere }')).signOutEverywhere).toBe(1);
  await unauthenticated(ada.token);
});

test('[P5.3] sessions outlive a restart, and what was ended stays ended', async () => {
  const [ada, eve] = [await opened(server, { refreshable: true }), await opened(server)];
  await asking(server, eve)('mutation { signOut }');
  await server.stop();
  server = await startServer(directory.path(), { SMTP_URL: smtp.url });
  expect((await asking(server, ada)(WHO)).currentAccount.id).toBe(ada.account.id);
  expect(
    (await asking(server)(REFRESH, { input: { refreshToken: ada.refreshToken } })).refreshSession.token,
  ).toBeTruthy();
  await unauthenticated(eve.token);
});
