import { LeasedWork } from '../../src/app/leasedWork.js';
import { canonicalJson, type Json } from '../../src/kernel/canonical.js';
import { Leases } from '../../src/statestore/leases.js';
import { settled, type VirtualTime, virtualTime } from '../support/virtualTime.js';

let time: VirtualTime;
let values: Map<string, string>;
let done: string[];
beforeEach(() => {
  time = virtualTime(1_000_000);
  values = new Map();
  done = [];
});

const stateStore = {
  get: async (space: string, key: string) => JSON.parse(values.get(space + key) ?? 'null') as Json,
  compareAndSet: async (space: string, key: string, expected: Json | null, value: Json) => {
    if ((values.get(space + key) ?? 'null') !== canonicalJson(expected)) return false;
    values.set(space + key, canonicalJson(value));
    return true;
  },
};
const serverOf = (holder: string): LeasedWork =>
  new LeasedWork({
    leases: new Leases({ stateStore, clock: time, holder }),
    name: 'work',
    clock: time,
    takenOver: async () => done.push(`${holder} took over`),
    work: async () => done.push(`${holder} worked`),
    everyMs: 60_000,
    report: (error) => done.push(String(error)),
  });
/** Lets both look after the lease each second. */
const passing = async (seconds: number, ...servers: readonly LeasedWork[]) => {
  for (let second = 0; second < seconds; second++) {
    await time.pass(1_000);
    for (const server of servers) await server.tend();
    await settled();
  }
};

test('one server does the work, as often as it is due; when it falls silent the other takes over', async () => {
  const [one, other] = [serverOf('one'), serverOf('other')];
  await one.tend();
  await passing(61, one, other);
  expect(done).toEqual(['one took over', 'one worked', 'one worked']);
  await passing(8, other);
  expect(done.slice(3)).toEqual(['other took over', 'other worked']);
  await passing(60, one, other);
  expect(done.slice(5)).toEqual(['other worked']);
});

test('a server that is stopped gives the work away at once', async () => {
  const [one, other] = [serverOf('one'), serverOf('other')];
  await one.tend();
  await one.stop();
  await other.tend();
  await settled();
  expect(done.slice(2)).toEqual(['other took over', 'other worked']);
});
