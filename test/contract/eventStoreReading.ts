import type { EventStore, StreamRange } from '../../src/eventstore/port.js';
import { canonicalEnvelope, type EventToAppend, START, type StoredEvent } from '../../src/kernel/envelope.js';
import { comparable, idsOf, sampleEvent, sampleEvents, sealedField } from '../eventstore/sampleEvents.js';
import type { OpenStore } from './eventStore.js';

/** Everything there is, in pages of a size. */
export const readAllPages = async (store: EventStore, limit: number, types?: string[]): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = [];
  let after = START;
  for (;;) {
    const page = await store.readAll({ after, types, limit });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    if (page.position === after) return events;
    events.push(...page.events);
    after = page.position;
  }
};

export const expectIncreasing = (events: readonly StoredEvent[]): void => {
  for (let index = 1; index < events.length; index++) {
    expect(events[index]!.position > events[index - 1]!.position).toBe(true);
  }
};

/** Ten streams of varying length, appended in turn. */
const filled = async (store: EventStore): Promise<EventToAppend[]> => {
  const appended: EventToAppend[] = [];
  for (let index = 0; index < 30; index++) {
    const events = sampleEvents(1 + (index % 4), { type: index % 3 === 0 ? 'ContactCreated' : 'DealWon' });
    await store.append(`deal-${index % 10}`, events, 'any');
    appended.push(...events);
  }
  return appended;
};

const streams = (open: OpenStore): void => {
  test.each<[StreamRange | undefined, number[]]>([
    [undefined, [0, 1, 2, 3, 4, 5]],
    [{ direction: 'backwards' }, [5, 4, 3, 2, 1, 0]],
    [{ from: 2 }, [2, 3, 4, 5]],
    [{ to: 2 }, [0, 1, 2]],
    [{ from: 1, to: 3 }, [1, 2, 3]],
    [{ from: 1, to: 3, direction: 'backwards' }, [3, 2, 1]],
    [{ from: 4, to: 99 }, [4, 5]],
    [{ from: 6 }, []],
    [{ from: 3, to: 2 }, []],
    [{ limit: 2 }, [0, 1]],
    [{ from: 3, limit: 2 }, [3, 4]],
    [{ direction: 'backwards', limit: 1 }, [5]],
    [{ to: 3, direction: 'backwards', limit: 2 }, [3, 2]],
    [{ limit: 0 }, []],
  ])('of a stream the range %j', async (range, revisions) => {
    const { store } = await open();
    await store.append('contact-2', sampleEvents(2), 'no-stream');
    await store.append('contact-1', sampleEvents(4), 'no-stream');
    await store.append('contact-1', sampleEvents(2), 3);
    expect((await store.readStream('contact-1', range)).map(({ revision }) => revision)).toEqual(revisions);
  });

  test('nothing of a stream that does not exist', async () => {
    const { store } = await open();
    await store.append('contact-1', [sampleEvent()], 'no-stream');
    expect(await store.readStream('contact-2')).toEqual([]);
    expect(await store.readStream('contact-')).toEqual([]);
    expect(await store.readStream('CONTACT-1')).toEqual([]);
  });
};

const wholeLog = (open: OpenStore): void => {
  test('nothing where there is nothing', async () => {
    const { store } = await open();
    expect(await store.head()).toBe(START);
    expect(await store.readAll({ after: START, limit: 10 })).toEqual({ events: [], position: START });
  });

  test.each([1, 7, 10, 1000])('all streams in the order of their appends, in pages of %i', async (limit) => {
    const { store } = await open();
    const appended = await filled(store);
    const read = await readAllPages(store, limit);
    expect(idsOf(read)).toEqual(idsOf(appended));
    expectIncreasing(read);
    expect(read.at(-1)!.position).toBe(await store.head());
  });

  test.each([1, 7, 1000])('only some types, in pages of %i, and gets as far as the end', async (limit) => {
    const { store } = await open();
    const appended = await filled(store);
    const wanted = appended.filter(({ type }) => type === 'ContactCreated');
    expect(idsOf(await readAllPages(store, limit, ['ContactCreated', 'Unknown']))).toEqual(idsOf(wanted));
    const page = await store.readAll({ after: START, types: ['Unknown'], limit });
    expect(page).toEqual({ events: [], position: await store.head() });
    expect((await store.readAll({ after: START, types: [], limit })).events).toEqual([]);
  });

  test('the same of an event by its stream as by the whole log', async () => {
    const { store } = await open();
    await filled(store);
    const all = await readAllPages(store, 50);
    const ofStream = await store.readStream('deal-3');
    expect(ofStream.map(comparable)).toEqual(all.filter(({ stream }) => stream === 'deal-3').map(comparable));
  });

  test('never past an append that is still under way', async () => {
    const { store } = await open();
    const batches = Array.from({ length: 200 }, (_, index) => sampleEvents(1 + (index % 7)));
    const appends = batches.map((events, index) => store.append(`deal-${index % 20}`, events, 'any'));
    const done = Promise.all(appends).then(() => true);
    const seen: StoredEvent[] = [];
    let after = START;
    for (let finished = false; !finished; ) {
      finished = await Promise.race([done, new Promise<false>((resolve) => setImmediate(resolve, false))]);
      const page = await store.readAll({ after, limit: 10_000 });
      seen.push(...page.events);
      after = page.position;
    }
    expectIncreasing(seen);
    expect(idsOf(seen)).toEqual(idsOf(await readAllPages(store, 1000)));
    expect(idsOf(seen).sort()).toEqual(idsOf(batches.flat()).sort());
    for (let stream = 0; stream < 20; stream++) {
      const appended = batches.filter((_, index) => index % 20 === stream).flat();
      expect(idsOf(seen.filter((event) => event.stream === `deal-${stream}`))).toEqual(idsOf(appended));
    }
  });
};

export const readingContract = (open: OpenStore): void => {
  streams(open);
  wholeLog(open);
};

export const valuesContract = (open: OpenStore): void => {
  const roundTrip = async (event: EventToAppend): Promise<void> => {
    const { store } = await open();
    const { position } = await store.append('contact-1', [event], 'no-stream');
    const stored = { ...event, stream: 'contact-1', revision: 0, position };
    const [ofStream] = await store.readStream('contact-1');
    const [ofAll] = (await store.readAll({ after: START, limit: 1 })).events;
    expect(comparable(ofStream!)).toEqual(comparable(stored));
    expect(comparable(ofAll!)).toEqual(comparable(stored));
    expect(canonicalEnvelope(ofStream!)).toBe(canonicalEnvelope(stored));
  };

  test('every member of the envelope', () =>
    roundTrip(sampleEvent({ commandId: 'c-1', commandDigest: 'd-1', causationId: 'e-1', schemaVersion: 3 })));

  test.each([
    'Ω мир 漢字',
    '👩‍👩‍👧‍👦 𝒳 \u{10ffff}',
    'e\u0301 \u0041\u030a \u00c5',
    '\u0000\u0001\u001f\u007f\u2028\u2029\ufeff',
    '"\\/\b\f\n\r\t</script>',
    '',
  ])('the text %j as it came, in a value and in a name', (text) =>
    roundTrip(sampleEvent({ open: { text, [text]: 1 } })),
  );

  test('numbers up to the largest safe integer, and fractions', () =>
    roundTrip(
      sampleEvent({ open: { numbers: [2 ** 53 - 1, -(2 ** 53 - 1), 0, 0.1, 1e21, 5e-324, 1.7976931348623157e308] } }),
    ));

  test('dates as text, lists, objects, null and truth', () =>
    roundTrip(
      sampleEvent({
        open: { at: '2026-11-24T05:31:00.000Z', day: '0001-01-01', list: [], nested: { a: { b: null } }, yes: true },
      }),
    ));

  test('sealed bytes of any content and length, in fields of any name', () => {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const sealed = {
      z: sealedField(every),
      10: sealedField(),
      9: sealedField(),
      é: sealedField(new Uint8Array(0)),
      a: sealedField(),
    };
    return roundTrip(sampleEvent({ sealed }));
  });

  test('an event without sealed fields', () => roundTrip(sampleEvent({ sealed: {} })));

  test('sealed fields whose bytes were gone before', async () => {
    await roundTrip(sampleEvent({ sealed: { name: sealedField(null), email: sealedField(null) } }));
    await roundTrip(sampleEvent({ sealed: { name: sealedField(null), email: sealedField() } }));
  });

  test('the digests when the sealed bytes are removed later, and reads those as null', async () => {
    const { store, removeSealed } = await open();
    const events = sampleEvents(2);
    await store.append('contact-1', events, 'no-stream');
    const [, second] = await store.readStream('contact-1');
    if (removeSealed === undefined) return;
    await removeSealed(second!.position);
    const [kept, removed] = await store.readStream('contact-1');
    expect(comparable(kept!)).toMatchObject(comparable(events[0]!) as object);
    const withoutBytes = { ...events[1]!.sealed.name, bytes: null };
    expect(removed!.sealed).toEqual({ name: withoutBytes, email: withoutBytes });
    expect(canonicalEnvelope(removed!)).toBe(canonicalEnvelope(second!));
  });

  test('what was stored when events are read as their present version', async () => {
    const upcast = (event: StoredEvent): StoredEvent =>
      event.schemaVersion === 1 ? { ...event, schemaVersion: 2, open: { ...event.open, stage: 'new' } } : event;
    const { store, reopen } = await open({ upcast });
    await store.append('contact-1', sampleEvents(2), 'no-stream');
    const version2 = [2, 2];
    expect((await store.readStream('contact-1')).map(({ schemaVersion }) => schemaVersion)).toEqual(version2);
    const page = await store.readAll({ after: START, limit: 10 });
    expect(page.events.map(({ open: { stage } }) => stage)).toEqual(['new', 'new']);
    const as = await reopen?.();
    for (const stored of (await as?.readStream('contact-1')) ?? []) {
      expect(stored).toMatchObject({ schemaVersion: 1, open: { status: 'lead' } });
      expect(stored.open).not.toHaveProperty('stage');
    }
  });
};
