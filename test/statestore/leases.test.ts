import { join } from 'node:path';
import { CrmError } from '../../src/errors.js';
import { Leases } from '../../src/statestore/leases.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type VirtualTime, virtualTime } from '../support/virtualTime.js';

const directory = temporaryDirectory();
const NAME = 'projection/contacts';
let files = 0;
let time: VirtualTime;
let stateStore: StateStore;
beforeEach(() => {
  time = virtualTime();
  const file = join(directory.path(), `${files++}.db`);
  stateStore = openSqliteStateStore({ file, fileKey: Buffer.alloc(32, 1), clock: time });
});
afterEach(() => stateStore.close());
const leasesOf = (holder: string, store: Pick<StateStore, 'get' | 'compareAndSet'> = stateStore) =>
  new Leases({ stateStore: store, clock: time, holder, silentMs: 4_000 });

test('of several who ask at the same time one gets the lease', async () => {
  const all = Array.from({ length: 8 }, (_, n) => leasesOf(`p${n}`));
  const fences = await Promise.all(all.map((leases) => leases.keep(NAME)));
  expect(fences.filter((fence) => fence !== null)).toEqual([1]);
  expect(all.filter((leases) => leases.holds(NAME))).toHaveLength(1);
});

test('whoever renews keeps it, under the same fence, however long the others wait', async () => {
  const [one, other] = [leasesOf('one'), leasesOf('other')];
  for (let second = 0; second < 20; second++) {
    expect(await one.keep(NAME)).toBe(1);
    expect(await other.keep(NAME)).toBeNull();
    await time.pass(1_000);
  }
  expect(one.holds(NAME)).toBe(true);
});

test('who falls silent has given it up before another takes it, under a higher fence', async () => {
  const [one, other] = [leasesOf('one'), leasesOf('other')];
  await one.keep(NAME);
  await time.pass(500);
  expect(await other.keep(NAME)).toBeNull();
  await time.pass(3_999);
  expect(one.holds(NAME)).toBe(false);
  expect(await other.keep(NAME)).toBeNull();
  await time.pass(1);
  expect(await other.keep(NAME)).toBe(2);
  expect(await one.keep(NAME)).toBeNull();
  expect([one.holds(NAME), other.holds(NAME)]).toEqual([false, true]);
});

test('the time of a holder counts from before the renewal was asked for', async () => {
  let delayMs = 0;
  const slow = {
    get: stateStore.get.bind(stateStore),
    compareAndSet: async (...args: Parameters<StateStore['compareAndSet']>) => {
      const done = await stateStore.compareAndSet(...args);
      await time.pass(delayMs);
      return done;
    },
  };
  const one = leasesOf('one', slow);
  delayMs = 3_999;
  await one.keep(NAME);
  expect(one.holds(NAME)).toBe(true);
  await time.pass(1);
  expect(one.holds(NAME)).toBe(false);
});

test('what is given back is free at once, under a higher fence', async () => {
  const [one, other] = [leasesOf('one'), leasesOf('other')];
  await one.keep(NAME);
  await one.release(NAME);
  expect(one.holds(NAME)).toBe(false);
  expect(await other.keep(NAME)).toBe(2);
  await one.release(NAME);
  expect(await other.keep(NAME)).toBe(2);
});

test('a renewal whose outcome was not known is found out, under the same fence', async () => {
  let failing = false;
  const unsure = {
    get: stateStore.get.bind(stateStore),
    compareAndSet: async (...args: Parameters<StateStore['compareAndSet']>) => {
      const done = await stateStore.compareAndSet(...args);
      if (failing) throw new CrmError('STORE_FAILED');
      return done;
    },
  };
  const one = leasesOf('one', unsure);
  await one.keep(NAME);
  failing = true;
  await expect(one.keep(NAME)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(one.holds(NAME)).toBe(true);
  failing = false;
  expect(await one.keep(NAME)).toBe(1);
});
