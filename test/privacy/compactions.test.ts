import { join } from 'node:path';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { CompactRange, EventStore } from '../../src/eventstore/port.js';
import { CommandHandler } from '../../src/kernel/commandHandler.js';
import { pooledRandomBytes, timeOrderedIds } from '../../src/kernel/ids.js';
import { Compactions } from '../../src/privacy/compaction/compactions.js';
import { compactionDecider } from '../../src/privacy/compaction/decider.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { readAllPages } from '../contract/eventStoreReading.js';
import { sampleEvent } from '../eventstore/sampleEvents.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const clock = { now: () => Date.UTC(2026, 10, 24) };
const ids = timeOrderedIds(clock);
const key = Buffer.alloc(32, 1);
let homes = 0;
let vault: Vault;
let stateStore: StateStore;
let eventStore: EventStore;
/** Last entry of the erasure ledger. */
let sequence: number;
beforeEach(() => {
  const home = join(directory.path(), `home-${homes++}`);
  vault = openSqliteVault({ file: `${home}-vault.db`, fileKey: key, wrapKey: key, random: pooledRandomBytes });
  stateStore = openSqliteStateStore({ file: `${home}-state.db`, fileKey: key, clock });
  eventStore = memoryEventStore();
  sequence = 1;
});
afterEach(async () => {
  await eventStore.close();
  await stateStore.close();
  await vault.shut();
});

const workspace = ids.next();
const compactionsOf = (over: { eventStore?: Partial<EventStore>; signal?: AbortSignal } = {}) => {
  const signal = over.signal ?? new AbortController().signal;
  const handler = new CommandHandler({ eventStore, vault, clock, ids, random: pooledRandomBytes });
  const watched = {
    head: () => eventStore.head(),
    readStream: (stream: string) => eventStore.readStream(stream),
    compact: (range: CompactRange) => eventStore.compact!(range),
    ...over.eventStore,
  };
  const ledger = { head: () => ({ sequence, hash: '' }) };
  return new Compactions({ handler, eventStore: watched, vault, stateStore, ledger, ids, signal });
};
/** An event of somebody who has a key, or has lost it. */
const written = async (subject: string, state: 'active' | 'closing' | 'destroyed' | 'unknown') => {
  await eventStore.append(`contact-${subject}`, [sampleEvent({ workspace, subject })], 'any');
  if (state === 'unknown') return;
  (await vault.lease(workspace, subject, ['profile'])).release();
  if (state !== 'active') await vault.close(workspace, subject);
  if (state === 'destroyed') await vault.destroy(workspace, subject);
};
const erase = async (subject: string) => {
  await vault.close(workspace, subject);
  await vault.destroy(workspace, subject);
  sequence += 2;
};
/** Who has sealed bytes left. */
const readable = async () =>
  (await readAllPages(eventStore, 100)).flatMap(({ subject, sealed }) => (sealed.name?.bytes ? [subject] : []));
/** What one does where the process ends in its midst: after the first step. */
const cutOff = async () => {
  const compact = async function* (range: CompactRange) {
    for await (const step of eventStore.compact!({
      ...range,
      upTo: (await eventStore.readStream('contact-one'))[0]!.position,
    })) {
      yield step;
      throw new Error('as if the process had died');
    }
  };
  await expect(compactionsOf({ eventStore: { compact } }).run()).rejects.toThrow('as if');
};

test('[P7.3] what goes is what the vault knows as destroyed, and not what merely has no key', async () => {
  for (const state of ['active', 'closing', 'destroyed', 'unknown'] as const) await written(state, state);
  expect(await compactionsOf().run()).toMatchObject({ events: 1, fields: 2, bytes: 96 });
  expect(await readable()).toEqual(['active', 'closing', 'unknown']);
});

test('a compaction is recorded in the history: how far it has looked, what it has removed, and for which entries of the ledger', async () => {
  await written('destroyed', 'destroyed');
  const upTo = await eventStore.head();
  sequence = 7;
  const recorded = await compactionsOf().run();
  expect(recorded).toEqual({
    ...{ upTo, ledger: 7, events: 1, fields: 2, bytes: 96 },

    recordedAt: '2026-11-24T00:00:00.000Z',
  });
  const [event] = (await readAllPages(eventStore, 100)).filter(({ type }) => type === 'HistoryCompacted');
  expect(event).toMatchObject({ workspace: 'operator', sealed: {}, open: { upTo, ledger: 7, events: 1 } });
  expect(await stateStore.list('compaction')).toEqual([]);
});

test('a compaction is recorded once', () => {
  const result = { upTo: '1', ledger: 1, events: 2, fields: 3, bytes: 4 };
  const record = { type: 'RecordCompaction', subject: 's', ...result } as const;
  expect(compactionDecider.decide(record, false)).toEqual([
    { type: 'HistoryCompacted', data: { subject: 's', ...result } },
  ]);
  expect(compactionDecider.decide(record, true)).toEqual([]);
});

test('who asks while one is under way waits for that one', async () => {
  await written('destroyed', 'destroyed');
  const compactions = compactionsOf();
  const [one, other] = await Promise.all([compactions.run(), compactions.run()]);
  expect(one).toEqual(other);
  expect(compactions.progress).toBeNull();
  expect((await readAllPages(eventStore, 100)).filter(({ type }) => type === 'HistoryCompacted')).toHaveLength(1);
});

test('[P7.3] one that was cut off goes on where it was, and counts all that it has removed', async () => {
  for (const subject of ['one', 'two']) await written(subject, 'destroyed');
  await cutOff();
  expect(await readable()).toEqual(['two']);
  const ranges: CompactRange[] = [];
  const compact = (range: CompactRange) => {
    ranges.push(range);
    return eventStore.compact!(range);
  };
  expect(await compactionsOf({ eventStore: { compact } }).run()).toMatchObject({ events: 2, fields: 4 });
  expect(ranges[0]!.after).toBe((await eventStore.readStream('contact-one'))[0]!.position);
  expect(await readable()).toEqual([]);
});

test('[P7.3] one that was cut off begins anew where somebody was erased since, whose events it has passed already', async () => {
  await written('zero', 'active');
  for (const subject of ['one', 'two']) await written(subject, 'destroyed');
  await cutOff();
  await erase('zero');
  expect(await compactionsOf().run()).toMatchObject({ events: 3, ledger: sequence });
  expect(await readable()).toEqual([]);
});

test('[P7.3] after a restore one that was under way in the backup is forgotten', async () => {
  for (const subject of ['one', 'two']) await written(subject, 'destroyed');
  const one = (await eventStore.readStream('contact-one'))[0]!;
  await cutOff();
  // The events as they were before, the state as it was after.
  await eventStore.close();
  eventStore = memoryEventStore();
  for (const subject of ['one', 'two']) {
    await eventStore.append(`contact-${subject}`, [sampleEvent({ workspace, subject })], 'any');
  }
  expect((await eventStore.readStream('contact-one'))[0]!.position).toBe(one.position);
  await compactionsOf().forget();
  await compactionsOf().run();
  expect(await readable()).toEqual([]);
});

test('closing ends one that is under way, which stays to be taken up', async () => {
  await written('destroyed', 'destroyed');
  const closing = new AbortController();
  closing.abort();
  await expect(compactionsOf({ signal: closing.signal }).run()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await stateStore.list('compaction')).toHaveLength(1);
  expect(await compactionsOf().run()).toMatchObject({ events: 1 });
});

test('on an engine that removes nothing at our request it is refused', async () => {
  const refused = compactionsOf({ eventStore: { compact: undefined } }).run();
  await expect(refused).rejects.toMatchObject({ code: 'COMPACTION_UNAVAILABLE' });
});
