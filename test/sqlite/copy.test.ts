import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseCopy } from '../../src/sqlite/copy.js';
import { openDatabase, type SqliteDatabase } from '../../src/sqlite/database.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const sourceKey = Buffer.alloc(32, 1);
const targetKey = Buffer.alloc(32, 2);
let files = 0;
let source: { file: string; fileKey: Buffer };
let target: { file: string; fileKey: Buffer };
let writer: SqliteDatabase;

beforeEach(() => {
  source = { file: join(directory.path(), `source${files}.db`), fileKey: sourceKey };
  target = { file: join(directory.path(), `target${files++}.db`), fileKey: targetKey };
  writer = openDatabase({ ...source, durability: 'full' });
  writer.exec(`CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT;
    CREATE INDEX notes_by_text ON notes (text);
    CREATE TABLE links (a TEXT, b, note INTEGER REFERENCES notes (id), PRIMARY KEY (a, b)) WITHOUT ROWID`);
});
afterEach(() => writer.close());

const add = (text: string) => writer.prepare('INSERT INTO notes (text) VALUES (?)').run(text);
const copied = (work: (copy: DatabaseCopy) => void = () => undefined): SqliteDatabase => {
  const copy = new DatabaseCopy(source, target);
  copy.pin();
  work(copy);
  copy.copy();
  copy.finish();
  return openDatabase({ ...target, durability: 'full', readonly: true });
};
const texts = (database: SqliteDatabase) => database.prepare('SELECT text FROM notes ORDER BY id').pluck().all();

test('a copy holds every row and index, under a key of its own', () => {
  for (let n = 0; n < 500; n++) add(`note ${n}`);
  writer.prepare('INSERT INTO links VALUES (?, ?, 1)').run('a', Buffer.from([0, 1]));
  const copy = copied();
  expect(texts(copy)).toEqual(texts(writer));
  expect(copy.prepare('SELECT * FROM links').all()).toEqual(writer.prepare('SELECT * FROM links').all());
  expect(copy.prepare('EXPLAIN QUERY PLAN SELECT id FROM notes WHERE text = 1').get()).toMatchObject({
    detail: expect.stringContaining('notes_by_text'),
  });
  expect(copy.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  copy.close();
  expect(() => openDatabase({ file: target.file, fileKey: sourceKey, durability: 'full' })).toThrow(
    expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
  );
});

test('a copy is of the moment at which it was pinned, whatever is written while it is made', () => {
  add('before');
  const copy = copied(() => add('after'));
  expect(texts(copy)).toEqual(['before']);
  expect(texts(writer)).toEqual(['before', 'after']);
  copy.close();
});

test('pinned anew, a copy is of the later moment', () => {
  add('before');
  const copy = copied((copying) => {
    add('between');
    copying.repin();
    add('after');
  });
  expect(texts(copy)).toEqual(['before', 'between']);
  copy.close();
});

test('numbers that were given out once are not given out again in a copy', () => {
  add('first');
  add('second');
  writer.exec('DELETE FROM notes');
  copied().close();
  const copy = openDatabase({ ...target, durability: 'full' });
  expect(copy.prepare('INSERT INTO notes (text) VALUES (?)').run('third').lastInsertRowid).toBe(3);
  copy.close();
});

test('what may not be written any more is in the copy all the same, and it refuses what the source refuses', () => {
  add('first');
  writer.exec(`CREATE TRIGGER no_more_notes BEFORE INSERT ON notes BEGIN SELECT RAISE(ABORT, 'no more'); END`);
  const copy = copied();
  expect(texts(copy)).toEqual(['first']);
  copy.close();
  const written = openDatabase({ ...target, durability: 'full' });
  expect(() => written.prepare('INSERT INTO notes (text) VALUES (?)').run('second')).toThrow('no more');
  written.close();
});

test('tables that are not wanted are left out', () => {
  const copy = new DatabaseCopy(source, target);
  copy.pin();
  copy.copy((table) => table !== 'links');
  copy.finish();
  const database = openDatabase({ ...target, durability: 'full', readonly: true });
  expect(database.prepare(`SELECT name FROM sqlite_master WHERE name = 'links'`).get()).toBeUndefined();
  database.close();
});

test('nothing that was deleted or overwritten comes along, though the source still holds it', () => {
  // As it is without secure_delete: the worst that a source can be.
  writer.pragma('secure_delete=OFF');
  for (let n = 0; n < 300; n++) add(`Zyxomma petiolatum ${n}`);
  writer.exec('DELETE FROM notes WHERE id % 7 <> 0');
  writer.exec(`UPDATE notes SET text = 'short'`);
  expect(writer.serialize().includes('Zyxomma petiolatum')).toBe(true);
  const copy = copied();
  expect(copy.serialize().includes('Zyxomma petiolatum')).toBe(false);
  expect(texts(copy).length).toBe(42);
  copy.close();
});

test('the wrong key of a source is told, and a source that is not there, which is not made', () => {
  expect(() => new DatabaseCopy({ ...source, fileKey: targetKey }, target)).toThrow(
    expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
  );
  const nowhere = { ...source, file: join(directory.path(), 'nowhere.db') };
  expect(() => new DatabaseCopy(nowhere, target)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  expect(existsSync(nowhere.file)).toBe(false);
});
