import { pageOf } from '../../projections/controllers.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import type { Page, PageQuery, ReadStore, Row, Table } from '../../src/readstore/port.js';

interface Thing extends Row {
  readonly id: string;
  readonly controller: string;
  readonly name: string;
}

const table: Table<Thing> = {
  name: 'things',
  key: (row) => row.id,
  scope: () => 'w',
  facets: (row) => [`of:${row.controller}`],
  orders: { name: (row) => row.name },
};
const narrow = (facets: readonly string[], controller: string) => [...facets, `of:${controller}`];
const CONTROLLERS = ['a', 'b', 'c', 'd'];

/** Names with ties, and beyond the basic plane, where UTF-16 and UTF-8 order differently. */
const things: readonly Thing[] = Array.from({ length: 60 }, (_, number) => ({
  id: String(number).padStart(3, '0'),
  controller: CONTROLLERS[number % 4]!,
  name: ['\u{1F600}', '\uFFFD', 'b', 'a', 'é'][(number * 7) % 5]! + (number % 3),
}));

let store: ReadStore;
beforeAll(async () => {
  store = memoryReadStore();
  await store.register({ name: 'things', version: 1, tables: [table as Table] });
  const [build] = await store.builds('things');
  const rows = things.map((row) => ({ table: table as Table, key: row.id, before: null, after: row }));
  await store.write([{ build: build!, from: build!.checkpoint, to: '1', rows }]);
});

const query = (more: Partial<PageQuery> = {}): PageQuery => ({
  scope: 'w',
  order: 'name',
  direction: 'asc',
  limit: 7,
  ...more,
});
const keysOf = ({ rows }: Page<Thing>) => rows.map(({ place }) => place.key);

const walk = async (controllers: readonly string[], direction: 'asc' | 'desc') => {
  const keys: string[] = [];
  for (let after: PageQuery['after']; ; ) {
    const page = await pageOf(store, table, query({ direction, after }), controllers, narrow);
    keys.push(...keysOf(page));
    if (!page.hasMore) return keys;
    after = page.rows.at(-1)!.place;
  }
};

test.each(['asc', 'desc'] as const)(
  '[P5.3] several controllers are paged through %s as one list of theirs would be',
  async (direction) => {
    for (const controllers of [['a'], ['a', 'c'], ['b', 'c', 'd'], CONTROLLERS]) {
      const all = await store.page(table, query({ direction, limit: 100 }));
      const theirs = all.rows.filter(({ row }) => controllers.includes(row.controller)).map(({ place }) => place.key);
      expect(await walk(controllers, direction)).toEqual(theirs);
    }
  },
);

test('[P5.3] their counts are added, and exact only where each is', async () => {
  const total = async (controllers: readonly string[], countUpTo: number) =>
    (await pageOf(store, table, query({ countUpTo }), controllers, narrow)).total;
  expect(await total(['a', 'b'], 100)).toEqual({ count: 30, exact: true });
  expect((await total(['a', 'b'], 30))?.count).toBe(30);
});

test('[P5.3] who sees nobody’s records has an empty list, and nothing is counted', async () => {
  expect(await pageOf(store, table, query({ countUpTo: 10 }), [], narrow)).toEqual({
    rows: [],
    hasMore: false,
    total: { count: 0, exact: true },
  });
});
