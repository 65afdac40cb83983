import { join } from 'node:path';
import { type EventRow, encodeEvent } from '../src/eventstore/encoding.js';
import { openSqliteEventStore } from '../src/eventstore/sqlite.js';
import { schema } from '../src/eventstore/sqliteLog.js';
import { instant, systemClock } from '../src/kernel/clock.js';
import type { EventToAppend } from '../src/kernel/envelope.js';
import { pooledRandomBytes, timeOrderedIds } from '../src/kernel/ids.js';
import type { SealedField } from '../src/kernel/personal.js';
import { openDatabase } from '../src/sqlite/database.js';
import { sealField } from '../src/vault/seal.js';
import { sampleContact } from './sample.js';
import { type Bench, inTurns, rounded } from './table.js';

export const APPENDERS = 64;
const EVENTS = 64_000;
const CACHE_MIB = 32;
/** Events are made once and read by both sides, so their fields are sealed before the clock starts. */
const fileKey = pooledRandomBytes(32);

const ids = timeOrderedIds(systemClock);

/** `ContactCreated` as the command handler makes it. */
export const sampleEvent = (number: number, subjectKey: Buffer): EventToAppend => {
  const { givenName, familyName, city, jobTitle, ...fields } = sampleContact(number);
  const [id, subject, workspace] = [ids.next(), ids.next(), ids.next()];
  const type = 'ContactCreated';
  const values = { ...fields, name: { givenName, familyName }, addresses: [{ city }], work: { jobTitle } };
  const sealed: Record<string, SealedField> = {};
  for (const [field, value] of Object.entries(values)) {
    const context = { eventId: id, type, subject, class: 'profile', field } as const;
    sealed[field] = sealField(subjectKey, context, value, pooledRandomBytes);
  }
  return {
    ...{ id, type, subject, workspace, schemaVersion: 1, recordedAt: instant(systemClock.now()) },
    ...{ controller: workspace, actor: workspace, correlationId: id, commandId: null, commandDigest: null },
    ...{ causationId: null, open: { company: workspace }, sealed },
  };
};

/** One stream an appender; event `n` is the appender's `n / 64`th. */
export const streamOf = (number: number): string => `contact-${number % APPENDERS}`;
export const revisionOf = (number: number): number => Math.floor(number / APPENDERS);

const appendConcurrently = async (file: string, events: readonly EventToAppend[]): Promise<number> => {
  const store = openSqliteEventStore({ file, fileKey, cacheMiB: CACHE_MIB });
  const appender = async (first: number) => {
    for (let at = first; at < events.length; at += APPENDERS) {
      await store.append(streamOf(at), [events[at]!], at < APPENDERS ? 'no-stream' : revisionOf(at) - 1);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: APPENDERS }, (_, first) => appender(first)));
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  return events.length / seconds;
};

interface BareRow extends EventRow {
  readonly idBytes: Buffer;
}

/** The same bytes into the same tables, 64 a transaction. */
const insertBare = (file: string, rows: readonly BareRow[]): number => {
  const database = openDatabase({ file, fileKey, durability: 'full', cacheMiB: CACHE_MIB });
  database.exec(schema);
  const event = database.prepare(
    'INSERT INTO events (position, stream, revision, id, type, appended, body) VALUES (?, ?, ?, ?, ?, 1, ?)',
  );
  const sealed = database.prepare('INSERT INTO sealed (position, bytes) VALUES (?, ?)');
  const began = performance.now();
  for (let at = 0; at < rows.length; at += APPENDERS) {
    database.exec('BEGIN IMMEDIATE');
    for (let number = at; number < Math.min(at + APPENDERS, rows.length); number++) {
      const row = rows[number]!;
      event.run(row.position, streamOf(number), revisionOf(number), row.idBytes, row.type, row.body);
      sealed.run(row.position, row.sealed);
    }
    database.exec('COMMIT');
  }
  const seconds = (performance.now() - began) / 1000;
  database.close();
  return rows.length / seconds;
};

export const appendBench: Bench = {
  name: 'append',
  async run({ directory, scale, rounds }) {
    const subjectKey = pooledRandomBytes(32);
    const events = Array.from({ length: EVENTS * scale }, (_, number) => sampleEvent(number, subjectKey));
    const rows = events.map((event, number): BareRow => {
      const row = encodeEvent(event, streamOf(number), revisionOf(number), number + 1);
      return { ...row, idBytes: Buffer.from(event.id.replaceAll('-', ''), 'hex') };
    });
    const bytes = rows.reduce((sum, { body, sealed }) => sum + body.length + sealed!.length, 0) / rows.length;
    const { ours, against, ratio } = await inTurns(
      rounds,
      (round) => appendConcurrently(join(directory, `append-${round}.db`), events),
      async (round) => insertBare(join(directory, `bare-append-${round}.db`), rows),
    );
    return [
      {
        measured: `${APPENDERS} concurrent appenders on the embedded event store`,
        figures: { ours: `${rounded(ours)} events/s`, against: `${rounded(against)} events/s`, ratio },
        required: { atLeast: 0.5 },
        remarkable: { atLeast: 0.8 },
        note: `${rounded(bytes)} bytes an event; the bare loop has the bytes ready made and inserts them into the same tables with their indexes`,
      },
    ];
  },
};
