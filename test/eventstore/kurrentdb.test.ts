import { CrmError } from '../../src/errors.js';
import { openKurrentEventStore } from '../../src/eventstore/kurrentdb.js';
import { parseKurrentUrl } from '../../src/eventstore/kurrentdbUrl.js';
import type { EventBatch, EventStore } from '../../src/eventstore/port.js';
import { START } from '../../src/kernel/envelope.js';
import { freshName } from '../support/engines.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { idsOf, sampleEvent, sampleEvents } from './sampleEvents.js';

let double: KurrentDouble;
const opened: EventStore[] = [];
beforeEach(async () => {
  double = await startKurrentDouble();
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await double.stop();
});

/** Another process, as it were: what one knows, the other does not. */
const openStore = async (namespace = 'crm'): Promise<EventStore> => {
  const store = await openKurrentEventStore({
    url: `${double.url}&namespace=${namespace}`,
    timeoutMs: 2_000,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  opened.push(store);
  return store;
};

const wrong = { code: 'WRONG_EXPECTED_REVISION' };

describe('an append whose outcome is not known', () => {
  test.each(['after-writing', 'before-writing'] as const)(
    'is settled by the same ids when the connection breaks %s',
    async (when) => {
      const store = await openStore();
      await store.append('contact-1', sampleEvents(2), 'no-stream');
      const events = sampleEvents(3);
      double.breakNextAppend(when);
      const result = await store.append('contact-1', events, 1);
      const stored = await store.readStream('contact-1');
      expect(result).toEqual({ revision: 4, position: stored[4]!.position });
      expect(idsOf(stored.slice(2))).toEqual(idsOf(events));
      expect(double.count().appends).toBe(3);
      expect(await store.append('contact-1', [sampleEvent()], 4)).toMatchObject({ revision: 5 });
    },
  );

  test('is settled for a new stream, and whatever is expected', async () => {
    const store = await openStore();
    double.breakNextAppend('after-writing');
    expect(await store.append('contact-1', sampleEvents(2), 'no-stream')).toMatchObject({ revision: 1 });
    double.breakNextAppend('after-writing');
    expect(await store.append('contact-1', sampleEvents(2), 'any')).toMatchObject({ revision: 3 });
    expect(await store.readStream('contact-1')).toHaveLength(4);
  });

  test('is refused where another process has meanwhile taken the revision', async () => {
    const [store, other] = [await openStore(), await openStore()];
    await store.append('contact-1', [sampleEvent()], 'no-stream');
    double.breakNextAppend('before-writing');
    const losing = store.append('contact-1', [sampleEvent()], 0);
    const winning = other.append('contact-1', [sampleEvent()], 0);
    const results = await Promise.allSettled([losing, winning]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await store.readStream('contact-1')).toHaveLength(2);
  });

  test('is not tried again once it may not leave this process any more', async () => {
    const store = await openStore();
    const refusal = new CrmError('STORE_UNREACHABLE');
    let asked = 0;
    const once = () => {
      if (asked++ > 0) throw refusal;
    };
    double.breakNextAppend('before-writing');
    await expect(store.append('contact-1', [sampleEvent()], 'no-stream', once)).rejects.toBe(refusal);
    expect({ asked, appends: double.count().appends }).toEqual({ asked: 2, appends: 1 });
    expect(await store.append('contact-1', [sampleEvent()], 'no-stream')).toMatchObject({ revision: 0 });
  });

  test('ends with STORE_UNREACHABLE when the engine stays away, and nothing was acknowledged', async () => {
    const store = await openStore();
    await double.stop();
    await expect(store.append('contact-1', [sampleEvent()], 'no-stream')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
    await expect(store.readStream('contact-1')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });
});

describe('what another process has appended', () => {
  test('is answered with the original result when it is told again, at once or after others', async () => {
    const [first, second] = [await openStore(), await openStore()];
    const events = sampleEvents(2);
    const original = await first.append('contact-1', events, 'no-stream');
    const third = await openStore();
    expect(await third.append('contact-1', events, 'no-stream')).toEqual(original);
    await first.append('contact-1', [sampleEvent()], 1);
    expect(await second.append('contact-1', events, 'any')).toEqual(original);
    expect(await second.append('contact-1', events, 'no-stream')).toEqual(original);
  });

  test('is not written again at a later revision', async () => {
    const first = await openStore();
    const events = sampleEvents(2);
    await first.append('contact-1', events, 'no-stream');
    const second = await openStore();
    await expect(second.append('contact-1', events, 1)).rejects.toMatchObject(wrong);
    expect(await second.readStream('contact-1')).toHaveLength(2);
  });

  test('is not taken for an append of its first events alone', async () => {
    const first = await openStore();
    const [a, b, c] = sampleEvents(3);
    await first.append('contact-1', [a!, b!, c!], 'no-stream');
    const second = await openStore();
    await expect(second.append('contact-1', [a!, b!], 'no-stream')).rejects.toMatchObject(wrong);
    await expect(second.append('contact-1', [a!, b!], 'any')).rejects.toMatchObject(wrong);
    expect(await second.append('contact-1', [sampleEvent()], 2)).toMatchObject({ revision: 3 });
  });

  test('is refused to those who expect something else, with what is there', async () => {
    const [first, second] = [await openStore(), await openStore()];
    await first.append('contact-1', sampleEvents(2), 'no-stream');
    await second.readStream('contact-1');
    await first.append('contact-1', sampleEvents(2), 1);
    await expect(second.append('contact-1', [sampleEvent()], 1)).rejects.toMatchObject({
      ...wrong,
      details: { expected: 1, actual: 3 },
    });
  });
});

test('a command path that knows its stream reads nothing to append to it', async () => {
  const store = await openStore();
  await store.append('contact-1', [sampleEvent()], 'no-stream');
  await store.append('contact-2', sampleEvents(2), 'no-stream');
  const before = double.count().reads;
  for (let revision = 0; revision < 20; revision++) await store.append('contact-1', [sampleEvent()], revision);
  await store.append('contact-2', [sampleEvent()], 1);
  await store.append('contact-3', [sampleEvent()], 'no-stream');
  expect(double.count().reads).toBe(before);
});

test('a subscription whose connection drops again and again loses nothing and doubles nothing', async () => {
  const store = await openStore();
  const ended = new AbortController();
  const seen: EventBatch[] = [];
  const following = (async () => {
    for await (const batch of store.subscribe({ after: START, signal: ended.signal, batchSize: 7 })) {
      seen.push(batch);
      if (seen.flatMap(({ events }) => events).length === 200) ended.abort();
    }
  })();
  for (let round = 0; round < 20; round++) {
    await store.append(`deal-${round % 3}`, sampleEvents(10), 'any');
    if (round % 3 === 0) double.dropConnections();
  }
  await following;
  const { events } = await store.readAll({ after: START, limit: 1_000 });
  expect(idsOf(seen.flatMap((batch) => [...batch.events]))).toEqual(idsOf(events));
  const firstLevel = seen.findIndex(({ caughtUp }) => caughtUp);
  expect(seen.slice(firstLevel).every(({ caughtUp }) => caughtUp)).toBe(true);
});

test('events of other applications and other namespaces are not seen', async () => {
  const [ours, others] = [await openStore('crm'), await openStore(freshName())];
  await others.append('contact-1', sampleEvents(3), 'no-stream');
  expect(await ours.head()).toBe(START);
  expect(await ours.readStream('contact-1')).toEqual([]);
  expect(await ours.readAll({ after: START, limit: 10 })).toEqual({ events: [], position: START });
  expect(await ours.append('contact-1', [sampleEvent()], 'no-stream')).toMatchObject({ revision: 0 });
});

describe('the URL', () => {
  test('is the engine’s own, with a namespace of ours', () => {
    expect(
      parseKurrentUrl('kurrentdb://crm:secret@a:2113,b:2113?tls=true&namespace=books&nodePreference=leader'),
    ).toEqual({
      connectionString: 'kurrentdb://crm:secret@a:2113,b:2113?tls=true&nodePreference=leader',
      prefix: 'books.',
    });
    expect(parseKurrentUrl('kurrentdb+discover://cluster.example:2113')).toEqual({
      connectionString: 'kurrentdb+discover://cluster.example:2113',
      prefix: 'crm.',
    });
  });

  test.each([
    ['an option that is not known', 'kurrentdb://crm:secret@a:2113?tsl=false'],
    ['an option that would hide refusals', 'kurrentdb://crm:secret@a:2113?throwOnAppendFailure=false'],
    ['a namespace that is none', 'kurrentdb://crm:secret@a:2113?namespace=A-B'],
    ['another scheme', 'https://crm:secret@a:2113'],
    ['no host', 'kurrentdb://'],
  ])('is refused with %s, and none of it is said', (_, url) => {
    const error = (() => {
      try {
        return parseKurrentUrl(url);
      } catch (thrown) {
        return thrown as Error & { code: string };
      }
    })();
    expect(error).toMatchObject({ code: 'BAD_CONFIGURATION' });
    expect(JSON.stringify(error) + (error as Error).message).not.toMatch(/secret|a:2113/);
  });
});
