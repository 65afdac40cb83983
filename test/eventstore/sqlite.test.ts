import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore } from '../../src/eventstore/port.js';
import { openSqliteEventReader, openSqliteEventStore, sqliteEventStoreOver } from '../../src/eventstore/sqlite.js';
import { canonicalEnvelope, START } from '../../src/kernel/envelope.js';
import { openDatabase, type SqliteDatabase } from '../../src/sqlite/database.js';
import { comparable, idsOf, sampleEvent, sampleEvents, sealedField } from './sampleEvents.js';

const fileKey = Buffer.alloc(32, 7);
let directory: string;
let file: string;
let stores: Pick<EventStore, 'close'>[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-events-'));
  file = join(directory, 'events.db');
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(directory, { recursive: true });
});

const opened = <S extends Pick<EventStore, 'close'>>(store: S): S => {
  stores.push(store);
  return store;
};
const open = () => opened(openSqliteEventStore({ file, fileKey }));

/** Looks into the file, or changes it, behind the store's back. */
const within = <T>(look: (database: SqliteDatabase) => T): T => {
  const database = openDatabase({ file, fileKey, durability: 'full' });
  try {
    return look(database);
  } finally {
    database.close();
  }
};

const outcomes = (results: readonly PromiseSettledResult<{ revision: number }>[]): unknown[] =>
  results.map((result) => (result.status === 'fulfilled' ? result.value.revision : result.reason.code));

const refused = async (iteration: AsyncIterable<{ events: readonly unknown[] }>) => {
  let delivered = 0;
  try {
    for await (const { events } of iteration) delivered += events.length;
  } catch (error) {
    return { delivered, error };
  }
  throw new Error('The subscription ended without an error.');
};

describe('the file', () => {
  test('holds nothing in clear, neither open nor sealed, while it is written and after', async () => {
    const store = open();
    const secret = Buffer.from('sealed-marker-4711');
    const event = () => sampleEvent({ open: { note: 'open-marker-4711' }, sealed: { name: sealedField(secret) } });
    for (let index = 0; index < 50; index++)
      await store.append(`stream-marker-${index}`, [event(), event()], 'no-stream');
    const inClear = () =>
      readdirSync(directory).filter((name) =>
        /marker-|SQLite format/.test(readFileSync(join(directory, name), 'latin1')),
      );
    expect(readdirSync(directory)).toContain('events.db-wal');
    expect(inClear()).toEqual([]);
    expect((await store.readStream('stream-marker-7'))[0]!.open).toEqual({ note: 'open-marker-4711' });
    await store.close();
    expect(readdirSync(directory)).toEqual(['events.db']);
    expect(inClear()).toEqual([]);
  });

  test('holds the leaf of the audit tree as it stands, and the sealed bytes apart from it', async () => {
    const store = open();
    const sealed = { b: sealedField(Buffer.from([4, 5])), a: sealedField(Buffer.from([1, 2, 3])) };
    await store.append('contact-1', [sampleEvent(), sampleEvent({ sealed })], 'no-stream');
    const [, event] = await store.readStream('contact-1');
    const [body, bytes] = within((database) => [
      database.prepare('SELECT body FROM events WHERE position = 2').pluck().get(),
      database.prepare('SELECT bytes FROM sealed WHERE position = 2').pluck().get(),
    ]);
    expect(body).toBe(canonicalEnvelope(event!));
    expect(bytes).toEqual(Buffer.from([0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 2, 4, 5]));
  });

  test('does not open with another key', async () => {
    await open().close();
    expect(() => openSqliteEventStore({ file, fileKey: Buffer.alloc(32, 8) })).toThrow(
      expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
    );
  });

  test('opened again knows its streams, their revisions, and the appends that are repeated', async () => {
    const events = sampleEvents(3);
    const store = open();
    const original = await store.append('contact-1', events, 'no-stream');
    const before = await store.readStream('contact-1');
    await store.close();
    const again = open();
    expect((await again.readStream('contact-1')).map(comparable)).toEqual(before.map(comparable));
    expect(await again.head()).toBe(original.position);
    expect(await again.append('contact-1', events, 'no-stream')).toEqual(original);
    await expect(again.append('contact-1', [sampleEvent()], 1)).rejects.toMatchObject({ details: { actual: 2 } });
    const next = await again.append('contact-1', [sampleEvent()], 2);
    expect(next.revision).toBe(3);
    expect(next.position > original.position).toBe(true);
  });
});

describe('an event that cannot be read', () => {
  const changes: Record<string, string> = {
    'does not parse': `UPDATE events SET body = 'nonsense' WHERE position = 3`,
    'lacks a member': `UPDATE events SET body = json_remove(body, '$.actor') WHERE position = 3`,
    'has a member of another kind': `UPDATE events SET body = json_set(body, '$.open', 1) WHERE position = 3`,
    'has a sealed field that is none': `UPDATE events SET body = json_set(body, '$.sealed.name', 1) WHERE position = 3`,
    'lost the end of its sealed bytes': 'UPDATE sealed SET bytes = substr(bytes, 1, 20) WHERE position = 3',
    'lost a length': 'UPDATE sealed SET bytes = substr(bytes, 1, 53) WHERE position = 3',
    'has sealed bytes left over': `UPDATE sealed SET bytes = CAST(bytes || x'00' AS BLOB) WHERE position = 3`,
  };

  test.each(Object.entries(changes))(
    'because it %s is reported with its position, after what precedes it',
    async (_, sql) => {
      const store = open();
      await store.append('contact-1', sampleEvents(2), 'no-stream');
      await store.append('contact-2', [sampleEvent(), sampleEvent({ type: 'DealWon' })], 'no-stream');
      expect(within((database) => database.prepare(sql).run().changes)).toBe(1);
      const again = open();
      const corrupt = { code: 'CORRUPT_EVENT', details: { position: '0000000000000003' } };

      const before = await again.readAll({ after: START, limit: 10 });
      expect(before).toMatchObject({ events: [{ revision: 0 }, { revision: 1 }], position: '0000000000000002' });
      await expect(again.readAll({ after: before.position, limit: 10 })).rejects.toMatchObject(corrupt);
      await expect(again.readStream('contact-2')).rejects.toMatchObject(corrupt);
      expect(await again.readStream('contact-1')).toHaveLength(2);

      const { signal } = new AbortController();
      const { delivered, error } = await refused(again.subscribe({ after: START, signal }));
      expect(delivered).toBe(2);
      expect(error).toMatchObject(corrupt);
      const wanted = await again.readAll({ after: START, types: ['DealWon'], limit: 10 });
      expect(wanted.events).toMatchObject([{ position: '0000000000000004' }]);
    },
  );

  test('ends a live subscription too, after what precedes it', async () => {
    const upcast = (event: ReturnType<typeof sampleEvent> & { revision: number }) => {
      if (event.revision === 2) throw new Error('There is no such version.');
      return event as never;
    };
    const store = opened(openSqliteEventStore({ file, fileKey, upcast }));
    const { signal } = new AbortController();
    const following = refused(store.subscribe({ after: START, signal }));
    await store.append('contact-1', sampleEvents(4), 'no-stream');
    expect(await following).toMatchObject({ delivered: 2, error: { message: 'There is no such version.' } });
  });
});

describe('a failing disk', () => {
  test('refuses the append that did not fit, and the others of its batch go on without a gap', async () => {
    const database = openDatabase({ file, fileKey, durability: 'full' });
    const store = opened(sqliteEventStoreOver(database, {}));
    await store.append('contact-1', [sampleEvent()], 'no-stream');
    database.pragma(`max_page_count=${(database.pragma('page_count', { simple: true }) as number) + 6}`);
    const large = sampleEvent({ open: { text: 'x'.repeat(200_000) } });
    const results = await Promise.allSettled([
      store.append('contact-1', [sampleEvent()], 0),
      store.append('contact-2', [sampleEvent(), sampleEvent()], 'no-stream'),
      store.append('contact-1', [sampleEvent(), large], 1),
      store.append('contact-1', [sampleEvent()], 1),
      store.append('contact-2', [sampleEvent()], 1),
    ]);
    expect(outcomes(results)).toEqual([1, 1, 'STORAGE_FULL', 2, 2]);
    const { events } = await store.readAll({ after: START, limit: 100 });
    expect(events.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual([
      'contact-1 0',
      'contact-1 1',
      'contact-2 0',
      'contact-2 1',
      'contact-1 2',
      'contact-2 2',
    ]);
  });

  test('at the commit refuses the whole batch, and what follows builds on what is there', async () => {
    const database = openDatabase({ file, fileKey, durability: 'full' });
    const store = opened(sqliteEventStoreOver(database, {}));
    // A deferred foreign key is looked at by COMMIT, and so makes it fail.
    database.exec(`
      CREATE TABLE parents (id INTEGER PRIMARY KEY);
      CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER fails AFTER INSERT ON events WHEN new.type = 'Fails' BEGIN INSERT INTO children VALUES (1); END;
    `);
    const original = await store.append('contact-1', [sampleEvent()], 'no-stream');
    const { signal } = new AbortController();
    const batches = store.subscribe({ after: original.position, signal })[Symbol.asyncIterator]();
    await batches.next();
    const [lost] = sampleEvents(1);
    const failed = await Promise.allSettled([
      store.append('contact-1', [lost!], 0),
      store.append('contact-2', [sampleEvent({ type: 'Fails' })], 'no-stream'),
    ]);
    expect(outcomes(failed)).toEqual(['STORE_FAILED', 'STORE_FAILED']);
    const results = await Promise.allSettled([
      store.append('contact-1', [sampleEvent()], 1),
      store.append('contact-2', [sampleEvent()], 'stream-exists'),
      store.append('contact-1', [lost!], 0),
    ]);
    expect(outcomes(results)).toEqual(['WRONG_EXPECTED_REVISION', 'WRONG_EXPECTED_REVISION', 1]);
    expect(await batches.next()).toMatchObject({ value: { events: [{ id: lost!.id }] } });
    expect(await store.readStream('contact-1')).toHaveLength(2);
  });
});

describe('beside the store', () => {
  test('a reader sees what is committed, as it grows, and upcasts', async () => {
    const store = open();
    await store.append('contact-1', sampleEvents(3), 'no-stream');
    const reader = opened(
      openSqliteEventReader({ file, fileKey, upcast: (event) => ({ ...event, schemaVersion: 5 }) }),
    );
    expect(await reader.readStream('contact-1', { from: 2 })).toMatchObject([{ revision: 2, schemaVersion: 5 }]);
    const { position } = await store.append('contact-2', [sampleEvent({ type: 'DealWon' })], 'no-stream');
    expect(await reader.head()).toBe(position);
    const page = await reader.readAll({ after: START, types: ['DealWon'], limit: 10 });
    expect(page).toMatchObject({ events: [{ stream: 'contact-2' }], position });
    await reader.close();
    await expect(reader.head()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await store.append('contact-2', [sampleEvent()], 0)).toMatchObject({ revision: 1 });
  });

  test('a reader does not make a store where there is none', () => {
    expect(() => openSqliteEventReader({ file, fileKey })).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  });
});

describe('at length', () => {
  test('a filter finds its events behind thousands of others, and a subscription tells how far it has looked', async () => {
    const store = open();
    const wanted = sampleEvents(2, { type: 'DealWon' });
    await store.append('deal-1', [wanted[0]!], 'no-stream');
    for (let index = 0; index < 6; index++) await store.append(`contact-${index}`, sampleEvents(1_500), 'no-stream');
    await store.append('deal-1', [wanted[1]!], 0);
    const again = open();
    const filter = { after: START, types: ['DealWon'] };
    expect(await again.readAll({ ...filter, limit: 2 })).toMatchObject({ events: wanted.map(({ id }) => ({ id })) });
    const ended = new AbortController();
    const batches = [];
    for await (const batch of again.subscribe({ ...filter, signal: ended.signal })) {
      batches.push(batch);
      if (batch.caughtUp) ended.abort();
    }
    expect(idsOf(batches.flatMap(({ events }) => [...events]))).toEqual(idsOf(wanted));
    expect(batches.length).toBeGreaterThan(2);
    expect(batches.at(-1)!.position).toBe(await again.head());
  });

  test('a subscriber that sleeps through more than is kept in memory loses nothing', async () => {
    const store = open();
    const ended = new AbortController();
    const batches = store.subscribe({ after: START, signal: ended.signal })[Symbol.asyncIterator]();
    await batches.next();
    const events = sampleEvents(12, { open: { text: 'x'.repeat(1_000_000) } });
    for (const event of events) await store.append('contact-1', [event], 'any');
    const seen: string[] = [];
    while (seen.length < events.length) seen.push(...idsOf((await batches.next()).value!.events));
    expect(seen).toEqual(idsOf(events));
    ended.abort();
  });
});
