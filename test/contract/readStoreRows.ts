import fc from 'fast-check';
import type { Table } from '../../src/readstore/port.js';
import type { OpenReadStore } from './readStore.js';
import { deck, directory, notes, people, person, totalsOf, Writer, writing, writingBeside } from './readStoreModel.js';

const ids = (rows: readonly (unknown | null)[]) => rows.map((row) => (row as { id: string } | null)?.id ?? null);

export const rowsContract = (open: OpenReadStore): void => {
  test('a row comes back as it was written, a missing one as null', async () => {
    const store = open();
    const { write } = bound(await writing(store, directory, people));
    const row = person('p1', { name: 'Zoë “Ω” 日本 😀', note: 'a\u0000b\n', amount: -3 });
    await write([row]);
    expect(await store.get(people, 'p1')).toEqual(row);
    expect(await store.get(people, 'p2')).toBeNull();
    expect(await store.get(notes, 'p1')).toBeNull();
  });

  test('a member that is undefined is not there', async () => {
    const store = open();
    const { write } = bound(await writing(store, directory, people));
    await write([{ ...person('p1'), note: undefined }]);
    expect(Object.keys((await store.get(people, 'p1'))!)).not.toContain('note');
  });

  test('many rows come in the order of the keys, with null where there is none, and twice where asked twice', async () => {
    const store = open();
    const { write } = bound(await writing(store, directory, people));
    await write([person('p1'), person('p2'), person('p3')]);
    expect(ids(await store.many(people, ['p3', 'none', 'p1', 'p3']))).toEqual(['p3', null, 'p1', 'p3']);
    expect(await store.many(people, [])).toEqual([]);
  });

  test('rows with a facet come in the first order, ties by key; many facets in their own order', async () => {
    const store = open();
    const { write } = bound(await writing(store, directory, people));
    await write([
      person('p3', { name: 'b', facets: ['x'] }),
      person('p2', { name: 'b', facets: ['x', 'y'] }),
      person('p4', { name: 'a', facets: ['x'] }),
      person('p1', { name: 'c', scope: 'w2', facets: ['x'] }),
    ]);
    expect(ids(await store.withFacet(people, 'w1', 'x'))).toEqual(['p4', 'p2', 'p3']);
    expect(ids(await store.withFacet(people, 'w1', '*'))).toEqual(['p4', 'p2', 'p3']);
    expect(await store.withFacet(people, 'w1', 'z')).toEqual([]);
    const both = await store.withFacets(people, 'w1', ['y', 'none', 'x']);
    expect(both.map(ids)).toEqual([['p2'], [], ['p4', 'p2', 'p3']]);
  });

  test('rows with a facet come in the first order also where that is not one the facet is listed in', async () => {
    const store = open();
    const listed: Table = {
      ...people,
      listedIn: (facet) => (facet === 'x' ? ['at'] : facet === 'sum' ? [] : undefined),
    };
    const tables = { ...directory, tables: [listed, notes] };
    const live = await writing(store, tables, listed);
    const next = await writingBeside(store, tables, listed);
    for (const { write } of [bound(live), bound(next)]) {
      for (const count of [3, 60]) {
        const rows = Array.from({ length: count }, (_, n) => n + count * 100);
        await write(rows.map((n) => person(`p${n}`, { at: String(9999 - n), facets: ['x', 'sum'] })));
      }
    }
    for (const build of [live.build, next.build]) {
      const found = ids(await store.withFacet(listed, 'w1', 'x', build));
      expect(found).toEqual([...live.rows.keys()].sort());
      await expect(store.withFacet(listed, 'w1', 'sum', build)).rejects.toThrow(TypeError);
    }
    await expect(store.withFacets(listed, 'w1', ['x', 'sum'])).rejects.toThrow(TypeError);
  });

  test('a row without facets, words and measure is found by key and in the whole', async () => {
    const store = open();
    const { write } = bound(await writing(store, directory, notes));
    await write([{ id: 'n1', scope: 'w1', name: 'b' }]);
    expect(await store.withFacet(notes, 'w1', '*')).toEqual([{ id: 'n1', scope: 'w1', name: 'b' }]);
    expect(await store.totals(notes, 'w1', '')).toEqual([{ facet: '*', count: 1, sum: 0 }]);
  });

  test('the last of several changes to a row in one batch counts', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write([
      person('p1', { facets: ['x'] }),
      person('p2', { facets: ['x'] }),
      person('p1', { facets: ['y'], amount: 5 }),
      'p2',
      'p3',
    ]);
    await writer.write(['p1', person('p1', { facets: ['z'], amount: 7 })]);
    expect(await store.totals(people, 'w1', '')).toEqual([
      { facet: '*', count: 1, sum: 7 },
      { facet: 'z', count: 1, sum: 7 },
    ]);
    expect(await store.get(people, 'p2')).toBeNull();
  });

  test('totals are right after any sequence of changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8, size: 'max' }), async (batches) => {
        const store = open();
        const writer = await writing(store, directory, people);
        for (const changes of batches) {
          await writer.write(changes);
          for (const [scope, prefix] of [
            ['w1', ''],
            ['w2', ''],
            ['w1', 'tag:'],
            ['w1', 'tag:b'],
          ] as const) {
            const expected = totalsOf(writer.rows.values(), people, scope, prefix);
            expect(await store.totals(people, scope, prefix)).toEqual(expected);
          }
        }
        await writer.write([...writer.rows.keys()]);
        expect(await store.totals(people, 'w1', '')).toEqual([]);
      }),
      { numRuns: 25, interruptAfterTimeLimit: 20_000 },
    );
  });

  test('a prefix of facets ends where another begins, whatever the characters', async () => {
    const store = open();
    const { write } = bound(await writing(store, directory, people));
    await write([person('p1', { facets: ['tag', 'tag:', 'tag:é', 'tag:\u{10ffff}x', 'tah', 'tag:é:2', 'ta'] })]);
    const facets = async (prefix: string) => (await store.totals(people, 'w1', prefix)).map(({ facet }) => facet);
    expect(await facets('tag:')).toEqual(['tag:', 'tag:é', 'tag:é:2', 'tag:\u{10ffff}x']);
    expect(await facets('tag:é')).toEqual(['tag:é', 'tag:é:2']);
    expect(await facets('none')).toEqual([]);
  });

  test('what nobody registered is a bug, not an empty answer', async () => {
    const store = open();
    await store.register(deck);
    await expect(store.get(people, 'p1')).rejects.toThrow(TypeError);
  });

  failures(open);
};

/** Enough rows for a facet to be frequent at times, and rare again. */
const batch = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({
          id: fc.nat(60).map((n) => `p${n}`),
          scope: fc.constantFrom('w1', 'w1', 'w1', 'w2'),
          facets: fc.array(fc.constantFrom('tag:a', 'tag:b', 'tag:bc', 'stage'), { maxLength: 4 }),
          amount: fc.integer({ min: -1000, max: 1000 }),
        })
        .map(({ id, ...more }) => person(id, more)),
    },
    { weight: 1, arbitrary: fc.nat(60).map((n) => `p${n}`) },
  ),
  { maxLength: 60, size: 'max' },
);

const bound = (writer: Writer) => ({ write: writer.write.bind(writer) });

const failures = (open: OpenReadStore): void => {
  test('a batch whose checkpoint is not at its start is refused whole', async () => {
    const store = open();
    const first = await writing(store, directory, people);
    const second = await writing(store, deck, { ...people, name: 'cards' });
    await first.write([person('p1')]);
    const stale = { build: first.build, from: '00000000', to: '9', rows: [] };
    const row = person('c1');
    const fresh = {
      build: second.build,
      from: second.build.checkpoint,
      to: '9',
      rows: [{ table: deck.tables[0]!, key: 'c1', before: null, after: row }],
    };
    await expect(store.write([fresh, stale])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await store.get(deck.tables[0]!, 'c1')).toBeNull();
    expect((await store.builds('deck'))[0]).toEqual(second.build);
    expect((await store.builds('directory'))[0]).toEqual(first.build);
    await store.write([fresh]);
    expect(await store.get(deck.tables[0]!, 'c1')).toEqual(row);
  });

  test('of two writers at one checkpoint one wins', async () => {
    const store = open();
    const one = await writing(store, directory, people);
    const other = new Writer(store, people, one.build);
    const results = await Promise.allSettled([one.write([person('p1')]), other.write([person('p2')])]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await store.totals(people, 'w1', '')).map(({ count }) => count)).toEqual([1]);
  });

  test('several builds are written in one step, each with its checkpoint', async () => {
    const store = open();
    const first = await writing(store, directory, people);
    const second = await writing(store, deck, people);
    const change = (id: string, table: Table) => ({ table, key: id, before: null, after: person(id) });
    await store.write([
      { build: first.build, from: '', to: '5', rows: [change('p1', people), change('n1', notes)] },
      { build: second.build, from: '', to: '7', rows: [change('c1', deck.tables[0]!)] },
      { build: first.build, from: '5', to: '6', rows: [change('p2', people)] },
    ]);
    expect((await store.builds('directory'))[0]!.checkpoint).toBe('6');
    expect((await store.builds('deck'))[0]!.checkpoint).toBe('7');
    expect(ids(await store.many(people, ['p1', 'p2']))).toEqual(['p1', 'p2']);
    expect(ids(await store.many(notes, ['n1']))).toEqual(['n1']);
  });

  test('a table that throws leaves nothing of its batch', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write([person('p1', { facets: ['x'], amount: 1 })]);
    const { checkpoint } = writer.build;
    const bad = person('p3', { facets: ['x'], amount: 0.5 });
    await expect(writer.write([person('p2', { facets: ['x'] }), 'p1', bad])).rejects.toThrow(TypeError);
    expect(ids(await store.withFacet(people, 'w1', 'x'))).toEqual(['p1']);
    expect(await store.totals(people, 'w1', 'x')).toEqual([{ facet: 'x', count: 1, sum: 1 }]);
    expect((await store.builds('directory'))[0]!.checkpoint).toBe(checkpoint);
    await writer.write([person('p2')]);
  });

  test('a change that does not start from what is stored is a bug, and leaves nothing', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write([person('p1')]);
    writer.rows.clear();
    await expect(writer.write([person('p2'), person('p1')])).rejects.toThrow('does not start from what is stored');
    writer.rows.set('p3', person('p3'));
    await expect(writer.write(['p3'])).rejects.toThrow('does not start from what is stored');
    expect(ids(await store.withFacet(people, 'w1', '*'))).toEqual(['p1']);
  });
};
