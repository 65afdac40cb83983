import { moveHistory } from '../../src/app/moveHistory.js';
import { openKurrentEventStore } from '../../src/eventstore/kurrentdb.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { canonicalEnvelope, START } from '../../src/kernel/envelope.js';
import { comparable, sampleEvent, sampleEvents, sealedField } from '../eventstore/sampleEvents.js';
import { freshName } from '../support/engines.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';

let double: KurrentDouble;
const opened: EventStore[] = [];
beforeAll(async () => {
  double = await startKurrentDouble();
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});
afterAll(() => double.stop());

const kurrentStore = async (): Promise<EventStore> => {
  const store = await openKurrentEventStore({ url: `${double.url}&namespace=${freshName()}` });
  opened.push(store);
  return store;
};

const history = async (): Promise<EventStore> => {
  const store = memoryEventStore();
  for (let round = 0; round < 40; round++) {
    const recordedAt = `2026-01-01T00:00:${String(round).padStart(2, '0')}.000Z`;
    await store.append(`deal-${round % 7}`, sampleEvents(1 + (round % 4), { recordedAt }), 'any');
  }
  const gone = sampleEvent({ sealed: { name: sealedField(null), note: sealedField() } });
  await store.append('contact-1', [gone, sampleEvent({ sealed: {} })], 'no-stream');
  return store;
};

const all = async (store: EventStore) => (await store.readAll({ after: START, limit: 10_000 })).events;
const apartFromPositions = async (store: EventStore) =>
  (await all(store)).map((event) => ({ ...(comparable(event) as object), position: undefined }));
const nothing = { progress: () => undefined };

test('a history moves to another engine and back with everything but its positions', async () => {
  const [from, engine, back] = [await history(), await kurrentStore(), memoryEventStore()];
  const told: string[] = [];
  const progress = (stage: string, done: number, total: number) => told.push(`${stage} ${done}/${total}`);
  const total = (await all(from)).length;
  expect(await moveHistory({ from, to: engine, progress })).toBe(total);
  expect(await moveHistory({ from: engine, to: back, ...nothing })).toBe(total);
  expect(await apartFromPositions(engine)).toEqual(await apartFromPositions(from));
  expect(await apartFromPositions(back)).toEqual(await apartFromPositions(from));
  expect((await all(back)).map(canonicalEnvelope)).toEqual((await all(from)).map(canonicalEnvelope));
  expect(told).toContain(`copied ${total}/${total}`);
  expect(told.at(-1)).toBe(`verified ${total}/${total}`);
});

test('a move that was interrupted goes on where it was, wherever that is', async () => {
  const from = await history();
  const to = await kurrentStore();
  let left = 5;
  const failing = {
    readAll: to.readAll.bind(to),
    append: async (...args: Parameters<EventStore['append']>) => {
      if (left-- === 0) throw new Error('interrupted');
      return to.append(...args);
    },
  };
  for (let interrupted = 0; interrupted < 3; interrupted++, left = 5) {
    await expect(moveHistory({ from, to: failing, ...nothing })).rejects.toThrow('interrupted');
  }
  await moveHistory({ from, to, ...nothing });
  expect(await apartFromPositions(to)).toEqual(await apartFromPositions(from));
  await moveHistory({ from, to, ...nothing });
  expect(await all(to)).toHaveLength((await all(from)).length);
});

test('what was appended together is appended together', async () => {
  const from = memoryEventStore();
  await from.append('deal-1', sampleEvents(3), 'no-stream');
  const appended: number[] = [];
  const to = memoryEventStore();
  const counting = {
    readAll: to.readAll.bind(to),
    append: (...args: Parameters<EventStore['append']>) => {
      appended.push(args[1].length);
      return to.append(...args);
    },
  };
  await moveHistory({ from, to: counting, ...nothing });
  expect(appended).toEqual([3]);
});

test.each(['another event', 'an event more', 'other sealed bytes'])(
  'a target that holds %s is refused',
  async (what) => {
    const from = memoryEventStore();
    const to = memoryEventStore();
    const event = sampleEvent();
    await from.append('deal-1', [event], 'no-stream');
    const others = {
      'another event': [sampleEvent()],
      'an event more': [event, sampleEvent()],
      'other sealed bytes': [{ ...event, sealed: { ...event.sealed, name: sealedField() } }],
    }[what]!;
    await to.append('deal-1', others, 'no-stream');
    await expect(moveHistory({ from, to, ...nothing })).rejects.toMatchObject({ code: 'FOREIGN_STORE' });
  },
);

test('a history that grows while it is moved is told to be moved again', async () => {
  const from = memoryEventStore();
  await from.append('deal-1', sampleEvents(2), 'no-stream');
  const to = memoryEventStore();
  let grown = false;
  const growing = {
    readAll: to.readAll.bind(to),
    append: async (...args: Parameters<EventStore['append']>) => {
      if (!grown) await from.append('deal-2', [sampleEvent()], 'no-stream');
      grown = true;
      return to.append(...args);
    },
  };
  await expect(moveHistory({ from, to: growing, ...nothing })).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await moveHistory({ from, to, ...nothing })).toBe(3);
});
