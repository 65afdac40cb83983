import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore, ExpectedRevision } from '../../src/eventstore/port.js';
import { openSqliteEventStore } from '../../src/eventstore/sqlite.js';
import { START } from '../../src/kernel/envelope.js';
import { sampleEvent } from './sampleEvents.js';

interface Append {
  readonly stream: string;
  readonly ids: readonly string[];
  readonly expected: ExpectedRevision;
}

/** What an event store is, said as plainly as can be: a list of appends that were accepted. */
class Model {
  readonly accepted: { readonly stream: string; readonly ids: readonly string[]; readonly first: number }[] = [];

  /** The revision of the last event of the append, or the code of the refusal. */
  append({ stream, ids, expected }: Append): number | string {
    const length = this.log().filter((event) => event.stream === stream).length;
    const asExpected = (before: number): boolean =>
      expected === 'any' ||
      (expected === 'no-stream' && before === 0) ||
      (expected === 'stream-exists' && before > 0) ||
      (before > 0 && expected === before - 1);
    const original = this.accepted.find(
      (each) => each.stream === stream && String(each.ids) === String(ids) && asExpected(each.first),
    );
    if (original) return original.first + ids.length - 1;
    const known = new Set(this.log().map(({ id }) => id));
    const fresh = new Set(ids).size === ids.length && ids.every((id) => !known.has(id));
    if (!asExpected(length) || !fresh) return 'WRONG_EXPECTED_REVISION';
    this.accepted.push({ stream, ids, first: length });
    return length + ids.length - 1;
  }

  log(): { stream: string; id: string; revision: number }[] {
    return this.accepted.flatMap(({ stream, ids, first }) =>
      ids.map((id, index) => ({ stream, id, revision: first + index })),
    );
  }
}

const streams = ['contact-1', 'contact-2', 'deal-1'];
const id = fc.integer({ min: 0, max: 40 }).map((n) => `01934b2c-7e1a-7000-8000-${String(n).padStart(12, '0')}`);
const append: fc.Arbitrary<Append> = fc.record({
  stream: fc.constantFrom(...streams),
  ids: fc.array(id, { minLength: 1, maxLength: 3 }),
  expected: fc.oneof(
    fc.constantFrom<ExpectedRevision>('no-stream', 'stream-exists', 'any'),
    fc.integer({ min: 0, max: 6 }),
  ),
});
/** Bursts of appends that are under way at once; some are sent twice. */
const bursts = fc.array(
  fc
    .array(append, { minLength: 1, maxLength: 8 })
    .chain((appends) => fc.shuffledSubarray([...appends, ...appends], { minLength: 1 })),
  { minLength: 1, maxLength: 8 },
);

const outcome = (result: PromiseSettledResult<{ revision: number }>): number | string =>
  result.status === 'fulfilled' ? result.value.revision : (result.reason.code ?? String(result.reason));

const agreesWithTheModel = async (
  store: EventStore,
  all: readonly (readonly Append[])[],
  reopen: () => Promise<EventStore>,
): Promise<void> => {
  const model = new Model();
  let current = store;
  for (const burst of all) {
    const results = await Promise.allSettled(
      burst.map(({ stream, ids, expected }) =>
        current.append(
          stream,
          ids.map((each) => sampleEvent({ id: each })),
          expected,
        ),
      ),
    );
    expect(results.map(outcome)).toEqual(burst.map((each) => model.append(each)));
    const { events } = await current.readAll({ after: START, limit: 1_000 });
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') continue;
      const { stream, revision } = events.find(({ position }) => position === result.value.position)!;
      expect({ stream, revision }).toEqual({ stream: burst[index]!.stream, revision: result.value.revision });
    }
    expect(events.map(({ stream, id, revision }) => ({ stream, id, revision }))).toEqual(model.log());
    current = await reopen();
  }
  for (const stream of streams) {
    const read = await current.readStream(stream);
    expect(read.map(({ id }) => id)).toEqual(model.log().flatMap((event) => (event.stream === stream ? event.id : [])));
  }
};

test('the memory adapter does what the model says', async () => {
  await fc.assert(
    fc.asyncProperty(bursts, async (all) => {
      const store = memoryEventStore();
      await agreesWithTheModel(store, all, async () => store);
    }),
    { numRuns: 200 },
  );
});

test('the SQLite adapter does what the model says, opened again between bursts or not', async () => {
  const fileKey = Buffer.alloc(32, 7);
  await fc.assert(
    fc.asyncProperty(bursts, fc.boolean(), async (all, reopening) => {
      const directory = mkdtempSync(join(tmpdir(), 'crm-model-'));
      const open = () => openSqliteEventStore({ file: join(directory, 'events.db'), fileKey });
      let store = open();
      try {
        await agreesWithTheModel(store, all, async () => {
          if (!reopening) return store;
          await store.close();
          store = open();
          return store;
        });
      } finally {
        await store.close();
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});
