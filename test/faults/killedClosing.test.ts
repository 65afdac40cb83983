import { setTimeout as pause } from 'node:timers/promises';
import { asOwner, join, type Person } from '../support/closing.js';
import { withVaultAndState } from '../support/dataFiles.js';
import { historyOf } from '../support/mutations.js';
import { opened, signIn } from '../support/people.js';
import { asking, startServer, type TestServer } from '../support/server.js';
import { type SmtpServer, startSmtpServer } from '../support/smtp.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let smtp: SmtpServer;
let server: TestServer;
let boss: Person;

const start = () => startServer(directory.path(), { SMTP_URL: smtp.url });

beforeAll(async () => {
  smtp = await startSmtpServer();
  server = await start();
  boss = await opened(server, { name: 'Boss' });
});
afterAll(async () => {
  await server.kill();
  await smtp.close();
});

const CLOSE = 'mutation { closeAccount(input: {}) { subjectId } }';
const ROUNDS = 4;

interface Leaving {
  readonly person: Person;
  readonly member: string;
  readonly name: string;
  /** Whether the answer came. */
  closed: boolean;
}

const newcomer = async (round: number): Promise<Leaving> => {
  const name = `Wqzleaving${round}x`;
  const person = await opened(server, { name });
  const { memberId } = await join(server, smtp, { owner: boss, person });
  return { person, member: memberId, name, closed: false };
};

const close = async (leaving: Leaving): Promise<void> => {
  const answer = await server.ask(CLOSE, {}, { token: leaving.person.token }).catch(() => undefined);
  leaving.closed = answer?.data?.closeAccount !== undefined && answer.data.closeAccount !== null;
};

/** Where somebody stands by everything that shows of them, which has to agree. */
const standing = async ({ person, name }: Leaving): Promise<'there' | 'closed' | 'half'> => {
  const session = await server.ask('{ currentAccount { name } }', {}, { token: person.token });
  const signedIn = await signIn(server, { email: person.email, password: person.password });
  const again = signedIn.data?.signIn;
  const own =
    again && (await server.ask('{ contacts { totalCount } }', {}, { ...again, workspace: person.workspaceId }));
  const signs = new Set([
    session.data?.currentAccount?.name === name,
    again !== undefined && again !== null,
    own?.data?.contacts !== undefined && own?.data?.contacts !== null,
  ]);
  if (signs.size > 1) return 'half';
  return signs.has(true) ? 'there' : 'closed';
};

test('[P6.3] after kill -9 at any moment of it an account is closed as a whole or stands, and closing it again closes it', async () => {
  const first = await newcomer(0);
  const began = performance.now();
  await close(first);
  expect(first.closed).toBe(true);
  const roundMs = performance.now() - began;
  const people = [first];
  for (let round = 1; round <= ROUNDS; round++) {
    const leaving = await newcomer(round);
    people.push(leaving);
    const closing = close(leaving);
    await pause((roundMs * round) / ROUNDS);
    await server.kill();
    await closing;
    server = await start();
    const found = await standing(leaving);
    expect([leaving.name, found]).toEqual([
      leaving.name,
      leaving.closed ? 'closed' : expect.not.stringMatching('half'),
    ]);
    if (found === 'there') await asking(server, { token: leaving.person.token })(CLOSE);
    expect(await standing(leaving)).toBe('closed');
  }
  const events = JSON.stringify(await historyOf(asking(server, asOwner(boss))));
  const { members } = await asking(server, asOwner(boss))('{ members { name } }');
  expect(members).toEqual([{ name: 'Boss' }]);
  for (const { person, name } of people) {
    expect(events).not.toContain(name);
    expect(events).not.toContain(person.email);
    await smtp.mailTo(person.email, /account is closed/i);
  }
  await nothingIsLeft(people);
}, 180_000);

/** In vault and state store themselves, once the server has let go of them. */
const nothingIsLeft = async (people: readonly Leaving[]): Promise<void> => {
  expect(await server.stop()).toBe(0);
  const keep = people.map(({ person }) => person.account.id);
  await withVaultAndState(directory.path(), async ({ vault, stateStore }) => {
    for (const { person } of people) expect(await workspaceOpens(vault, person.workspaceId)).toBe(false);
    for (const space of ['sessions', 'devices', 'passwords', 'second-factors', 'sign-in-places-of', 'email-changes']) {
      const entries = await stateStore.list(space);
      expect([space, entries.filter(({ key }) => keep.some((id) => key.startsWith(id)))]).toEqual([space, []]);
    }
    expect(await stateStore.list('parting-mail')).toEqual([]);
    expect(await stateStore.list('erasures')).toEqual([]);
  });
};

type Keys = Parameters<Parameters<typeof withVaultAndState>[1]>[0]['vault'];

const workspaceOpens = async (vault: Keys, workspace: string): Promise<boolean> => {
  const [key] = await vault.openingKeys([{ workspace, subject: workspace, class: 'content' }]);
  return key !== null;
};
