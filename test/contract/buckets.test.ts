import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBuckets } from '../../src/kernel/buckets.js';
import { SharedBuckets } from '../../src/statestore/sharedBuckets.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { bucketsContract } from './buckets.js';

bucketsContract('memory', async (clock) => {
  const buckets = new MemoryBuckets(clock);
  return () => buckets;
});

const directory = mkdtempSync(join(tmpdir(), 'crm-buckets-'));
const stores: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
  rmSync(directory, { recursive: true });
});
const stateStore = (clock: { now(): number }) => {
  const store = openSqliteStateStore({
    file: join(directory, `${stores.length}.db`),
    fileKey: Buffer.alloc(32, 1),
    clock,
  });
  stores.push(store);
  return store;
};

bucketsContract('shared through the state store', async (clock) => {
  const store = stateStore(clock);
  return () => new SharedBuckets(store, clock, (key) => key);
});

const rate = { capacity: 100, perSecond: 1 };
const clock = { now: () => 1_700_000_000_000 };

/** How many of so many takes succeed, one after the other. */
const taken = async (takes: number, take: (n: number) => number | Promise<number>): Promise<number> => {
  let succeeded = 0;
  for (let n = 0; n < takes; n += 1) if ((await take(n)) === 0) succeeded += 1;
  return succeeded;
};

test('servers that share buckets spend one budget between them', async () => {
  const store = stateStore(clock);
  const servers = [0, 1, 2].map(() => new SharedBuckets(store, clock, (key) => key));
  expect(await taken(300, (n) => servers[n % 3]!.take('a', rate, 1))).toBe(100);
});

test('a server asks the store once for a portion, not at every request', async () => {
  const store = stateStore(clock);
  let asked = 0;
  const counting = {
    ...store,
    get: (space: string, key: string) => {
      asked += 1;
      return store.get(space, key);
    },
    compareAndSet: store.compareAndSet.bind(store),
  } as unknown as typeof store;
  const buckets = new SharedBuckets(counting, clock, (key) => key);
  expect(await taken(100, () => buckets.take('a', rate, 1))).toBe(100);
  expect(asked).toBe(10);
});

test('no key stands readable in the store', async () => {
  const store = stateStore(clock);
  await new SharedBuckets(store, clock, () => 'hidden').take('request 203.0.113.7', rate, 1);
  expect((await store.list('rate-buckets')).map(({ key }) => key)).toEqual(['hidden']);
});

test('memory keeps no more buckets than its limit, the emptied ones longest', async () => {
  let now = 0;
  const buckets = new MemoryBuckets({ now: () => now }, 100);
  buckets.take('emptied', { capacity: 10, perSecond: 0.001 }, 10);
  for (let n = 0; n < 90; n += 1) buckets.take(`passer-by ${n}`, { capacity: 10, perSecond: 10 }, 1);
  now += 1_000;
  for (let n = 0; n < 60; n += 1) buckets.take(`later ${n}`, { capacity: 10, perSecond: 10 }, 1);
  expect(buckets.take('emptied', { capacity: 10, perSecond: 0.001 }, 1)).toBeGreaterThan(0);
});
