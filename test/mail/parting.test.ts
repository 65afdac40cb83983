import { join } from 'node:path';
import { pooledRandomBytes, timeOrderedIds } from '../../src/kernel/ids.js';
import { Sealer } from '../../src/kernel/sealer.js';
import { openFileOutbox, readFileOutbox } from '../../src/mail/file.js';
import { endParting, partingWasSent, sendParting, sweepPartings } from '../../src/mail/parting.js';
import type { Mail, Message } from '../../src/mail/port.js';
import { MailQueue, Undeliverable } from '../../src/mail/queue.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let now = Date.now();
const clock = { now: () => now };
const ids = timeOrderedIds(clock);
const key = Buffer.alloc(32, 1);
let stateStore: StateStore;
let vault: Vault;
let mail: Mail | undefined;

beforeEach(() => {
  const home = join(directory.path(), crypto.randomUUID());
  stateStore = openSqliteStateStore({ file: `${home}-state.db`, fileKey: key, clock });
  vault = openSqliteVault({ file: `${home}-vault.db`, fileKey: key, wrapKey: key, random: pooledRandomBytes });
});
afterEach(async () => {
  await mail?.close();
  mail = undefined;
  await stateStore.close();
  await vault.shut();
});

const words = { to: 'ada@example.com', subject: 'The last', text: 'Word' };
const queueWith = (deliver: (message: Message) => Promise<void>) =>
  new MailQueue({
    carrier: { deliver: (_, message) => deliver(message), close: async () => undefined },
    left: (subject) => endParting(subject, { stateStore, vault }),
    ...{ stateStore, ids, clock, sealer: new Sealer(vault, pooledRandomBytes) },
    wake: () => () => undefined,
    report: () => undefined,
  });
const send = (id: string, through: Mail) => sendParting(id, words, { stateStore, vault, mail: through, now });
const ended = (id: string) =>
  eventually('the key to go', async () => (await vault.state('operator', id)) === 'destroyed');

test('[P7.3] the key of a last message is destroyed once it has left, and the message is gone from the queue', async () => {
  const delivered: Message[] = [];
  mail = queueWith(async (message) => void delivered.push(message));
  await send('answer', mail);
  await ended('answer');
  expect(delivered).toMatchObject([words]);
  await eventually('the queue to be empty', async () => (await stateStore.list('mail')).length === 0);
  expect(await partingWasSent('answer', { stateStore, vault })).toBe(true);
});

test('so it is where the other side refuses it for good', async () => {
  mail = queueWith(() => Promise.reject(new Undeliverable()));
  await send('answer', mail);
  await ended('answer');
});

test('sent again, it is sent once', async () => {
  let delivered = 0;
  mail = queueWith(async () => void delivered++);
  await send('answer', mail);
  await ended('answer');
  await send('answer', mail);
  expect(delivered).toBe(1);
});

test('[P7.3] one that never leaves goes with its key when it would no longer be kept, not before', async () => {
  const outbox = join(directory.path(), 'outbox');
  const sealer = new Sealer(vault, pooledRandomBytes);
  mail = await openFileOutbox({ directory: outbox, sealer, ids, clock });
  await send('answer', mail);
  now += mail.keptMs - 1_000;
  await sweepPartings({ stateStore, vault }, now);
  expect(await readFileOutbox(outbox, sealer)).toMatchObject([words]);
  now += 2_000;
  await sweepPartings({ stateStore, vault }, now);
  expect(await vault.state('operator', 'answer')).toBe('destroyed');
  expect(await readFileOutbox(outbox, sealer)).toEqual([]);
});

test('a message under its recipient’s own key leaves that key alone', async () => {
  mail = queueWith(async () => undefined);
  await mail.send({ ...words, recipient: { workspace: 'operator', subject: 'ada' } });
  await eventually('the queue to be empty', async () => (await stateStore.list('mail')).length === 0);
  expect(await vault.state('operator', 'ada')).toBe('active');
});
