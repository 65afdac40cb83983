import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/kernel/clock.js';
import { pooledRandomBytes, timeOrderedIds } from '../../src/kernel/ids.js';
import { Sealer } from '../../src/kernel/sealer.js';
import { openFileOutbox, readFileOutbox } from '../../src/mail/file.js';
import type { Message } from '../../src/mail/port.js';
import { type Carrier, MailQueue, type MailReport, Undeliverable } from '../../src/mail/queue.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let nowMs = Date.UTC(2026, 10, 24);
const clock: Clock = { now: () => nowMs };
const ids = timeOrderedIds(clock);
let vault: Vault;
let stateStore: StateStore;
let sealer: Sealer;

beforeAll(() => {
  const file = (name: string) => join(directory.path(), name);
  const keys = { fileKey: Buffer.alloc(32, 1), wrapKey: Buffer.alloc(32, 2) };
  vault = openSqliteVault({ file: file('vault.db'), ...keys, random: pooledRandomBytes });
  stateStore = openSqliteStateStore({ file: file('state.db'), fileKey: Buffer.alloc(32, 3), clock });
  sealer = new Sealer(vault, pooledRandomBytes);
});
afterAll(async () => {
  await stateStore.close();
  await vault.shut();
});

const messageTo = (subject: string): Message => ({
  recipient: { workspace: 'operator', subject },
  to: `${subject}@example.com`,
  subject: 'A subject',
  text: 'A text',
});

/** A queue whose carrier does as it is told, and whose alarm clock the test rings. */
const queueWith = (deliver: Carrier['deliver'], shared = false) => {
  const reports: MailReport[] = [];
  let alarm: { afterMs: number; call: () => void } | undefined;
  const queue = new MailQueue({
    carrier: { deliver, close: async () => undefined },
    stateStore,
    sealer,
    ids,
    clock,
    wake: (afterMs, call) => {
      alarm = { afterMs, call };
      return () => undefined;
    },
    report: (what) => reports.push(what),
    shared,
  });
  const ring = async () => {
    const { afterMs, call } = await eventually('an alarm', () => alarm);
    alarm = undefined;
    nowMs += afterMs;
    call();
    return afterMs;
  };
  return { queue, reports, ring };
};
const waiting = async () => (await stateStore.list('mail')).length;

test('a message that the server does not take now is tried again, later and later, under the same id', async () => {
  const tried: string[] = [];
  const { queue, reports, ring } = queueWith(async (id) => {
    tried.push(id);
    if (tried.length < 4) throw new Error('451');
  });
  await queue.send(messageTo('ada'));
  expect([await ring(), await ring(), await ring()]).toEqual([30_000, 60_000, 120_000]);
  await eventually('it to be taken', () => tried.length === 4);
  await eventually('nothing to wait', async () => (await waiting()) === 0);
  expect(new Set(tried).size).toBe(1);
  expect(reports.map(({ kind }) => kind)).toEqual(Array(3).fill('mail-delayed'));
  await queue.close();
});

test('a message that is refused for good is tried once', async () => {
  const { queue, reports } = queueWith(() => Promise.reject(new Undeliverable()));
  await queue.send(messageTo('bob'));
  await eventually('it to be given up', () => reports.length === 1);
  await eventually('nothing to wait', async () => (await waiting()) === 0);
  expect(reports).toEqual([{ kind: 'mail-refused', attempts: 1 }]);
  await queue.close();
});

test('what waits when the process ends is sent after the next start', async () => {
  const first = queueWith(() => Promise.reject(new Error('421')));
  await first.queue.send(messageTo('eve'));
  await eventually('the attempt', () => first.reports.length === 1);
  await first.queue.close();
  nowMs += 30_000;
  const taken: Message[] = [];
  const { queue } = queueWith(async (_id, message) => void taken.push(message));
  queue.start();
  await eventually('it to be sent', () => taken.length === 1);
  expect(taken).toEqual([messageTo('eve')]);
  await queue.close();
});

test('[P7.3] a message that waits for somebody who is erased is never sent', async () => {
  const taken: Message[] = [];
  let open = false;
  const { queue, ring } = queueWith(async (_id, message) => {
    if (!open) throw new Error('421');
    taken.push(message);
  });
  await queue.send(messageTo('grace'));
  await queue.send(messageTo('alan'));
  await vault.close('operator', 'grace');
  await vault.destroy('operator', 'grace');
  open = true;
  await ring();
  await eventually('the other to be sent', () => taken.length === 1);
  await eventually('nothing to wait', async () => (await waiting()) === 0);
  expect(taken).toEqual([messageTo('alan')]);
  await queue.close();
});

test('[P7.3] a file of the outbox cannot be read once its person is erased, and goes after 30 days', async () => {
  const outbox = join(directory.path(), 'outbox');
  const open = () => openFileOutbox({ directory: outbox, sealer, ids, clock });
  nowMs = Date.now();
  const mail = await open();
  await mail.send(messageTo('kurt'));
  nowMs += 1;
  await mail.send(messageTo('emmy'));
  expect(await readFileOutbox(outbox, sealer)).toEqual([messageTo('kurt'), messageTo('emmy')]);
  await vault.close('operator', 'kurt');
  await vault.destroy('operator', 'kurt');
  expect(await readFileOutbox(outbox, sealer)).toEqual([messageTo('emmy')]);
  nowMs += 31 * 24 * 3600 * 1000;
  await open();
  expect(await readdir(outbox)).toEqual([]);
});

test('a file that somebody removes while the outbox is swept is in nobody’s way', async () => {
  const outbox = join(directory.path(), 'raced');
  const mail = await openFileOutbox({ directory: outbox, sealer, ids, clock });
  await mail.send(messageTo('hedy'));
  // Listed, and not there once it is looked at.
  await symlink(join(outbox, 'gone'), join(outbox, '0.mail.json'));
  nowMs = Date.now() + 31 * 24 * 3600 * 1000;
  await mail.sweep();
  expect(await readFileOutbox(outbox, sealer)).toEqual([]);
});

test('of several servers one delivers a message; where it ends in the midst of that, another does later', async () => {
  const tried: string[] = [];
  let goOn: () => void = () => undefined;
  const standstill = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const one = queueWith(() => {
    tried.push('one');
    return standstill;
  }, true);
  const other = queueWith(async () => void tried.push('other'), true);
  await one.queue.send(messageTo('joan'));
  await eventually('the first to deliver', () => tried.length === 1);
  other.queue.start();
  expect(await other.ring()).toBeGreaterThan(60_000);
  await eventually('the other to deliver', () => tried.length === 2);
  expect(tried).toEqual(['one', 'other']);
  await eventually('nothing to wait', async () => (await waiting()) === 0);
  goOn();
  await Promise.all([one.queue.close(), other.queue.close()]);
});
