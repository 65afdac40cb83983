import type { EventBatch, EventStore, Subscription } from '../../src/eventstore/port.js';
import { START, type StoredEvent } from '../../src/kernel/envelope.js';
import { comparable, idsOf, sampleEvent, sampleEvents } from '../eventstore/sampleEvents.js';
import type { OpenStore } from './eventStore.js';
import { expectIncreasing, readAllPages } from './eventStoreReading.js';

/** Follows a store until a batch says enough, and ends by the signal. */
export const follow = async (
  store: EventStore,
  enough: (batches: readonly EventBatch[]) => boolean,
  subscription: Partial<Subscription> = {},
): Promise<EventBatch[]> => {
  const ended = new AbortController();
  const batches: EventBatch[] = [];
  for await (const batch of store.subscribe({ after: START, ...subscription, signal: ended.signal })) {
    batches.push(batch);
    if (enough(batches)) ended.abort();
  }
  return batches;
};

const eventsOf = (batches: readonly EventBatch[]): StoredEvent[] => batches.flatMap(({ events }) => [...events]);
const counted = (count: number) => (batches: readonly EventBatch[]) => eventsOf(batches).length >= count;
const upTo = (position: string) => (batches: readonly EventBatch[]) => batches.at(-1)!.position >= position;

/** The iterator itself, for a look at one batch after the other. */
const iterate = (store: EventStore, subscription: Partial<Subscription> = {}) => {
  const ended = new AbortController();
  const batches = store.subscribe({ after: START, signal: ended.signal, ...subscription })[Symbol.asyncIterator]();
  return { next: () => batches.next(), end: () => ended.abort() };
};

/** The first batch that says that this is all: an engine may say before how far it has looked. */
const untilCaughtUp = async (next: () => Promise<IteratorResult<EventBatch>>): Promise<EventBatch> => {
  for (;;) {
    const { value } = await next();
    if (value.caughtUp) return value;
    expect(value.events).toEqual([]);
  }
};

const catchingUp = (open: OpenStore): void => {
  test('from an empty store, which says at once that this is all', async () => {
    const { store } = await open();
    const { next, end } = iterate(store);
    expect(await next()).toEqual({ done: false, value: { events: [], position: START, caughtUp: true } });
    const coming = next();
    const { position } = await store.append('contact-1', [sampleEvent()], 'no-stream');
    expect(await coming).toMatchObject({ value: { events: [{ revision: 0 }], position, caughtUp: true } });
    end();
  });

  test('through what was there, in batches no larger than asked for, before it says that this is all', async () => {
    const { store } = await open();
    for (let index = 0; index < 25; index++) await store.append('contact-1', [sampleEvent()], 'any');
    const { position } = await store.append('contact-1', [sampleEvent()], 'any');
    const batches = await follow(store, (all) => all.at(-1)!.caughtUp, { batchSize: 10 });
    expect(idsOf(eventsOf(batches))).toEqual(idsOf(await readAllPages(store, 100)));
    expect(batches.every(({ events }) => events.length <= 10)).toBe(true);
    expect(batches.filter(({ caughtUp }) => caughtUp)).toHaveLength(1);
    expect(batches.at(-1)!.position).toBe(position);
  });

  test('from there to what happens, without loss or duplicate, while many append', async () => {
    const { store, reopen } = await open();
    const rounds = async (into: EventStore, name: string, count: number) => {
      for (let round = 0; round < count; round++)
        await into.append(`deal-${name}`, sampleEvents(1 + (round % 3)), 'any');
    };
    await Promise.all(['a', 'b', 'c'].map((name) => rounds(store, name, 40)));
    const again = (await reopen?.()) ?? store;
    const total = 3 * 79 + 8 * 79;
    const followers = [1, 7, 500].map((batchSize) => follow(again, counted(total), { batchSize }));
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => rounds(again, name, 40)));
    const log = await readAllPages(again, 1000);
    expect(log).toHaveLength(total);
    for (const batches of await Promise.all(followers)) {
      expect(eventsOf(batches).map(comparable)).toEqual(log.map(comparable));
      expectIncreasing(eventsOf(batches));
    }
  });

  test('by one who is slow as well, without holding up one who is not', async () => {
    const { store } = await open();
    const slow = iterate(store);
    await slow.next();
    const quick = follow(store, counted(3_000));
    for (let index = 0; index < 30; index++) await store.append(`deal-${index % 3}`, sampleEvents(100), 'any');
    expect(eventsOf(await quick)).toHaveLength(3_000);
    const seen: StoredEvent[] = [];
    while (seen.length < 3_000) seen.push(...((await slow.next()).value as EventBatch).events);
    expect(idsOf(seen)).toEqual(idsOf(await readAllPages(store, 1000)));
    slow.end();
  });
};

const going = (open: OpenStore): void => {
  test('for some types only, and its position still advances', async () => {
    const { store } = await open();
    await store.append('deal-1', sampleEvents(20, { type: 'DealWon' }), 'no-stream');
    const { next, end } = iterate(store, { types: ['ContactCreated'] });
    const before = await store.head();
    expect(await untilCaughtUp(next)).toEqual({ events: [], position: before, caughtUp: true });
    // An engine may say how far it has looked only every few hundred events.
    const { position } = await store.append('deal-1', sampleEvents(300, { type: 'DealWon' }), 19);
    const passing = (await next()).value as EventBatch;
    expect(passing).toEqual({ events: [], position: expect.any(String), caughtUp: true });
    expect(passing.position > before).toBe(true);
    expect(passing.position <= position).toBe(true);
    const wanted = next();
    await store.append('contact-1', [sampleEvent(), sampleEvent({ type: 'DealWon' })], 'no-stream');
    const { events, position: seen } = (await wanted).value as EventBatch;
    expect(events).toMatchObject([{ type: 'ContactCreated' }]);
    expect(seen >= events[0]!.position).toBe(true);
    end();
  });

  test('on from where it was dropped', async () => {
    const { store, reopen } = await open();
    for (let index = 0; index < 10; index++) await store.append('contact-1', sampleEvents(3), 'any');
    const before = await follow(store, counted(7), { batchSize: 7 });
    const again = (await reopen?.()) ?? store;
    await again.append('contact-1', sampleEvents(3), 29);
    const after = await follow(again, upTo(await again.head()), { after: before.at(-1)!.position });
    expect(idsOf([...eventsOf(before), ...eventsOf(after)])).toEqual(idsOf(await readAllPages(again, 100)));
  });

  test('until the signal, at once, also while it waits', async () => {
    const { store } = await open();
    const { next, end } = iterate(store);
    await next();
    const waiting = next();
    end();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const ended = AbortSignal.abort();
    expect(await iterate(store, { signal: ended }).next()).toEqual({ done: true, value: undefined });
  });

  test('until its reader has had enough', async () => {
    const { store } = await open();
    await store.append('contact-1', sampleEvents(3), 'no-stream');
    const { signal } = new AbortController();
    for await (const { events } of store.subscribe({ after: START, signal, batchSize: 1 })) {
      if (events.length > 0) break;
    }
    await store.append('contact-1', [sampleEvent()], 2);
  });

  test('with events in their present version, live ones too', async () => {
    const { store } = await open({ upcast: (event) => ({ ...event, schemaVersion: 9 }) });
    await store.append('contact-1', [sampleEvent()], 'no-stream');
    const following = follow(store, counted(2));
    await store.append('contact-1', [sampleEvent()], 0);
    expect(eventsOf(await following).map(({ schemaVersion }) => schemaVersion)).toEqual([9, 9]);
  });
};

export const followingContract = (open: OpenStore): void => {
  catchingUp(open);
  going(open);
};

export const closingContract = (open: OpenStore): void => {
  test('after what was accepted, and as often as it is told to', async () => {
    const { store, reopen } = await open();
    const accepted = Array.from({ length: 300 }, () => store.append('contact-1', [sampleEvent()], 'any'));
    await Promise.all([store.close(), store.close()]);
    const results = await Promise.all(accepted);
    expect(results.at(-1)).toMatchObject({ revision: 299 });
    await store.close();
    expect((await (await reopen?.())?.readStream('contact-1')) ?? results).toHaveLength(300);
  });

  test('its subscriptions without an error', async () => {
    const { store } = await open();
    const { next } = iterate(store);
    await next();
    const waiting = next();
    await store.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('and refuses what comes after', async () => {
    const { store } = await open();
    await store.close();
    const closed = { code: 'STORE_FAILED' };
    await expect(store.append('contact-1', [sampleEvent()], 'any')).rejects.toMatchObject(closed);
    await expect(store.readStream('contact-1')).rejects.toMatchObject(closed);
    await expect(store.readAll({ after: START, limit: 1 })).rejects.toMatchObject(closed);
    await expect(store.head()).rejects.toMatchObject(closed);
    await expect(iterate(store).next()).rejects.toMatchObject(closed);
  });
};
