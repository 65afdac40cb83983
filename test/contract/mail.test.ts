import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/kernel/clock.js';
import { timeOrderedIds } from '../../src/kernel/ids.js';
import { openFileOutbox, readFileOutbox } from '../../src/mail/file.js';
import { MailQueue } from '../../src/mail/queue.js';
import { smtpCarrier } from '../../src/mail/smtp.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { eventually } from '../support/eventually.js';
import { startSmtpServer } from '../support/smtp.js';
import { mailContract } from './mail.js';

const clock = systemClock;
const ids = timeOrderedIds(clock);
const shown = ({ to, subject, text }: { to: string; subject: string; text: string }) => ({ to, subject, text });
const everything = async (directory: string) =>
  (await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name), 'latin1')))).join('\n');

mailContract('A directory of files', async (directory, sealer) => {
  const outbox = join(directory, 'outbox');
  const mail = await openFileOutbox({ directory: outbox, sealer, ids, clock });
  const arrived = async () => (await readFileOutbox(outbox, sealer)).map(shown);
  return {
    mail,
    arrived,
    atRest: async () => {
      for (const name of await readdir(outbox)) expect((await stat(join(outbox, name))).mode & 0o077).toBe(0);
      expect(await arrived()).toHaveLength(2);
      return everything(outbox);
    },
  };
});

mailContract('SMTP behind a queue', async (directory, sealer) => {
  const server = await startSmtpServer();
  const stateStore = openSqliteStateStore({ file: join(directory, 'state.db'), fileKey: Buffer.alloc(32, 3), clock });
  const carrier = smtpCarrier(server.url, 'BPO Assistant <no-reply@crm.example>');
  const parts = { carrier, stateStore, sealer, ids, clock, wake: () => () => undefined, report: () => undefined };
  const mail = new MailQueue(parts);
  return {
    mail,
    close: async () => {
      await stateStore.close();
      await server.close();
    },
    arrived: (count) =>
      eventually(`${count} mails`, () => server.received.length >= count && server.received.map(shown)),
    atRest: async () => {
      await eventually('the second mail', () => server.received.length === 2);
      // While the server is not to be had, a message waits in the store: as it is before it is encrypted.
      server.refuse(451);
      await mail.send({
        recipient: { workspace: 'operator', subject: 'waiting' },
        to: 'conspicuous@example.com',
        subject: 'Conspicuous subject',
        text: 'Conspicuous text',
      });
      const waiting = await eventually('it to wait', async () => {
        const entries = await stateStore.list('mail');
        return entries.length === 1 && JSON.stringify(entries).includes('"attempts":1') && entries;
      });
      for (const { key } of waiting) await stateStore.remove('mail', key);
      return JSON.stringify(waiting);
    },
  };
});
