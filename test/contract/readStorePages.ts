import fc from 'fast-check';
import type { Page, PageQuery, Place, ReadStore, Row } from '../../src/readstore/port.js';
import type { OpenReadStore } from './readStore.js';
import { cards, deck, directory, matches, pageOf, people, person, type Writer, writing } from './readStoreModel.js';

const base: PageQuery = { scope: 'w1', order: 'name', direction: 'asc', limit: 100 };
const ids = (page: Page<Row>): string[] => page.rows.map(({ row }) => row.id);
const numbered = (count: number, more: (n: number) => object) =>
  Array.from({ length: count }, (_, n) => person(`p${String(n).padStart(3, '0')}`, more(n)));

/** Sort keys with ties, prefixes of each other, the empty one, and what UTF-8 and UTF-16 put in different places. */
const sort = fc.constantFrom('', 'a', 'ab', 'a\u0001', 'b', 'é', 'z', '\ue000', '\uffff', '😀', '\u{10ffff}');
const key = fc.oneof(
  { weight: 8, arbitrary: fc.nat(150).map((n) => `p${n}`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'p', '\ufffd', '😀', 'é', '0198c2f4-0000-7000-8000-000000000000') },
);
const word = fc.constantFrom('anna', 'anne', 'an', 'bob', 'über', '日本', '😀x', 'a@b.example');
const facet = fc.constantFrom('tag:a', 'tag:b', 'live', 'w', 'anna');

const row = fc
  .record({
    id: key,
    scope: fc.constantFrom('w1', 'w1', 'w1', 'w1', 'w2', ''),
    facets: fc.array(facet, { maxLength: 4 }),
    words: fc.array(word, { maxLength: 4 }),
    name: sort,
    at: sort,
    amount: fc.constant(0),
  })
  .map(({ id, ...more }) => person(id, more));

const change = fc.oneof({ weight: 6, arbitrary: row }, { weight: 1, arbitrary: key });
/** Large enough for terms to be frequent at times, and rare at others. */
const batches = fc.array(fc.array(change, { maxLength: 120, size: 'max' }), {
  minLength: 1,
  maxLength: 4,
  size: 'max',
});

const query: fc.Arbitrary<PageQuery> = fc.record(
  {
    scope: fc.constantFrom('w1', 'w1', 'w1', 'w2', 'none'),
    order: fc.constantFrom('name', 'at'),
    direction: fc.constantFrom('asc', 'desc'),
    facets: fc.array(fc.oneof(facet, fc.constantFrom('*', 'none')), { maxLength: 2 }),
    words: fc.array(fc.oneof(word, fc.constantFrom('a*', 'an*', 'b*', '*', 'x*', 'none', '日*')), { maxLength: 2 }),
    from: sort,
    to: sort,
    after: fc.record({ sort, key }),
    limit: fc.constantFrom(0, 1, 2, 7, 50),
    countUpTo: fc.constantFrom(0, 3, 10, 1000),
  },
  { requiredKeys: ['scope', 'order', 'direction', 'limit'] },
);

/** Asks for the page and compares it with the model's. */
const comparePage = async (store: ReadStore, { rows }: Writer, asked: PageQuery): Promise<Page<Row>> => {
  const all = matches(rows.values(), cards, asked);
  const page = await store.page(cards, asked);
  expect({ rows: page.rows, hasMore: page.hasMore }).toEqual(pageOf(all, asked));
  if (asked.countUpTo === undefined) expect(page.total).toBeUndefined();
  else if (page.total?.exact) expect(page.total.count).toBe(all.length);
  else {
    expect(page.total).toEqual({ count: asked.countUpTo, exact: false });
    expect(all.length).toBeGreaterThan(asked.countUpTo);
  }
  return page;
};

export const pagesContract = (open: OpenReadStore): void => {
  test('pages are those of a plain list, whatever was written and is asked', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.array(query, { minLength: 20, maxLength: 20 }), async (written, queries) => {
        const store = open();
        const writer = await writing(store, deck, cards);
        for (const changes of written) await writer.write(changes);
        for (const asked of queries) await comparePage(store, writer, asked);
      }),
      { numRuns: 60, interruptAfterTimeLimit: 20_000 },
    );
  });

  test('following the cursor visits every row once, also where the row of the cursor has gone meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(batches, query, fc.boolean(), async (written, { after: _, ...asked }, removing) => {
        const store = open();
        const writer = await writing(store, deck, cards);
        for (const changes of written) await writer.write(changes);
        const expected = matches(writer.rows.values(), cards, asked).map((match) => match.row.id);
        const visited: string[] = [];
        let after: Place | undefined;
        for (let more = true; more; ) {
          const page = await comparePage(store, writer, { ...asked, limit: Math.max(1, asked.limit), after });
          visited.push(...ids(page));
          more = page.hasMore;
          after = page.rows.at(-1)?.place;
          if (removing && after) await writer.write([after.key]);
        }
        expect(visited).toEqual(expected);
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000 },
    );
  });

  test('ties on the sort key are broken by the key, in both directions', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write(['p3', 'p1', 'p2'].map((id) => person(id, { name: 'same' })));
    expect(ids(await store.page(people, base))).toEqual(['p1', 'p2', 'p3']);
    expect(ids(await store.page(people, { ...base, direction: 'desc' }))).toEqual(['p3', 'p2', 'p1']);
    const after = { sort: 'same', key: 'p2' };
    expect(ids(await store.page(people, { ...base, after }))).toEqual(['p3']);
    expect(ids(await store.page(people, { ...base, after, direction: 'desc' }))).toEqual(['p1']);
  });

  test('bounds are inclusive and hold together with a place before or beyond them', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write(['a', 'b', 'c', 'd', 'e'].map((id) => person(id)));
    const within = { ...base, from: 'b', to: 'd' };
    expect(ids(await store.page(people, within))).toEqual(['b', 'c', 'd']);
    expect(ids(await store.page(people, { ...within, after: { sort: 'a', key: 'a' } }))).toEqual(['b', 'c', 'd']);
    expect(ids(await store.page(people, { ...within, after: { sort: 'b', key: 'b' } }))).toEqual(['c', 'd']);
    expect(ids(await store.page(people, { ...within, after: { sort: 'd', key: 'd' } }))).toEqual([]);
    const backwards = { ...within, direction: 'desc', after: { sort: 'e', key: 'e' } } as const;
    expect(ids(await store.page(people, backwards))).toEqual(['d', 'c', 'b']);
    expect(ids(await store.page(people, { ...base, from: 'd', to: 'b' }))).toEqual([]);
  });

  test('a row moves within its lists when its sort keys change, and is where it was in those of other orders', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(60, (n) => ({ name: `n${100 + n}`, at: `t${100 + n}`, facets: ['x'] })));
    await writer.write([{ ...writer.rows.get('p030')!, name: 'n000' } as Row]);
    const first = { ...base, facets: ['x'], limit: 1 };
    expect(ids(await store.page(people, first))).toEqual(['p030']);
    expect(ids(await store.page(people, { ...first, order: 'at' }))).toEqual(['p000']);
    const place = { sort: 't129', key: 'p029' };
    expect(ids(await store.page(people, { ...first, order: 'at', after: place }))).toEqual(['p030']);
  });

  totals(open);
  refusals(open);
};

const totals = (open: OpenReadStore): void => {
  test('the total of one facet is exact however large, and of several exact up to the bound', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(90, (n) => ({ facets: n % 2 ? ['x', 'y'] : ['x'], words: ['w'] })));
    const total = async (more: Partial<PageQuery>) => (await store.page(people, { ...base, limit: 1, ...more })).total;
    expect(await total({})).toBeUndefined();
    expect(await total({ countUpTo: 10 })).toEqual({ count: 90, exact: true });
    expect(await total({ countUpTo: 10, facets: ['x'] })).toEqual({ count: 90, exact: true });
    expect(await total({ countUpTo: 10, words: ['w'] })).toEqual({ count: 90, exact: true });
    expect(await total({ countUpTo: 45, facets: ['x', 'y'] })).toEqual({ count: 45, exact: true });
    expect(await total({ countUpTo: 44, facets: ['x', 'y'] })).toEqual({ count: 44, exact: false });
    expect(await total({ countUpTo: 44, words: ['w*'] })).toEqual({ count: 44, exact: false });
    expect(await total({ countUpTo: 90, words: ['w*'] })).toEqual({ count: 90, exact: true });
    expect(await total({ countUpTo: 9, to: 'p009' })).toEqual({ count: 9, exact: false });
    expect(await total({ countUpTo: 10, to: 'p009' })).toEqual({ count: 10, exact: true });
    expect(await total({ countUpTo: 10, facets: ['none'] })).toEqual({ count: 0, exact: true });
  });

  test('the total is that of the whole list, wherever the page is in it', async () => {
    const store = open();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(50, () => ({ facets: ['x'], words: ['w', 'v'] })));
    const asked = { ...base, facets: ['x'], words: ['w', 'v*'], countUpTo: 1000, limit: 5 };
    const page = await store.page(people, { ...asked, after: { sort: 'p040', key: 'p040' } });
    expect(page.total).toEqual({ count: 50, exact: true });
    expect(ids(page)).toEqual(['p041', 'p042', 'p043', 'p044', 'p045']);
  });
};

const refusals = (open: OpenReadStore): void => {
  test('an order that the table does not declare is refused', async () => {
    const store = open();
    await writing(store, directory, people);
    for (const order of ['none', 'toString', '__proto__']) {
      await expect(store.page(people, { ...base, order })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
  });

  test('words go with the first order alone, unless the table says more', async () => {
    const store = open();
    const one = await writing(store, directory, people);
    const two = await writing(store, deck, cards);
    await one.write([person('p1', { words: ['w'] })]);
    await two.write([person('c1', { words: ['w'] })]);
    const asked = { ...base, order: 'at', words: ['w'] };
    await expect(store.page(people, asked)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(ids(await store.page(cards, asked))).toEqual(['c1']);
    expect(ids(await store.page(people, { ...asked, order: 'name' }))).toEqual(['p1']);
  });

  test('more terms than anybody types are refused', async () => {
    const store = open();
    await writing(store, directory, people);
    const words = Array.from({ length: 33 }, (_, n) => `w${n}`);
    await expect(store.page(people, { ...base, words })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(ids(await store.page(people, { ...base, words: words.slice(1) }))).toEqual([]);
  });
};
