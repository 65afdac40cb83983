import { RowCache, type TableRows } from '../../src/readstore/rowCache.js';

const row = (id: string) => ({ id });

/** Read twice: kept. */
const keep = (rows: TableRows, ...row: Parameters<TableRows['put']>): void => {
  rows.put(...row);
  rows.put(...row);
};

describe('rows kept in memory', () => {
  test('are found by number and by key', () => {
    const rows = new RowCache(100).table();
    keep(rows, 1, 'a', row('a'), 10);
    expect([rows.get(1), rows.byKey('a'), rows.get(2), rows.byKey('b')]).toEqual([
      row('a'),
      row('a'),
      undefined,
      undefined,
    ]);
  });

  test('are those that were read twice within two spells', () => {
    const rows = new RowCache(100).table();
    rows.put(1, 'a', row('a'), 10);
    expect(rows.get(1)).toBeUndefined();
    rows.put(1, 'a', row('a'), 10);
    expect(rows.get(1)).toEqual(row('a'));
    rows.put(2, 'b', row('b'), 10);
    for (let number = 100; number < 130; number++) rows.put(number, `k${number}`, row('x'), 10);
    rows.put(2, 'b', row('b'), 10);
    expect(rows.get(2)).toBeUndefined();
  });

  test('are dropped with their key', () => {
    const rows = new RowCache(100).table();
    keep(rows, 1, 'a', row('a'), 10);
    rows.drop(1);
    expect([rows.get(1), rows.byKey('a')]).toEqual([undefined, undefined]);
  });

  test('are never more than twice the bound, over all tables together', () => {
    const cache = new RowCache(100);
    const tables = [cache.table(), cache.table()];
    for (let number = 0; number < 500; number++) keep(tables[number % 2]!, number, `k${number}`, row('x'), 10);
    const kept = Array.from({ length: 500 }, (_, number) => tables[number % 2]!.get(number)).filter(Boolean);
    expect(kept.length).toBeGreaterThanOrEqual(5);
    expect(kept.length).toBeLessThanOrEqual(21);
  });

  test('stay as long as they are read', () => {
    const rows = new RowCache(100).table();
    keep(rows, 0, 'often', row('often'), 10);
    for (let number = 1; number < 500; number++) {
      keep(rows, number, `k${number}`, row('x'), 10);
      expect(rows.byKey('often')).toEqual(row('often'));
    }
  });
});
