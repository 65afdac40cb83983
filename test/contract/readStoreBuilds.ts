import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { PageQuery, ReadStore } from '../../src/readstore/port.js';
import type { OpenReadStore } from './readStore.js';
import {
  directory,
  matches,
  pageOf,
  people,
  person,
  totalsOf,
  type Writer,
  writing,
  writingBeside,
} from './readStoreModel.js';

const base: PageQuery = { scope: 'w1', order: 'name', direction: 'asc', limit: 1000 };
const newer = { ...directory, version: 2 };
const ids = (rows: readonly unknown[]) => rows.map((row) => (row as { id: string }).id);

/** Everything that readers can see, all at once. */
const seen = async (store: ReadStore) => ({
  page: ids((await store.page(people, base)).rows.map(({ row }) => row)),
  word: ids((await store.page(people, { ...base, words: ['w*'] })).rows.map(({ row }) => row)),
  facet: ids(await store.withFacet(people, 'w1', 'x')),
  total: (await store.totals(people, 'w1', 'x'))[0]?.count ?? 0,
  row: (await store.get(people, 'p1'))?.note ?? null,
});

const filled = (count: number, note: string) =>
  Array.from({ length: count }, (_, n) => person(`p${n}`, { facets: ['x'], words: ['w'], note }));

export const buildsContract = (open: OpenReadStore): void => {
  test('the first build of a projection is live at once; registering again changes nothing', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    expect(writer.build).toMatchObject({ projection: 'directory', version: 1, live: true, checkpoint: '' });
    await writer.write([person('p1')]);
    await store.register(newer);
    expect(await store.builds('directory')).toEqual([writer.build]);
    expect(await store.builds('none')).toEqual([]);
  });

  test('readers see the live build, whole, until the switch, and the new one, whole, from then on', async () => {
    const store = open();
    const live = await writing(store, directory, people);
    await live.write(filled(50, 'old'));
    const before = await seen(store);
    const next = await writingBeside(store, directory, people);
    const looked: (typeof before)[] = [];
    const switched = new AbortController();
    const looking = (async () => {
      for (; !switched.signal.aborted; await setImmediate()) looked.push(await seen(store));
    })();
    await next.write(filled(70, 'new'));
    await next.write(['p69']);
    expect(await seen(store)).toEqual(before);
    await store.switchTo(next.build);
    switched.abort();
    await looking;
    const after = await seen(store);
    expect(after).toMatchObject({ total: 69, row: 'new' });
    expect(after.page.length).toBe(69);
    expect(looked.length).toBeGreaterThan(0);
    for (const each of looked) {
      for (const view of ['page', 'word', 'facet', 'total', 'row'] as const) {
        expect([before[view], after[view]]).toContainEqual(each[view]);
      }
    }
    expect(await store.builds('directory')).toEqual([{ ...next.build, live: true }]);
  });

  test('a build is read by its writer, by key and by facet, while it is filled', async () => {
    const store = open();
    const live = await writing(store, directory, people);
    await live.write([person('p1', { note: 'old', facets: ['x'] })]);
    const { write, build, writer } = await beside(store);
    await write([
      person('p3', { name: 'b', facets: ['x', 'y'] }),
      person('p2', { name: 'b', facets: ['x'] }),
      person('p4', { name: 'a', facets: ['x'], scope: 'w2' }),
      person('p5', { name: 'a', facets: ['x'] }),
    ]);
    await write([person('p5', { name: 'z', facets: ['x'] }), person('p3', { facets: ['y'] })]);
    expect(ids(await store.withFacet(people, 'w1', 'x', build()))).toEqual(['p2', 'p5']);
    expect(ids(await store.withFacet(people, 'w1', '*', build()))).toEqual(['p2', 'p3', 'p5']);
    expect(await store.withFacet(people, 'w1', 'none', build())).toEqual([]);
    expect(await store.get(people, 'p1', build())).toBeNull();
    expect(await store.many(people, ['p5', 'p1'], build())).toEqual([writer.rows.get('p5'), null]);
    expect(ids(await store.withFacet(people, 'w1', 'x'))).toEqual(['p1']);
  });

  test('a build under way gives way to the next one, and what it still writes is refused', async () => {
    const store = open();
    await writing(store, directory, people);
    const first = await writingBeside(store, directory, people);
    await first.write([person('p1')]);
    const second = await writingBeside(store, newer, people);
    expect((await store.builds('directory')).map(({ generation }) => generation)).not.toContain(first.build.generation);
    await store.register(directory);
    await expect(first.write([person('p2')])).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(store.get(people, 'p1', first.build)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(store.switchTo(first.build)).rejects.toMatchObject({ code: 'CONFLICT' });
    await store.register(newer);
    await store.switchTo(second.build);
    expect(await store.builds('directory')).toEqual([{ ...second.build, live: true }]);
  });

  test('the build that was live is gone after a switch; switching twice is switching once', async () => {
    const store = open();
    const live = await writing(store, directory, people);
    const next = await writingBeside(store, directory, people);
    await store.switchTo(next.build);
    await store.switchTo(next.build);
    await expect(live.write([person('p1')])).rejects.toMatchObject({ code: 'CONFLICT' });
    await next.write([person('p2', { facets: ['x'] })]);
    expect((await seen(store)).facet).toEqual(['p2']);
  });

  test('rows of another version than the code’s are not written', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await store.register(newer);
    await expect(writer.write([person('p1')])).rejects.toThrow('version 1');
    expect(await store.get(people, 'p1')).toBeNull();
  });

  test('a build is as good as the live one, at any batch size, indexed at any point', async () => {
    const changes = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ id: fc.nat(80), facets: terms, words: terms, amount: fc.nat(9) }) },
        { weight: 1, arbitrary: fc.nat(80) },
      ),
      { minLength: 1, maxLength: 250, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(changes, fc.integer({ min: 1, max: 60 }), fc.nat(6), async (all, batchSize, indexAfter) => {
        const store = open();
        await writing(store, directory, people);
        const next = await writingBeside(store, directory, people);
        const written = all.map((each) =>
          typeof each === 'number' ? `p${each}` : person(`p${each.id}`, { ...each, id: `p${each.id}` }),
        );
        for (let n = 0; n * batchSize < written.length; n++) {
          if (n === indexAfter) await store.indexBuild(next.build);
          await next.write(written.slice(n * batchSize, (n + 1) * batchSize));
        }
        await store.switchTo(next.build);
        await compare(store, next);
        await next.write([...next.rows.keys()].slice(0, 40));
        await compare(store, next);
      }),
      { numRuns: 30, interruptAfterTimeLimit: 20_000 },
    );
  });
};

const terms = fc.array(fc.constantFrom('anna', 'anne', 'bob', 'x'), { maxLength: 3 });

const compare = async (store: ReadStore, { rows }: Writer): Promise<void> => {
  for (const asked of [
    base,
    { ...base, order: 'at', direction: 'desc' },
    { ...base, facets: ['x'] },
    { ...base, facets: ['x'], words: ['ann*'] },
    { ...base, words: ['anna', 'bob'] },
  ] as const) {
    const { rows: found, hasMore } = await store.page(people, asked);
    expect({ rows: found, hasMore }).toEqual(pageOf(matches(rows.values(), people, asked), asked));
  }
  expect(await store.totals(people, 'w1', '')).toEqual(totalsOf(rows.values(), people, 'w1', ''));
};

const beside = async (store: ReadStore) => {
  const writer = await writingBeside(store, directory, people);
  return { writer, write: writer.write.bind(writer), build: () => writer.build };
};
