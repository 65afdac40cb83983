import fc from 'fast-check';
import { foldBatch } from '../../projections/foldBatch.js';
import { type Change, patch, put, remove } from '../../projections/projection.js';
import { mergePatch } from '../../src/kernel/mergePatch.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import type { ReadStore, Row, Table } from '../../src/readstore/port.js';

const table: Table = {
  name: 'things',
  key: (row) => row.id,
  scope: () => 'here',
  facets: (row) => (row.colour === undefined ? [] : [`colour:${row.colour}`]),
  orders: { id: (row) => row.id },
};
const projection = { name: 'things', version: 1, tables: [table] };

/** The rows that are left when the changes are applied in batches of a size. */
const rowsAfter = async (changes: readonly Change[], batchSize: number): Promise<readonly Row[]> => {
  const store: ReadStore = memoryReadStore();
  await store.register(projection);
  for (let start = 0; start < changes.length; start += batchSize) {
    const [build] = await store.builds('things');
    const rows = await foldBatch(changes.slice(start, start + batchSize), store, build);
    await store.write([{ build: build!, from: build!.checkpoint, to: String(start + 1).padStart(16, '0'), rows }]);
  }
  const page = await store.page(table, { scope: 'here', order: 'id', direction: 'asc', limit: 200 });
  return page.rows.map(({ row }) => row);
};

const key = fc.constantFrom('a', 'b', 'c');
const colour = fc.constantFrom('red', 'blue');
const change = fc.oneof(
  fc.tuple(key, colour).map(([id, value]) => put(table, { id, colour: value })),
  fc.tuple(key, fc.option(colour)).map(([id, value]) => patch(table, { key: id }, { colour: value, seen: true })),
  fc
    .tuple(colour, colour)
    .map(([from, to]) => patch(table, { scope: 'here', facet: `colour:${from}` }, { colour: to })),
  key.map((id) => remove(table, { key: id })),
  colour.map((value) => remove(table, { scope: 'here', facet: `colour:${value}` })),
);

test('any batch size leaves the same rows', () =>
  fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 30 }), fc.integer({ min: 2, max: 31 }), async (changes, size) => {
      expect(await rowsAfter(changes, size)).toEqual(await rowsAfter(changes, 1));
    }),
  ));

test('a selection by facet sees what the same batch has done before it', async () => {
  const changes = [
    put(table, { id: 'a', colour: 'red' }),
    patch(table, { key: 'a' }, { colour: 'blue' }),
    remove(table, { scope: 'here', facet: 'colour:red' }),
    patch(table, { scope: 'here', facet: 'colour:blue' }, { found: true }),
  ];
  expect(await rowsAfter(changes, 10)).toEqual([{ id: 'a', colour: 'blue', found: true }]);
});

test('a patch is a JSON Merge Patch (RFC 7396, appendix A)', () => {
  expect(mergePatch({ a: 'b' }, { a: 'c' })).toEqual({ a: 'c' });
  expect(mergePatch({ a: 'b', b: 'c' }, { a: null })).toEqual({ b: 'c' });
  expect(mergePatch({ a: ['b'] }, { a: 'c' })).toEqual({ a: 'c' });
  expect(mergePatch({ a: { b: 'c' } }, { a: { b: 'd', c: null } })).toEqual({ a: { b: 'd' } });
  expect(mergePatch({ a: [{ b: 'c' }] }, { a: [1] })).toEqual({ a: [1] });
  expect(mergePatch({ e: null }, { a: 1 })).toEqual({ e: null, a: 1 });
  expect(mergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } });
});
