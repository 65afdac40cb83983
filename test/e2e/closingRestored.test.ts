import { readdirSync, renameSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { asOwner, certificateAt, join } from '../support/closing.js';
import { eventually } from '../support/eventually.js';
import { historyOf, mutate, newId } from '../support/mutations.js';
import { opened, signIn } from '../support/people.js';
import { asking, refusedBy, runCli, startServer, type TestServer } from '../support/server.js';
import { type SmtpServer, startSmtpServer } from '../support/smtp.js';
import { temporaryDirectory } from '../support/temporary.js';

const root = temporaryDirectory();
let smtp: SmtpServer;
let server: TestServer;

const start = () => startServer(root.path(), { SMTP_URL: smtp.url });

beforeAll(async () => {
  smtp = await startSmtpServer();
  server = await start();
});
afterAll(async () => {
  await server.kill();
  await smtp.close();
});

const CLOSE = 'mutation { closeAccount(input: {}) { certificatePath } }';
const ERASE = 'mutation { eraseWorkspace(input: {}) { certificatePath } }';
const CONTACTS = '{ contacts { nodes { givenName } } }';

test('[P6.3] a backup of before brings back neither a closed account nor an erased workspace, and tells nobody anew', async () => {
  const boss = await opened(server, { name: 'Boss' });
  const ada = await opened(server, { name: 'Wqzrestored' });
  await join(server, smtp, { owner: boss, person: ada });
  const eve = await opened(server);
  await newId(asking(server, asOwner(eve)), 'contact', { givenName: 'Wqzgoing' });
  await newId(asking(server, asOwner(boss)), 'contact', { givenName: 'Grace' });
  const backups = pathOf(root.path(), 'backups');
  expect((await runCli(root.path(), ['backup', '--to', backups])).code).toBe(0);

  const closed = (await asking(server, { token: ada.token })(CLOSE)).closeAccount;
  const erased = (await asking(server, asOwner(eve))(ERASE)).eraseWorkspace;
  for (const { certificatePath } of [closed, erased]) {
    const read = async () => (await certificateAt(server, certificatePath)) ?? undefined;
    expect((await eventually('the certificate', read)).lastKeyBackupExpires).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  }
  await smtp.mailTo(ada.email, /account is closed/i);
  await server.stop();
  renameSync(pathOf(root.path(), 'data'), pathOf(root.path(), 'data.lost'));
  const [id] = readdirSync(backups).filter((name) => name !== 'keys');
  const told = smtp.received.length;
  const { code, output } = await runCli(root.path(), ['restore', '--from', pathOf(backups, id!)], {
    SMTP_URL: smtp.url,
  });
  expect([code, output]).toEqual([0, expect.any(String)]);

  server = await start();
  expect((await refusedBy(server, { token: ada.token })('{ currentAccount { id } }')).code).toBe('UNAUTHENTICATED');
  expect((await signIn(server, { email: ada.email, password: ada.password })).errors).toBeDefined();
  expect((await refusedBy(server, asOwner(eve))(CONTACTS)).code).toBe('FORBIDDEN');
  const { contacts, members } = await asking(
    server,
    asOwner(boss),
  )(`{ contacts { nodes { givenName } } members { name } }`);
  expect([contacts.nodes, members]).toEqual([[{ givenName: 'Grace' }], [{ name: 'Boss' }]]);
  const events = JSON.stringify(await historyOf(asking(server, asOwner(boss))));
  expect(events).not.toContain('Wqzrestored');
  expect(events).not.toContain(ada.email);
  expect(smtp.received.slice(told).filter(({ to }) => to === ada.email)).toEqual([]);
}, 180_000);

test('a contact who has asked to be erased is told where the workspace wants that, and only then', async () => {
  const boss = await opened(server, { workspaceName: 'Answering Ltd' });
  const ask = asking(server, asOwner(boss));
  const erase = async (email: string, input: object = {}) => {
    const id = await newId(ask, 'contact', { givenName: 'G', emails: [{ value: email }] });
    const { erasureId } = await mutate(ask, 'eraseContact', { id, ...input }, 'erasureId');
    const { erasure } = await ask('query ($id: ID!) { erasure(id: $id) { results { receipts { step } } } }', {
      id: erasureId,
    });
    return erasure.results[0].receipts.map(({ step }: { step: string }) => step);
  };
  expect(await erase('silent@contacts.example')).not.toContain('ANSWERED');
  await mutate(ask, 'setSafeguards', { answersPeople: true }, 'answersPeople');
  expect(await erase('retention@contacts.example', { reasonCode: 'RETENTION_ENDED' })).not.toContain('ANSWERED');
  expect(await erase('told@contacts.example')).toContain('ANSWERED');
  const mail = await smtp.mailTo('told@contacts.example', /your request/i);
  expect(mail.text).toContain('Answering Ltd');
  const path = /#(\S+)/.exec(mail.text)![1]!;
  const read = async () => (await certificateAt(server, path)) ?? undefined;
  const { kept } = await eventually('the certificate', read);
  expect(kept.map(({ ground }: { ground: string }) => ground)).toContain('GDPR Art 12(3)');
  const others = ['silent@contacts.example', 'retention@contacts.example'];
  expect(smtp.received.filter(({ to }) => others.includes(to))).toEqual([]);
});
