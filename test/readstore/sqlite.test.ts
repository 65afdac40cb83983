import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Build, PageQuery, ReadStore, Row } from '../../src/readstore/port.js';
import { openSqliteReadStore, sqliteReadStoreOver } from '../../src/readstore/sqlite.js';
import { openDatabase, type SqliteDatabase } from '../../src/sqlite/database.js';
import { directory, people, person, Writer, writing, writingBeside } from '../contract/readStoreModel.js';
import { temporaryDirectory } from '../support/temporary.js';

const fileKey = Buffer.alloc(32, 7);
const temporary = temporaryDirectory();
const base: PageQuery = { scope: 'w1', order: 'name', direction: 'asc', limit: 100 };
let file: string;
let files = 0;
const stores: ReadStore[] = [];
const databases: SqliteDatabase[] = [];
beforeEach(() => {
  file = join(temporary.path(), `${files++}.db`);
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const database of databases.splice(0)) database.close();
});

const opened = (): ReadStore => {
  const store = openSqliteReadStore({ file, fileKey });
  stores.push(store);
  return store;
};

/** Another connection, to look at what is stored or to be in the way. */
const connection = (): SqliteDatabase => {
  const database = openDatabase({ file, fileKey, durability: 'normal' });
  databases.push(database);
  return database;
};

const tablesIn = (database: SqliteDatabase): string[] =>
  database
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%/%' ORDER BY name`)
    .pluck()
    .all() as string[];

const ids = (rows: readonly { readonly row: Row }[]): string[] => rows.map(({ row }) => row.id);
const numbered = (count: number, more: (n: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, n) => person(`p${n}`, more(n)));
const liveBuild = async (store: ReadStore): Promise<Build> =>
  (await store.builds('directory')).find(({ live }) => live)!;

describe('what is on disk', () => {
  test('outlives the connection', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(40, () => ({ facets: ['x'], words: ['w'], amount: 2 })));
    await store.close();
    const again = opened();
    await again.register(directory);
    expect(await again.builds('directory')).toEqual([writer.build]);
    expect(await again.totals(people, 'w1', 'x')).toEqual([{ facet: 'x', count: 40, sum: 80 }]);
    expect((await again.page(people, { ...base, words: ['w'] })).rows.length).toBe(40);
  });

  test('is nothing in clear, neither in the file nor in its log', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write([person('p1', { name: 'Wilhelmina', words: ['wilhelmina'], facets: ['tag:wilhelmina'] })]);
    const bytes = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)]);
    expect(bytes.length).toBeGreaterThan(4096);
    expect(bytes.toString('latin1')).not.toMatch(/wilhelmina|people|CREATE TABLE/i);
  });

  test('no longer names a person who was removed, in any table', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    const named = (n: number) => ({
      name: `Surname${n}`,
      words: [`surname${n}`, 'common'],
      facets: [`email:surname${n}`],
    });
    await writer.write(numbered(400, named));
    await writer.write(Array.from({ length: 380 }, (_, n) => `p${n}`));
    const database = connection();
    const found = tablesIn(database).flatMap((table) =>
      (database.prepare(`SELECT * FROM "${table}"`).raw().all() as unknown[][])
        .map((values) => /surname(\d+)/i.exec(values.join(' '))?.[1])
        .filter((n) => n !== undefined && Number(n) < 380),
    );
    expect(found).toEqual([]);
    expect(await store.totals(people, 'w1', 'email:surname1')).toEqual([]);
    expect((await store.totals(people, 'w1', 'email:')).length).toBe(20);
  });

  test('no longer names them in a copy either; in the file itself bytes may linger until it is rewritten', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    const name = (n: number) => `Surname${String(n).padStart(3, '0')}`;
    await writer.write(numbered(400, (n) => ({ name: name(n), words: [name(n).toLowerCase()] })));
    await writer.write(Array.from({ length: 395 }, (_, n) => `p${n}`));
    const copy = join(temporary.path(), `${files++}.db`);
    connection().prepare('VACUUM INTO ?').run(copy);
    const database = openDatabase({ file: copy, fileKey, durability: 'normal' });
    databases.push(database);
    const pages = database.serialize().toString('latin1');
    expect(pages).toContain(name(399));
    for (let n = 0; n < 395; n++) expect(pages).not.toMatch(new RegExp(name(n), 'i'));
  });
});

describe('a term', () => {
  /** Postings of the order, and the dictionary's entry. */
  const storedAs = (name: string) => {
    const database = connection();
    const entry = database.prepare('SELECT count, term, rows FROM "1/people/terms" WHERE name = ?').get(name) as
      | { count: number; term: number | null; rows: string | null }
      | undefined;
    const count = (order: string) =>
      database.prepare(`SELECT count(*) FROM "1/people/by ${order}" WHERE term = ?`).pluck().get(entry?.term) as number;
    return {
      count: entry?.count,
      listed: entry?.rows ? JSON.parse(entry.rows).length : 0,
      name: count('name'),
      at: count('at'),
    };
  };

  test('of few rows is a list in the dictionary; of many it has postings, words in their own orders only', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    const rows = numbered(33, () => ({ facets: ['x'], words: ['w'] }));
    await writer.write(rows.slice(0, 32));
    expect(storedAs('fx')).toEqual({ count: 32, listed: 32, name: 0, at: 0 });
    await writer.write(rows.slice(32));
    expect(storedAs('fx')).toEqual({ count: 33, listed: 0, name: 33, at: 33 });
    expect(storedAs('ww')).toEqual({ count: 33, listed: 0, name: 33, at: 0 });
  });

  test('goes back to being a list only when it is well below, and is forgotten with its last row', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(33, () => ({ facets: ['x'] })));
    await writer.write(numbered(17, (n) => ({ id: `p${n}` })).map(({ id }) => id));
    expect(storedAs('fx')).toEqual({ count: 16, listed: 0, name: 16, at: 16 });
    await writer.write(['p20']);
    expect(storedAs('fx')).toEqual({ count: 15, listed: 15, name: 0, at: 0 });
    await writer.write([...writer.rows.keys()]);
    expect(storedAs('fx').count).toBeUndefined();
    expect(connection().prepare('SELECT count(*) FROM "1/people/terms"').pluck().get()).toBe(0);
    expect(connection().prepare('SELECT count(*) FROM "1/people/by name"').pluck().get()).toBe(0);
  });

  test('with postings is found together with one that is a list, even one of more rows', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(60, (n) => ({ facets: n < 40 ? ['posted'] : [], words: n < 30 ? ['listed'] : [] })));
    await writer.write(numbered(20).map(({ id }) => id));
    await writer.write(numbered(85, () => ({ words: ['listed'] })).slice(70));
    expect(storedAs('fposted')).toMatchObject({ count: 20, listed: 0 });
    expect(storedAs('wlisted')).toMatchObject({ count: 25, listed: 25 });
    const asked = { ...base, facets: ['posted'], countUpTo: 100 };
    for (const words of [['listed'], ['list*']]) {
      const page = await store.page(people, { ...asked, words });
      expect(page.total).toEqual({ count: 10, exact: true });
      expect(page.rows.length).toBe(10);
    }
  });

  test('with a star stands for the most frequent words that begin so, and for the word itself', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    // One word of 130 rows, 66 of 64 and, last by frequency, the prefix itself.
    const words = (n: number) => (n < 130 ? ['abc'] : n < 130 + 66 * 64 ? [`ab${n % 66}x`] : ['ab']);
    await writer.write(numbered(130 + 66 * 64 + 33, (n) => ({ words: words(n), name: String(9000 - n) })));
    const all = await store.page(people, { ...base, words: ['ab*'], limit: 9000 });
    const found = new Set(all.rows.flatMap(({ row }) => row.words));
    expect(found.has('abc')).toBe(true);
    expect(found.has('ab')).toBe(true);
    expect(found.size).toBe(64 + 1);
    const exact = await store.page(people, { ...base, words: ['ab7x*'], limit: 5000 });
    expect(exact.rows.length).toBe(64);
  });
});

describe('a full disk', () => {
  test('refuses the batch whole, and what is there stays and can be added to', async () => {
    const database = openDatabase({ file, fileKey, durability: 'normal' });
    const store = sqliteReadStoreOver(database);
    stores.push(store);
    const writer = await writing(store, directory, people);
    await writer.write(numbered(100, () => ({ facets: ['x'], words: ['w'] })));
    const before = await store.page(people, { ...base, facets: ['x'], countUpTo: 1000 });
    database.pragma(`max_page_count=${(database.pragma('page_count', { simple: true }) as number) + 5}`);
    const large = numbered(300, (n) => ({ facets: ['x', 'y'], words: [`w${n}`] })).slice(100);
    await expect(writer.write([...large, 'p1'])).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(await store.page(people, { ...base, facets: ['x'], countUpTo: 1000 })).toEqual(before);
    expect(await store.totals(people, 'w1', 'y')).toEqual([]);
    expect(await liveBuild(store)).toEqual(writer.build);
    await writer.write(['p1']);
    database.pragma('max_page_count=100000');
    await writer.write(large);
    expect(await store.totals(people, 'w1', '')).toMatchObject([
      { facet: '*', count: 299 },
      { facet: 'x', count: 299 },
      { facet: 'y', count: 200 },
    ]);
  });
});

describe('another connection', () => {
  test('sees each other’s writes and switches with the next read', async () => {
    const main = opened();
    const live = await writing(main, directory, people);
    await live.write(numbered(50, () => ({ facets: ['x'], note: 'old' })));
    const worker = opened();
    await worker.register(directory);
    expect((await worker.page(people, base)).rows.length).toBe(50);
    const next = await writingBeside(worker, directory, people);
    await next.write(numbered(60, () => ({ facets: ['x'], note: 'new' })));
    await live.write([person('late', { facets: ['x'] })]);
    expect((await main.withFacet(people, 'w1', 'x')).length).toBe(51);
    await worker.switchTo(next.build);
    expect((await main.withFacet(people, 'w1', 'x')).length).toBe(60);
    expect(await main.get(people, 'late')).toBeNull();
    await expect(live.write([person('later')])).rejects.toMatchObject({ code: 'CONFLICT' });
    const taken = new Writer(main, people, await liveBuild(main));
    await taken.write([person('later')]);
    expect(await worker.get(people, 'later')).not.toBeNull();
  });

  test('that holds the write lock delays a write, but neither the reads nor the event loop', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write([person('p1')]);
    const other = connection();
    other.exec('BEGIN IMMEDIATE');
    const write = writer.write([person('p2')]);
    let turns = 0;
    for (; turns < 20; turns++) {
      await setImmediate();
      expect(await store.get(people, 'p2')).toBeNull();
    }
    expect((await store.page(people, base)).rows.length).toBe(1);
    other.exec('COMMIT');
    await write;
    expect(ids((await store.page(people, base)).rows)).toEqual(['p1', 'p2']);
  });

  test('that dropped a build in the middle of its indexing stops it', async () => {
    const main = opened();
    await writing(main, directory, people);
    const worker = opened();
    const next = await writingBeside(worker, directory, people);
    await next.write(numbered(3000, (n) => ({ facets: [`f${n}`] })));
    const indexing = worker.switchTo(next.build);
    await setImmediate();
    const newest = await main.startBuild(directory);
    await expect(indexing).rejects.toMatchObject({ code: 'CONFLICT' });
    await main.switchTo(newest);
    expect((await main.page(people, base)).rows).toEqual([]);
  });
});

describe('a build that was dropped', () => {
  test('leaves no table behind', async () => {
    const store = opened();
    await writing(store, directory, people);
    const first = await writingBeside(store, directory, people);
    await first.write(numbered(2500, (n) => ({ facets: [`f${n}`], words: ['w'] })));
    const second = await writingBeside(store, directory, people);
    await second.write([person('p1')]);
    await store.switchTo(second.build);
    const prefixes = new Set(tablesIn(connection()).map((name) => name.split('/')[0]));
    expect(prefixes).toEqual(new Set([String(second.build.generation)]));
    expect(tablesIn(connection()).filter((name) => name.endsWith('/lookups'))).toEqual([]);
  });

  test('and not yet emptied when the process ended is emptied when the projection is next registered', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    const left = await writingBeside(store, directory, people);
    await left.write(numbered(10));
    await store.close();
    connection().prepare(`UPDATE builds SET state = 'dropped' WHERE generation = ?`).run(left.build.generation);
    const again = opened();
    await again.register(directory);
    expect(await again.builds('directory')).toEqual([writer.build]);
    expect(tablesIn(connection()).filter((name) => name.startsWith(`${left.build.generation}/`))).toEqual([]);
    const next = await again.startBuild(directory);
    expect(next.generation).toBeGreaterThan(left.build.generation);
  });
});

describe('code that is newer than the rows', () => {
  const newer = {
    ...directory,
    version: 2,
    tables: [{ ...people, orders: { ...people.orders, amount: (row: Row) => String(row.amount) } }],
  };

  test('reads them in the orders that they have, until they are rebuilt', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write([person('p1', { facets: ['x'] })]);
    await store.register(newer);
    const [table] = newer.tables;
    expect(ids((await store.page(table!, base)).rows)).toEqual(['p1']);
    expect((await store.withFacet(table!, 'w1', 'x')).length).toBe(1);
    const next = await writingBeside(store, newer, table!);
    await next.write(numbered(40, (n) => ({ amount: 40 - n })));
    await store.switchTo(next.build);
    const byAmount = await store.page(table!, { ...base, order: 'amount', limit: 2 });
    expect(ids(byAmount.rows)).toEqual(['p39', 'p30']);
  });
});

test('a closed store says so', async () => {
  const store = opened();
  await writing(store, directory, people);
  await store.close();
  await store.close();
  await expect(store.get(people, 'p1')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(store.register(directory)).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

test('a wrong key and a file of another kind are told apart from an empty one', async () => {
  const store = opened();
  await writing(store, directory, people);
  await store.close();
  expect(() => openSqliteReadStore({ file, fileKey: Buffer.alloc(32, 8) })).toThrow(
    expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
  );
});

describe('rows that were read before', () => {
  const read = async (store: ReadStore) => {
    const page = await store.page(people, { ...base, facets: ['x'] });
    return [ids(page.rows), (await store.get(people, 'p1'))?.amount];
  };

  test('are answered as they were written last', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(40, () => ({ facets: ['x'], amount: 2 })));
    expect(await read(store)).toEqual([expect.arrayContaining(['p1']), 2]);
    await writer.write([person('p1', { facets: ['x'], amount: 3 })]);
    expect(await read(store)).toEqual([expect.arrayContaining(['p1']), 3]);
  });

  test('are not answered from memory when another connection has changed them', async () => {
    const store = opened();
    const writer = await writing(store, directory, people);
    await writer.write(numbered(40, () => ({ facets: ['x'], amount: 2 })));
    await read(store);
    const [rows] = tablesIn(connection()).filter((name) => name.endsWith('people/rows'));
    connection().exec(`UPDATE "${rows}" SET doc = json_set(doc, '$.amount', 9) WHERE key = 'p1'`);
    expect((await read(store))[1]).toBe(9);
  });
});
