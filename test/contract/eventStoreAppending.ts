import { type EventStore, type ExpectedRevision, MAX_EVENT_BYTES } from '../../src/eventstore/port.js';
import { idsOf, sampleEvent, sampleEvents, sealedField } from '../eventstore/sampleEvents.js';
import type { OpenStore } from './eventStore.js';

const wrong = { code: 'WRONG_EXPECTED_REVISION' };

/** A store with three events in the stream `contact-1`. */
const withThree = async (open: OpenStore): Promise<EventStore> => {
  const { store } = await open();
  await store.append('contact-1', sampleEvents(3), 'no-stream');
  return store;
};

const outcomes = (results: readonly PromiseSettledResult<unknown>[]): string[] =>
  results.map((result) => (result.status === 'fulfilled' ? 'appended' : result.reason.code));

const expectations = (open: OpenStore): void => {
  test.each<ExpectedRevision>(['no-stream', 'any'])('to no stream when %s is expected', async (expected) => {
    const { store } = await open();
    expect(await store.append('contact-1', [sampleEvent()], expected)).toMatchObject({ revision: 0 });
  });

  test.each<ExpectedRevision>([0, 2, 'stream-exists'])('nothing to no stream when %s is expected', async (expected) => {
    const { store } = await open();
    await expect(store.append('contact-1', [sampleEvent()], expected)).rejects.toMatchObject(wrong);
    expect(await store.readStream('contact-1')).toEqual([]);
  });

  test.each<ExpectedRevision>([2, 'stream-exists', 'any'])('to a stream when %s is expected', async (expected) => {
    const store = await withThree(open);
    expect(await store.append('contact-1', [sampleEvent()], expected)).toMatchObject({ revision: 3 });
  });

  test.each<ExpectedRevision>([0, 1, 3, 'no-stream'])('nothing to a stream when %s is expected', async (expected) => {
    const store = await withThree(open);
    await expect(store.append('contact-1', [sampleEvent()], expected)).rejects.toMatchObject(wrong);
    expect(await store.readStream('contact-1')).toHaveLength(3);
  });

  test('and says which revision was expected and which is there', async () => {
    const store = await withThree(open);
    await expect(store.append('contact-1', [sampleEvent()], 7)).rejects.toMatchObject({
      ...wrong,
      details: { expected: 7, actual: 2 },
    });
  });

  test('to a stream whatever other streams do', async () => {
    const store = await withThree(open);
    await store.append('contact-2', [sampleEvent()], 'no-stream');
    expect(await store.append('contact-1', [sampleEvent()], 2)).toMatchObject({ revision: 3 });
  });
};

const races = (open: OpenStore): void => {
  test.each<ExpectedRevision>([2, 'no-stream'])('for exactly one of many who expect %s at once', async (expected) => {
    const store = await withThree(open);
    const stream = expected === 'no-stream' ? 'contact-2' : 'contact-1';
    const appends = Array.from({ length: 20 }, () => store.append(stream, sampleEvents(2), expected));
    const results = outcomes(await Promise.allSettled(appends));
    expect(results.filter((result) => result === 'appended')).toHaveLength(1);
    expect(results.filter((result) => result === wrong.code)).toHaveLength(19);
    expect(await store.readStream(stream)).toHaveLength(expected === 'no-stream' ? 2 : 5);
  });

  test('for all of many who expect nothing, without a gap', async () => {
    const { store } = await open();
    const results = await Promise.all(
      Array.from({ length: 20 }, () => store.append('contact-1', sampleEvents(2), 'any')),
    );
    expect(results.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => 2 * index + 1),
    );
    const stream = await store.readStream('contact-1');
    expect(stream.map(({ revision }) => revision)).toEqual(Array.from({ length: 40 }, (_, revision) => revision));
  });

  test('for the next one although the one before it failed in the same turn', async () => {
    const { store } = await open();
    const [known] = sampleEvents(1);
    await store.append('contact-0', [known!], 'no-stream');
    const results = await Promise.allSettled([
      store.append('contact-1', [sampleEvent(), known!], 'no-stream'),
      store.append('contact-1', [sampleEvent()], 'no-stream'),
      store.append('contact-1', [sampleEvent()], 0),
    ]);
    expect(outcomes(results)).toEqual([wrong.code, 'appended', 'appended']);
    expect((await store.readStream('contact-1')).map(({ revision }) => revision)).toEqual([0, 1]);
  });
};

const wholeAppends = (open: OpenStore): void => {
  test('several events in their order, and answers for the last', async () => {
    const { store } = await open();
    const events = sampleEvents(5);
    const result = await store.append('contact-1', events, 'no-stream');
    const stored = await store.readStream('contact-1');
    expect(idsOf(stored)).toEqual(idsOf(events));
    expect(result).toEqual({ revision: 4, position: stored[4]!.position });
    expect(await store.head()).toBe(result.position);
  });

  test('none of several where one is too large, and says by how much', async () => {
    const { store } = await open();
    const large = sampleEvent({ sealed: { note: sealedField(new Uint8Array(MAX_EVENT_BYTES)) } });
    await expect(store.append('contact-1', [sampleEvent(), large], 'no-stream')).rejects.toMatchObject({
      code: 'EVENT_TOO_LARGE',
      details: { limit: MAX_EVENT_BYTES, actual: expect.any(Number) },
    });
    expect(await store.readStream('contact-1')).toEqual([]);
    expect(await store.append('contact-1', [sampleEvent()], 'no-stream')).toMatchObject({ revision: 0 });
  });

  test('none of several where the id of one is in use', async () => {
    const store = await withThree(open);
    const [known] = await store.readStream('contact-1');
    const events = [sampleEvent(), sampleEvent({ id: known!.id })];
    await expect(store.append('contact-1', events, 2)).rejects.toMatchObject(wrong);
    expect(await store.readStream('contact-1')).toHaveLength(3);
  });

  test('an event just within the limit, counting bytes and not characters', async () => {
    const { store } = await open();
    const around = (text: string) => sampleEvent({ open: { text }, sealed: {} });
    await store.append('contact-1', [around('€'.repeat(349_000))], 'no-stream');
    await expect(store.append('contact-1', [around('€'.repeat(350_000))], 0)).rejects.toMatchObject({
      code: 'EVENT_TOO_LARGE',
    });
    const [stored] = await store.readStream('contact-1');
    expect((stored!.open.text as string).length).toBe(349_000);
  });

  test('nothing at all only by mistake', async () => {
    const { store } = await open();
    await expect(store.append('contact-1', [], 'any')).rejects.toThrow(TypeError);
  });
};

export const appendingContract = (open: OpenStore): void => {
  expectations(open);
  races(open);
  wholeAppends(open);
};

export const repeatingContract = (open: OpenStore): void => {
  test.each<ExpectedRevision>([2, 'stream-exists', 'any'])(
    'and answers alike when %s is expected, also after others',
    async (expected) => {
      const store = await withThree(open);
      const events = sampleEvents(2);
      const original = await store.append('contact-1', events, expected);
      expect(await store.append('contact-1', events, expected)).toEqual(original);
      await store.append('contact-2', [sampleEvent()], 'no-stream');
      await store.append('contact-1', sampleEvents(3), 4);
      expect(await store.append('contact-1', events, expected)).toEqual(original);
      expect(await store.readStream('contact-1')).toHaveLength(8);
    },
  );

  test('and answers alike when no-stream is expected', async () => {
    const { store } = await open();
    const events = sampleEvents(2);
    const original = await store.append('contact-1', events, 'no-stream');
    await store.append('contact-1', [sampleEvent()], 1);
    expect(await store.append('contact-1', events, 'no-stream')).toEqual(original);
    expect(await store.readStream('contact-1')).toHaveLength(3);
  });

  test('at once, and acts once', async () => {
    const { store } = await open();
    const events = sampleEvents(2);
    const results = await Promise.all(Array.from({ length: 5 }, () => store.append('contact-1', events, 'no-stream')));
    expect(new Set(results.map(({ position }) => position)).size).toBe(1);
    expect(await store.readStream('contact-1')).toHaveLength(2);
  });

  const original = sampleEvents(3);
  const [a, b, c] = original as [(typeof original)[0], (typeof original)[0], (typeof original)[0]];
  test.each([
    { what: 'only the first of the ids', events: [a, b], expected: 2 },
    { what: 'only the last of the ids', events: [b, c], expected: 3 },
    { what: 'one id more', events: [a, b, c, sampleEvent()], expected: 2 },
    { what: 'the ids in another order', events: [a, c, b], expected: 2 },
    { what: 'another id among them', events: [a, sampleEvent(), c], expected: 2 },
    { what: 'the same ids at an earlier revision', events: original, expected: 1 },
    { what: 'the same ids at the revision there is now', events: original, expected: 5 },
    { what: 'the same ids to no stream', events: original, expected: 'no-stream' as const },
    { what: 'one of the ids whatever the revision', events: [b], expected: 'any' as const },
    {
      what: 'the same id twice in one append',
      events: [sampleEvent({ id: derivedTwice }), sampleEvent({ id: derivedTwice })],
      expected: 5,
    },
  ])('but refuses $what', async ({ events, expected }) => {
    const store = await withThree(open);
    await store.append('contact-1', original, 2);
    await expect(store.append('contact-1', events, expected)).rejects.toMatchObject(wrong);
    expect(await store.readStream('contact-1')).toHaveLength(6);
  });

  test('but refuses the same ids in another stream', async () => {
    const { store } = await open();
    const events = sampleEvents(2);
    await store.append('contact-1', events, 'no-stream');
    await expect(store.append('contact-2', events, 'no-stream')).rejects.toMatchObject(wrong);
    await expect(store.append('contact-2', events, 'any')).rejects.toMatchObject(wrong);
    expect(await store.readStream('contact-2')).toEqual([]);
  });
};

const derivedTwice = '01934b2c-7e1a-7000-8000-00000000abcd';
