import { join } from 'node:path';
import type { ReadStore } from '../../src/readstore/port.js';
import { openSqliteReadStore } from '../../src/readstore/sqlite.js';
import { copyReadModels } from '../../src/readstore/sqliteCopy.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { deck, directory, notes, people, person, writing, writingBeside } from '../contract/readStoreModel.js';
import { pagesOf } from '../support/dataFiles.js';
import { temporaryDirectory } from '../support/temporary.js';

const temporary = temporaryDirectory();
const from = { file: '', fileKey: Buffer.alloc(32, 7) };
const to = { file: '', fileKey: Buffer.alloc(32, 8) };
let files = 0;
let store: ReadStore;
beforeEach(() => {
  from.file = join(temporary.path(), `from${files}.db`);
  to.file = join(temporary.path(), `to${files++}.db`);
  store = openSqliteReadStore(from);
});
afterEach(() => store.close());

const everyone = { scope: 'w1', order: 'name', direction: 'asc', limit: 1_000, countUpTo: 1_000 } as const;
const crowd = (count: number, mark: string) =>
  Array.from({ length: count }, (_, n) => person(`p${n}`, { note: `${mark} ${n}`, words: ['word', `${mark}${n}`] }));

test('the copy answers as the live build did, goes on from its checkpoint, and says how far that is', async () => {
  const writer = await writing(store, directory, people);
  await writer.write(crowd(200, 'someone'));
  const expected = await store.page(people, { ...everyone, words: ['word'] });
  const copiedUpTo = copyReadModels(from, to, ['directory']);
  expect(copiedUpTo).toBe(writer.build.checkpoint);
  const copy = openSqliteReadStore(to);
  await copy.register(directory);
  expect(await copy.page(people, { ...everyone, words: ['word'] })).toEqual(expected);
  expect(expected.total).toEqual({ count: 200, exact: true });
  expect(await copy.builds('directory')).toEqual(await store.builds('directory'));
  const next = String(Number(copiedUpTo) + 1).padStart(8, '0');
  const after = person('late');
  await copy.write([
    { build: writer.build, from: copiedUpTo, to: next, rows: [{ table: people, key: 'late', before: null, after }] },
  ]);
  expect(await copy.get(people, 'late')).toEqual(after);
  await copy.close();
});

test('the slowest of the projections that are asked for says how far the copy is', async () => {
  const writer = await writing(store, directory, people);
  await writer.write(crowd(3, 'someone'));
  await store.register(deck);
  expect(copyReadModels(from, to, ['directory', 'deck'])).toBe('');
});

test('[P7.3] nothing of rows that were removed or changed is in the copy, in no page and no free page', async () => {
  const writer = await writing(store, directory, people);
  for (let round = 0; round < 4; round++) {
    await writer.write(crowd(300, 'Zyxomma'));
    await writer.write(crowd(300, 'plain').map((row, n) => (n % 3 === 0 ? row.id : row)));
  }
  await writer.write([person('kept', { note: 'Kept for comparison' })]);
  copyReadModels(from, to, ['directory']);
  const pages = pagesOf(to.file, to.fileKey);
  expect(pages.includes('Kept for comparison')).toBe(true);
  expect(pages.includes('Zyxomma')).toBe(false);
  expect(pages.includes('plain 3')).toBe(true);
});

test('neither a build that was replaced nor one that is being filled is copied', async () => {
  const writer = await writing(store, directory, people);
  await writer.write([person('live')]);
  const beside = await writingBeside(store, directory, people);
  await beside.write([person('unfinished', { note: 'Unfinished' })]);
  copyReadModels(from, to, ['directory']);
  expect(pagesOf(to.file, to.fileKey).includes('Unfinished')).toBe(false);
  const copy = openSqliteReadStore(to);
  await copy.register(directory);
  expect((await copy.builds('directory')).map(({ generation }) => generation)).toEqual([writer.build.generation]);
  // A generation is never used again, so whoever fills the one left behind meets no other's rows.
  expect((await copy.startBuild(directory)).generation).toBe(beside.build.generation + 1);
  expect(await copy.get(notes, 'live')).toBeNull();
  await copy.close();
});

test('the copy is under its own key alone', async () => {
  await writing(store, directory, people);
  copyReadModels(from, to, ['directory']);
  expect(() => openDatabase({ ...to, fileKey: from.fileKey, durability: 'full' })).toThrow(
    expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
  );
});
