import type { Build, Row, Table } from '../../src/readstore/port.js';
import type { OpenReadStore } from './readStore.js';

interface Sale extends Row {
  readonly id: string;
  readonly stage: string;
  readonly worth: number;
}

/** Sales are listed by stage in one of their two orders; what a stage is worth is summed, and no list of it is kept. */
const sales: Table<Sale> = {
  name: 'sales',
  key: (row) => row.id,
  scope: () => 'w',
  facets: (row) => [`stage:${row.stage}`, `worth:${row.stage}`],
  orders: { id: (row) => row.id, worth: (row) => String(row.worth).padStart(5, '0') },
  listedIn: (facet) => (facet.startsWith('stage:') ? ['id'] : []),
  measure: (row) => row.worth,
};
const ofSales = { name: 'sales', version: 1, tables: [sales as Table] };
const MANY = 100;

export const listingContract = (open: OpenReadStore): void => {
  const filled = async () => {
    const store = open();
    await store.register(ofSales);
    let [build] = (await store.builds('sales')) as [Build];
    const write = async (before: Sale | null, after: Sale | null): Promise<void> => {
      const key = (before ?? after)!.id;
      const to = String(Number(build.checkpoint) + 1).padStart(8, '0');
      await store.write([{ build, from: build.checkpoint, to, rows: [{ table: sales as Table, key, before, after }] }]);
      [build] = (await store.builds('sales')) as [Build];
    };
    for (let n = 0; n < MANY; n++) await write(null, { id: `s${n}`, stage: 'open', worth: n });
    return { store, write };
  };
  const page = { scope: 'w', direction: 'asc', limit: 3 } as const;

  test('a facet that is not listed is counted and summed all the same', async () => {
    const { store, write } = await filled();
    await write({ id: 's7', stage: 'open', worth: 7 }, { id: 's7', stage: 'won', worth: 70 });
    await write({ id: 's8', stage: 'open', worth: 8 }, null);
    expect(await store.totals(sales as Table, 'w', 'worth:')).toEqual([
      { facet: 'worth:open', count: MANY - 2, sum: (MANY * (MANY - 1)) / 2 - 15 },
      { facet: 'worth:won', count: 1, sum: 70 },
    ]);
  });

  test('a facet is paged through in the orders that it is listed in, and refused in others', async () => {
    const { store } = await filled();
    const listed = await store.page(sales, { ...page, order: 'id', facets: ['stage:open'] });
    expect(listed.rows.map(({ row }) => row.id)).toEqual(['s0', 's1', 's10']);
    const refused = { code: 'BAD_USER_INPUT', details: { field: 'orderBy' } };
    await expect(store.page(sales, { ...page, order: 'worth', facets: ['stage:open'] })).rejects.toMatchObject(refused);
    await expect(store.page(sales, { ...page, order: 'id', facets: ['worth:open'] })).rejects.toMatchObject(refused);
    await expect(store.page(sales, { ...page, order: 'id' })).rejects.toMatchObject(refused);
  });
};
