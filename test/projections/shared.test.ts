import { EVERY_EVENT, type Projection, put } from '../../projections/projection.js';
import { ProjectionRunner, type RunnerReport } from '../../projections/runner.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { canonicalJson, type Json } from '../../src/kernel/canonical.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { Leases } from '../../src/statestore/leases.js';
import { sampleEvent } from '../eventstore/sampleEvents.js';
import { settled, type VirtualTime, virtualTime } from '../support/virtualTime.js';

const table: Table = {
  name: 'seen',
  key: (row) => row.id,
  scope: () => 'all',
  orders: { at: (row) => row.position },
};
const seen: Projection = {
  name: 'seen',
  version: 1,
  tables: [table],
  apply: { [EVERY_EVENT]: ({ id, position }) => put(table, { id, position }) },
};

/** The part of a state store that leases use. */
const sharedState = () => {
  const values = new Map<string, string>();
  return {
    get: async (space: string, key: string) => JSON.parse(values.get(space + key) ?? 'null') as Json,
    compareAndSet: async (space: string, key: string, expected: Json | null, value: Json) => {
      if ((values.get(space + key) ?? 'null') !== canonicalJson(expected)) return false;
      values.set(space + key, canonicalJson(value));
      return true;
    },
  };
};

/** A process that shares the stores: it can be stopped as SIGSTOP does, before its next step towards them. */
interface Process {
  readonly runner: ProjectionRunner;
  readonly reports: RunnerReport[];
  freeze(): void;
  thaw(): void;
}

let time: VirtualTime;
let eventStore: EventStore;
let readStore: ReadStore;
let state: ReturnType<typeof sharedState>;
let processes: Process[];
beforeEach(() => {
  time = virtualTime();
  eventStore = memoryEventStore();
  readStore = memoryReadStore();
  state = sharedState();
  processes = [];
});
afterEach(async () => {
  for (const { runner, thaw } of processes) {
    thaw();
    const stopped = runner.stop();
    await time.pass(6_000);
    await stopped;
  }
  await eventStore.close();
});

const processOf = (holder: string): Process => {
  let running = Promise.resolve();
  let thaw = () => {};
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    await running;
    return work();
  };
  const leases = new Leases({ stateStore: state, clock: time, holder });
  const reports: RunnerReport[] = [];
  const store: ReadStore = Object.assign(Object.create(readStore), {
    write: (writes: Parameters<ReadStore['write']>[0]) => step(() => readStore.write(writes)),
    builds: (name: string) => step(() => readStore.builds(name)),
    many: (...asked: Parameters<ReadStore['many']>) => readStore.many(...asked),
    register: (projection: Projection) => readStore.register(projection),
  });
  const parts = {
    eventStore,
    readStore: store,
    keys: { openingKeys: async () => [null, null] },
    clock: time,
    report: (what: RunnerReport) => void reports.push(what),
    pause: time.pause,
    leases: {
      keep: (name: string) => step(() => leases.keep(name)),
      holds: (name: string) => leases.holds(name),
      release: (name: string) => leases.release(name),
    },
  };
  const process: Process = {
    runner: new ProjectionRunner(parts, [seen]),
    reports,
    freeze() {
      running = new Promise((resolve) => {
        thaw = resolve;
      });
    },
    thaw: () => thaw(),
  };
  processes.push(process);
  return process;
};

const happen = async (stream: string): Promise<string> =>
  (await eventStore.append(stream, [sampleEvent({ sealed: {} })], 'any')).position;

const waited = async (process: Process, position: string): Promise<void> => {
  const waiting = process.runner.waitFor(['seen'], position, 5_000);
  await time.pass(100);
  await waiting;
};

const isHere = ({ runner }: Process): boolean => runner.status()[0]!.elsewhere === undefined;

const rowCount = async (): Promise<number> => (await readStore.totals(table, 'all', ''))[0]?.count ?? 0;

test('of two processes that start at once one runs a projection, and both show what either has written', async () => {
  const [one, other] = [processOf('one'), processOf('other')];
  await Promise.all([one.runner.start(), other.runner.start()]);
  expect([one, other].filter(isHere)).toHaveLength(1);
  for (let n = 1; n <= 5; n++) {
    const position = await happen(`stream-${n}`);
    await Promise.all([waited(one, position), waited(other, position)]);
    expect(await rowCount()).toBe(n);
    await time.pass(3_000);
  }
  expect([one, other].filter(isHere)).toHaveLength(1);
  expect([...one.reports, ...other.reports].filter(({ kind }) => kind !== 'lease-unknown')).toEqual([]);
});

test('a process that stops lets go at once; one that dies is followed within seconds', async () => {
  const one = processOf('one');
  await one.runner.start();
  const other = processOf('other');
  await other.runner.start();
  expect([isHere(one), isHere(other)]).toEqual([true, false]);
  await one.runner.stop();
  await time.pass(1_000);
  expect(isHere(other)).toBe(true);
  const third = processOf('third');
  await third.runner.start();
  other.freeze();
  const position = await happen('stream');
  await time.pass(6_000);
  expect(isHere(third)).toBe(true);
  await waited(third, position);
  expect(await rowCount()).toBe(1);
});

test('a holder that was paused in the midst of a batch writes nothing when it goes on', async () => {
  const one = processOf('one');
  await one.runner.start();
  const other = processOf('other');
  await other.runner.start();
  await waited(one, await happen('first'));
  one.freeze();
  await happen('second');
  await settled();
  await time.pass(6_000);
  expect(isHere(other)).toBe(true);
  await waited(other, await happen('third'));
  expect(await rowCount()).toBe(3);
  const build = (await readStore.builds('seen'))[0]!;
  one.thaw();
  await time.pass(100);
  expect(one.reports).toContainEqual(expect.objectContaining({ kind: 'write-failed' }));
  expect((await readStore.builds('seen'))[0]).toEqual(build);
  await time.pass(3_000);
  expect([isHere(one), isHere(other)]).toEqual([false, true]);
  const last = await happen('fourth');
  await Promise.all([waited(one, last), waited(other, last)]);
  expect(await rowCount()).toBe(4);
});
