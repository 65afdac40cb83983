import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { openSqliteEventStore } from '../../src/eventstore/sqlite.js';
import { canonicalEnvelope, type EventToAppend, type StoredEvent } from '../../src/kernel/envelope.js';
import { derivedId, pooledRandomBytes } from '../../src/kernel/ids.js';
import type { KeyRef, SealedFields } from '../../src/kernel/personal.js';
import { decryptedPages } from '../../src/remains/pages.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { openField, sealField } from '../../src/vault/seal.js';
import { compacted } from '../contract/eventStoreCompaction.js';
import { readAllPages } from '../contract/eventStoreReading.js';
import { changedProduct, type Edit, removeProduct } from '../erasure/sabotage.js';
import { temporaryDirectory } from '../support/temporary.js';
import { comparable, sampleEvent } from './sampleEvents.js';

const directory = temporaryDirectory();
const fileKey = Buffer.alloc(32, 7);
let files = 0;
const newFile = () => join(directory.path(), `events-${files++}.db`);
const open = (file: string) => openSqliteEventStore({ file, fileKey });

/** The key of a person, which the test keeps: no vault would give it out once it is destroyed. */
const keyOf = (person: number) => Buffer.alloc(32, 100 + person);
const subjectOf = (person: number) => derivedId('person', String(person));
const goneAmong = (persons: readonly number[]) => {
  const subjects = new Set(persons.map(subjectOf));
  return async (refs: readonly KeyRef[]) => refs.map(({ subject }) => subjects.has(subject));
};

/** An event of a person's with some text, really sealed. */
const eventOf = (person: number, ...texts: readonly string[]): EventToAppend => {
  const event = sampleEvent({ subject: subjectOf(person), sealed: {} });
  const contextOf = (field: string) => ({
    ...({ eventId: event.id, type: event.type, subject: event.subject, class: 'profile', field } as const),
  });
  const sealed: SealedFields = Object.fromEntries(
    texts.map((text, n) => [`f${n}`, sealField(keyOf(person), contextOf(`f${n}`), text, pooledRandomBytes)]),
  );
  return { ...event, sealed };
};
const opensOf = (event: StoredEvent, person: number, field: string) =>
  openField(
    keyOf(person),
    { eventId: event.id, type: event.type, subject: event.subject, class: 'profile', field },
    event.sealed[field]!,
  );

/** Whether ciphertext stands in any page of the file, free or not, or in any commit of its log. 32 bytes of it: more may be cut by the end of a page. */
const standsIn = (file: string, ciphertexts: readonly Uint8Array[]): boolean[] => {
  const pages = decryptedPages(file, fileKey);
  return ciphertexts.map((bytes) => {
    const piece = Buffer.from(bytes.subarray(13, 13 + 32));
    return pages.some((each) => each.bytes.includes(piece));
  });
};
const ciphertextsOf = (events: readonly StoredEvent[]) =>
  events.flatMap(({ sealed }) => Object.values(sealed).flatMap(({ bytes }) => (bytes === null ? [] : [bytes])));

test('[P7.3] before compaction the old key opens the old ciphertext; after it there is none in any page, free page or frame of the log', async () => {
  const file = newFile();
  const filling = open(file);
  // Some have pages of their own, some are among others' in one.
  const long = 'Zyxomma '.repeat(5_000);
  for (let n = 0; n < 30; n++) {
    const events = Array.from({ length: 10 }, (_, m) =>
      eventOf(m % 3, 'Zyxomma', ...(m === 4 && n % 5 === 0 ? [long] : [])),
    );
    await filling.append(`contact-${n}`, events, 'no-stream');
  }
  await filling.close();
  const store = open(file);
  const before = await readAllPages(store, 100);
  const gone = before.filter(({ subject }) => subject === subjectOf(1));
  const [ciphertexts, others] = [ciphertextsOf(gone), ciphertextsOf(before.filter((event) => !gone.includes(event)))];
  expect(gone.map((event) => opensOf(event, 1, 'f0'))).toEqual(gone.map(() => 'Zyxomma'));
  expect(standsIn(file, ciphertexts)).not.toContain(false);

  const { sum } = await compacted(store, { areDestroyed: goneAmong([1]) });
  expect(sum).toMatchObject({ events: 90, fields: 96 });
  // The store is open, its log as it leaves it.
  expect(standsIn(file, ciphertexts)).not.toContain(true);
  expect(standsIn(file, others)).not.toContain(false);
  const after = await readAllPages(store, 100);
  expect(after.map(canonicalEnvelope)).toEqual(before.map(canonicalEnvelope));
  expect(() => opensOf(after.find(({ id }) => id === gone[0]!.id)!, 1, 'f0')).toThrow(/cannot be read/);
  await store.close();
});

test('[P7.3] a reader that holds the log makes compaction say so; once it is gone, compaction over again comes to its end', async () => {
  const file = newFile();
  const filling = open(file);
  await filling.append('contact-1', [eventOf(1, 'Zyxomma'), eventOf(2, 'Grace')], 'no-stream');
  await filling.close();
  const store = open(file);
  const ciphertexts = ciphertextsOf((await store.readStream('contact-1')).slice(0, 1));
  const reader = openDatabase({ file, fileKey, durability: 'full', readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM events').get();
  await expect(compacted(store, { areDestroyed: goneAmong([1]) })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(standsIn(file, ciphertexts)).toEqual([true]);
  reader.close();
  expect((await compacted(store, { areDestroyed: goneAmong([1]) })).sum.events).toBe(0);
  expect(standsIn(file, ciphertexts)).toEqual([false]);
  expect(existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0).toBe(0);
  await store.close();
});

test('[P7.3] compaction of any people, in any number of goes, leaves every other event byte for byte and every digest as it was', async () => {
  const people = 5;
  const person = fc.integer({ min: 0, max: people - 1 });
  const appends = fc.array(
    fc.array(fc.tuple(person, fc.array(fc.string({ maxLength: 3_000 }), { maxLength: 3 })), {
      minLength: 1,
      maxLength: 4,
    }),
    { minLength: 1, maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(appends, fc.array(fc.subarray([0, 1, 2, 3, 4]), { maxLength: 3 }), async (groups, goes) => {
      const file = newFile();
      const store = open(file);
      for (const [n, group] of groups.entries()) {
        await store.append(
          `s-${n % 4}`,
          group.map(([who, texts]) => eventOf(who, ...texts)),
          'any',
        );
      }
      const before = await readAllPages(store, 100);
      for (const gone of goes) await compacted(store, { areDestroyed: goneAmong(gone) });
      const gone = new Set(goes.flat().map(subjectOf));
      const after = await readAllPages(store, 100);
      expect(after.map(canonicalEnvelope)).toEqual(before.map(canonicalEnvelope));
      const kept = (events: readonly StoredEvent[]) => events.filter(({ subject }) => !gone.has(subject));
      expect(kept(after).map(comparable)).toEqual(kept(before).map(comparable));
      expect(ciphertextsOf(after)).toHaveLength(ciphertextsOf(kept(before)).length);
      for (const event of kept(after)) {
        const who = [0, 1, 2, 3, 4].find((each) => subjectOf(each) === event.subject)!;
        for (const field of Object.keys(event.sealed)) expect(typeof opensOf(event, who, field)).toBe('string');
      }
      const lost = ciphertextsOf(before.filter(({ subject }) => gone.has(subject)));
      if (goes.length > 0) expect(standsIn(file, lost)).toEqual(lost.map(() => false));
      await store.close();
    }),
    { numRuns: 15 },
  );
});

const child = join(import.meta.dirname, '../faults/compactingChild.mjs');
const built = join(import.meta.dirname, '../../dist');

/** Has another process compact away what is of the second person, and kills it when it has said so many lines. */
const killedAfter = async (dist: string, file: string, lines: number): Promise<void> => {
  const compacting = spawn(process.execPath, [child, dist, file, subjectOf(1)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(compacting, 'exit');
  let said = 0;
  for await (const _ of createInterface({ input: compacting.stdout })) {
    if (++said === lines) compacting.kill('SIGKILL');
  }
  expect((await exited)[1]).toBe('SIGKILL');
};
/** More than it has to say before it is done. */
const DONE = 8;
const KILLS = 4;

test('[P7.3] kill -9 in the midst of a compaction loses nothing, and run again it comes to its end', async () => {
  const file = newFile();
  const store = open(file);
  for (let n = 0; n < 60; n++) {
    await store.append(
      `contact-${n}`,
      Array.from({ length: 40 }, (_, m) => eventOf(m % 2, `Zyxomma ${n} ${m}`)),
      'no-stream',
    );
  }
  const before = await readAllPages(store, 1_000);
  const lost = ciphertextsOf(before.filter(({ subject }) => subject === subjectOf(1)));
  await store.close();
  for (let kill = 1; kill <= KILLS; kill++) await killedAfter(built, file, kill);
  const again = open(file);
  await compacted(again, { areDestroyed: goneAmong([1]) });
  const after = await readAllPages(again, 1_000);
  expect(after.map(canonicalEnvelope)).toEqual(before.map(canonicalEnvelope));
  const kept = (events: readonly StoredEvent[]) => events.filter(({ subject }) => subject !== subjectOf(1));
  expect(kept(after).map(comparable)).toEqual(kept(before).map(comparable));
  expect(standsIn(file, lost)).not.toContain(true);
  await again.close();
}, 120_000);

test.each<[string, Edit | null]>([
  ['as it is leaves nothing', null],
  [
    'that does not overwrite is found out',
    { file: 'src/eventstore/encoding.js', find: 'packed.fill(0, start, offset);', replace: '' },
  ],
  [
    'that does not empty the log is found out',
    { file: 'src/eventstore/sqliteCompaction.js', find: 'return emptyWal(this.database);', replace: '' },
  ],
  [
    'that does not write what it has overwritten is found out',
    { file: 'src/eventstore/sqliteCompaction.js', find: 'this.#overwrite.run(packed, position);', replace: '' },
  ],
])('[P7.3] a compaction %s', async (_, edit) => {
  const file = newFile();
  const store = open(file);
  await store.append('contact-1', [eventOf(1, 'Zyxomma'), eventOf(2, 'Grace')], 'no-stream');
  const ciphertexts = ciphertextsOf((await store.readStream('contact-1')).slice(0, 1));
  await store.close();
  const dist = edit === null ? built : changedProduct([edit]);
  try {
    await killedAfter(dist, file, DONE);
    expect(standsIn(file, ciphertexts)).toEqual([edit !== null]);
  } finally {
    if (edit !== null) removeProduct(dist);
  }
});
