import { join } from 'node:path';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { CrmError } from '../../src/errors.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { CommandHandler } from '../../src/kernel/commandHandler.js';
import { pooledRandomBytes, subjectIdOf, timeOrderedIds } from '../../src/kernel/ids.js';
import { openFileLedger } from '../../src/ledger/file.js';
import { ledgerMemoryIn } from '../../src/ledger/known.js';
import type { ErasureLedger, LedgerRecord } from '../../src/ledger/port.js';
import { Eraser } from '../../src/privacy/erasure/erase.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const clock = { now: () => Date.UTC(2026, 10, 24) };
const ids = timeOrderedIds(clock);
const key = Buffer.alloc(32, 1);
let home: string;
let vault: Vault;
let stateStore: StateStore;
let eventStore: EventStore;
let ledger: ErasureLedger;
let homes = 0;

beforeEach(async () => {
  home = join(directory.path(), `home-${homes++}`);
  vault = openSqliteVault({ file: `${home}-vault.db`, fileKey: key, wrapKey: key, random: pooledRandomBytes });
  stateStore = openSqliteStateStore({ file: `${home}-state.db`, fileKey: key, clock });
  eventStore = memoryEventStore();
  ledger = await openFileLedger({ directory: home, memory: ledgerMemoryIn(stateStore), clock, ids });
});
afterEach(async () => {
  await ledger.close();
  await eventStore.close();
  await stateStore.close();
  await vault.shut();
});

const workspace = ids.next();
const context = { workspace, controller: workspace, actor: ids.next(), commandId: null, correlationId: ids.next() };
const newHandler = () => new CommandHandler({ eventStore, vault, clock, ids, random: pooledRandomBytes });
const eraserWith = (over: Partial<ErasureLedger>, purged = async () => undefined) => {
  const watched = {
    installation: ledger.installation,
    append: (record: LedgerRecord) => ledger.append(record),
    ...over,
  } as ErasureLedger;
  const nothing = async () => undefined;
  const parts = { handler: newHandler(), vault, stateStore, ledger: watched, ids, purged };
  return new Eraser({
    ...parts,
    generalise: nothing,
    suppress: nothing,
    answer: async () => false,
    takeLeave: nothing,
    purgers: [],
    readModels: ['contacts'],
    clock,
  });
};
const newContact = async () => {
  const contact = ids.next();
  const subject = subjectIdOf(contact);
  const create = {
    type: 'CreateContact',
    data: { subject, name: { givenName: 'Grace' } },
    given: { today: '2026-11-24' },
  } as const;
  await newHandler().handle(contactDecider, contact, create, context);
  return { record: contact, recordKind: 'CONTACT', subject, kind: 'ERASE', reason: 'SUBJECT_REQUEST' } as const;
};
const written = async () => (await ledger.entries(1)).map(({ record }) => record);

test('[P7.3] the intent is in the ledger before anything is destroyed, the keys by their fingerprints, and the end', async () => {
  const order = await newContact();
  const states: string[] = [];
  const eraser = eraserWith({
    append: async (record) => {
      const head = await ledger.append(record);
      states.push(`${record.kind}: ${await vault.state(workspace, order.subject)}`);
      return head;
    },
  });
  await eraser.erase(order, context);
  expect(states).toEqual(['ErasureBegun: active', 'KeysDestroyed: destroyed', 'ErasureCompleted: destroyed']);
  const destroyed = await vault.destroy(workspace, order.subject);
  const [first, keys, last] = await written();
  expect(first).toMatchObject({
    workspace,
    subject: order.subject,
    record: order.record,
    scope: 'ERASE',
    classes: null,
  });
  expect(keys).toMatchObject({ keys: destroyed.map(({ class: each, fingerprint }) => ({ class: each, fingerprint })) });
  expect(new Set([first, keys, last].map((record) => (record as { erasure: string }).erasure)).size).toBe(1);
});

test('[P7.3] where the intent cannot be written nothing is destroyed, and asking again erases', async () => {
  const order = await newContact();
  const append = () => Promise.reject(new CrmError('LEDGER_UNWRITABLE'));
  const refused = eraserWith({ append });
  await expect(refused.erase(order, context)).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' });
  expect(await vault.state(workspace, order.subject)).toBe('active');
  expect(await refused.resume()).toBe(0);
  await eraserWith({}).erase(order, context);
  expect(await vault.state(workspace, order.subject)).toBe('destroyed');
});

test('an erasure that a crash cut off is in the ledger once when it is taken up', async () => {
  const order = await newContact();
  const cutOff = eraserWith({}, () => Promise.reject(new Error('as if the process had died')));
  await expect(cutOff.erase(order, context)).rejects.toThrow('as if');
  expect((await written()).map(({ kind }) => kind)).toEqual(['ErasureBegun', 'KeysDestroyed']);
  expect(await eraserWith({}).resume()).toBe(1);
  expect((await written()).map(({ kind }) => kind)).toEqual(['ErasureBegun', 'KeysDestroyed', 'ErasureCompleted']);
});
