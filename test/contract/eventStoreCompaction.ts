import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Compacted, CompactRange, EventStore } from '../../src/eventstore/port.js';
import { canonicalEnvelope, type EventToAppend, START, type StoredEvent } from '../../src/kernel/envelope.js';
import { derivedId } from '../../src/kernel/ids.js';
import type { KeyRef } from '../../src/kernel/personal.js';
import { comparable, idsOf, sampleEvent, sampleEvents, sealedField } from '../eventstore/sampleEvents.js';
import type { OpenStore } from './eventStore.js';
import { readAllPages } from './eventStoreReading.js';

const gone = derivedId('somebody who is gone');
const stays = derivedId('somebody who stays');
const ofGone = (changes: Partial<EventToAppend> = {}) => sampleEvent({ subject: gone, ...changes });
const isOfGone = async (refs: readonly KeyRef[]) => refs.map(({ subject }) => subject === gone);

/** Lets a compaction come to its end; answers with what it has removed, and how often it has said how far it is. */
export const compacted = async (store: EventStore, range: Partial<CompactRange> = {}) => {
  const sum = { events: 0, fields: 0, bytes: 0 };
  const said: Compacted[] = [];
  const whole = { after: START, upTo: await store.head(), areDestroyed: isOfGone, ...range };
  for await (const step of store.compact!(whole)) {
    said.push(step);
    sum.events += step.events;
    sum.fields += step.fields;
    sum.bytes += step.bytes;
  }
  return { sum, said };
};

const NOTHING = { events: 0, fields: 0, bytes: 0 };
const bytesOf = ({ sealed }: StoredEvent) => Object.values(sealed).map(({ bytes }) => bytes);
const withoutBytes = (event: StoredEvent, names = Object.keys(event.sealed)): StoredEvent => ({
  ...event,
  sealed: Object.fromEntries(
    Object.entries(event.sealed).map(([name, field]) => [
      name,
      names.includes(name) ? { ...field, bytes: null } : field,
    ]),
  ),
});

/** What an event store that has the capability does on compaction. */
export const compactionContract = (open: OpenStore): void => {
  test('by removing the bytes whose keys are destroyed, and nothing else of any event', async () => {
    const { store, reopen } = await open();
    for (let n = 0; n < 40; n++) {
      await store.append(`contact-${n % 7}`, [ofGone(), sampleEvent({ subject: stays }), sampleEvent()], 'any');
    }
    const before = await readAllPages(store, 50);
    const { sum, said } = await compacted(store);
    expect(sum).toEqual({ events: 40, fields: 80, bytes: 80 * 48 });
    expect(said.at(-1)).toMatchObject({ position: await store.head(), remaining: 0 });
    const expected = before.map((event) => comparable(event.subject === gone ? withoutBytes(event) : event));
    const look = async (now: EventStore) => {
      const after = await readAllPages(now, 50);
      expect(after.map(comparable)).toEqual(expected);
      expect(after.map(canonicalEnvelope)).toEqual(before.map(canonicalEnvelope));
    };
    await look(store);
    if (reopen !== undefined) await look(await reopen());
  });

  test('field by field, where a class of the same event is kept', async () => {
    const { store } = await open();
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const financial = { ...sealedField(every), class: 'financial' } as const;
    const sealed = { z: sealedField(every), 10: financial, 9: sealedField(), é: financial, a: sealedField(null) };
    await store.append('contact-1', [ofGone({ sealed })], 'no-stream');
    const [before] = await store.readStream('contact-1');
    const profileIsGone = async (refs: readonly KeyRef[]) => refs.map((ref) => ref.class === 'profile');
    expect((await compacted(store, { areDestroyed: profileIsGone })).sum).toMatchObject({ events: 1, bytes: 256 + 48 });
    expect((await store.readStream('contact-1')).map(comparable)).toEqual([
      comparable(withoutBytes(before!, ['z', '9', 'a'])),
    ]);
    expect((await compacted(store)).sum).toEqual({ events: 1, fields: 2, bytes: 512 });
    expect(bytesOf((await store.readStream('contact-1'))[0]!)).toEqual([null, null, null, null, null]);
  });

  test('over again without changing anything', async () => {
    const { store } = await open();
    await store.append('contact-1', [ofGone(), sampleEvent()], 'no-stream');
    await compacted(store);
    const once = await readAllPages(store, 50);
    expect((await compacted(store)).sum).toEqual(NOTHING);
    expect((await readAllPages(store, 50)).map(comparable)).toEqual(once.map(comparable));
  });

  test('from where it was left, and not past where it is to end', async () => {
    const { store } = await open();
    for (let n = 0; n < 3; n++) await store.append('contact-1', [ofGone()], 'any');
    const [first, second, third] = await store.readStream('contact-1');
    await compacted(store, { after: first!.position, upTo: second!.position });
    const bytes = (await store.readStream('contact-1')).map((event) => bytesOf(event)[0]);
    expect(bytes).toEqual([bytesOf(first!)[0], null, bytesOf(third!)[0]]);
  });

  test('not where it cannot be told whether a key is destroyed', async () => {
    const { store } = await open();
    await store.append('contact-1', [ofGone()], 'no-stream');
    const before = (await readAllPages(store, 50)).map(comparable);
    const areDestroyed = () => Promise.reject(new Error('The vault does not answer.'));
    await expect(compacted(store, { areDestroyed })).rejects.toThrow('does not answer');
    await compacted(store, { areDestroyed: async () => [] });
    expect((await readAllPages(store, 50)).map(comparable)).toEqual(before);
  });

  test('for who follows the log too, though it was appended just now', async () => {
    const { store } = await open();
    await store.append('contact-1', [ofGone(), sampleEvent()], 'no-stream');
    await compacted(store);
    await store.append('contact-1', [sampleEvent()], 1);
    const stop = new AbortController();
    const seen: StoredEvent[] = [];
    for await (const { events } of store.subscribe({ after: START, signal: stop.signal })) {
      seen.push(...events);
      if (seen.length >= 3) stop.abort();
    }
    expect(seen.map(comparable)).toEqual((await readAllPages(store, 50)).map(comparable));
    expect(bytesOf(seen[0]!)).toEqual([null, null]);
  });

  test('and knows an append again that it has removed bytes of', async () => {
    const { store } = await open();
    const events = [ofGone(), ofGone()];
    const original = await store.append('contact-1', events, 'no-stream');
    await compacted(store);
    expect(await store.append('contact-1', events, 'no-stream')).toEqual(original);
  });

  test('while others append, who lose nothing and are followed without a gap', async () => {
    const { store } = await open();
    for (let n = 0; n < 60; n++) await store.append(`contact-${n}`, sampleEvents(30, { subject: gone }), 'no-stream');
    const before = await readAllPages(store, 1_000);
    const stop = new AbortController();
    const followed: string[] = [];
    const following = (async () => {
      for await (const { events } of store.subscribe({ after: START, signal: stop.signal }))
        followed.push(...idsOf(events));
    })();
    let over = false;
    const appended: EventToAppend[] = [];
    const writer = async (stream: string) => {
      for (let n = 0; !over || n < 3; n++) {
        const events = sampleEvents(2, { subject: stays });
        await store.append(stream, events, n === 0 ? 'no-stream' : 2 * n - 1);
        appended.push(...events);
        await nextTurn();
      }
    };
    const writers = Promise.all(['deal-1', 'deal-2', 'deal-3'].map(writer));
    expect((await compacted(store)).sum.events).toBe(1_800);
    over = true;
    await writers;
    const after = await readAllPages(store, 1_000);
    expect(after.slice(0, 1_800).map(comparable)).toEqual(before.map((event) => comparable(withoutBytes(event))));
    const byId = new Map(after.map((event) => [event.id, event]));
    for (const event of appended) expect(comparable(byId.get(event.id)!)).toMatchObject(comparable(event) as object);
    while (followed.length < after.length) await nextTurn();
    stop.abort();
    await following;
    expect(followed).toEqual(idsOf(after));
  });
};
