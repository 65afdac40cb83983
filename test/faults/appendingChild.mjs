// Appends without end and says on stdout what was acknowledged; killNine.test.ts kills it.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openSqliteEventStore } from '../../dist/src/eventstore/sqlite.js';

const WRITERS = 6;
const [, , file, run] = process.argv;
const store = openSqliteEventStore({ file, fileKey: Buffer.alloc(32, 7) });

/** Event `index` of the `of` that are appended together. */
const event = (index, of) => ({
  id: randomUUID(),
  type: 'TaskCompleted',
  schemaVersion: 1,
  recordedAt: '2026-11-24T05:31:00.000Z',
  workspace: 'workspace',
  controller: 'workspace',
  subject: 'subject',
  actor: 'actor',
  commandId: null,
  commandDigest: null,
  correlationId: 'correlation',
  causationId: null,
  open: { index, of },
  sealed: { title: { class: 'content', digest: 'digest', bytes: Buffer.alloc(100 + 400 * index, index) } },
});

const write = async (writer) => {
  const stream = `task-${run}-${writer}`;
  let expected = 'no-stream';
  for (let append = writer; ; append++) {
    const of = 1 + (append % 5);
    const events = Array.from({ length: of }, (_, index) => event(index, of));
    const { revision, position } = await store.append(stream, events, expected);
    writeSync(1, `${JSON.stringify({ stream, revision, position, id: events.at(-1).id })}\n`);
    expected = revision;
  }
};

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
