import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CrmError } from '../../src/errors.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { GroupCommit } from '../../src/sqlite/groupCommit.js';

const fileKey = Buffer.alloc(32, 7);
let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-sqlite-'));
  file = join(directory, 'some.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

const table = () => {
  const database = openDatabase({ file, fileKey, durability: 'full' });
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, value TEXT UNIQUE)');
  const insert = database.prepare('INSERT INTO t (value) VALUES (?)');
  const values = () => database.prepare('SELECT value FROM t ORDER BY id').pluck().all();
  return { database, insert, values, group: new GroupCommit(database) };
};

test('a job that fails takes none of its neighbours with it', async () => {
  const { group, insert, values } = table();
  const results = await Promise.allSettled([
    group.submit(() => insert.run('a')),
    group.submit(() => {
      insert.run('half');
      throw new CrmError('WRONG_EXPECTED_REVISION');
    }),
    group.submit(() => insert.run('b')),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(values()).toEqual(['a', 'b']);
});

test('nothing is acknowledged before the commit that holds it', async () => {
  const { database, group, insert } = table();
  let acknowledged = false;
  const job = group.submit(() => {
    insert.run('a');
    setImmediate(() => expect(database.inTransaction).toBe(false));
    expect(acknowledged).toBe(false);
  });
  await job.then(() => {
    acknowledged = true;
    expect(database.inTransaction).toBe(false);
  });
});

test('a full disk refuses the job that did not fit and keeps the others of its batch', async () => {
  const { database, group, values, insert } = table();
  const used = database.pragma('page_count', { simple: true }) as number;
  database.pragma(`max_page_count=${used + 2}`);
  const results = await Promise.allSettled([
    group.submit(() => insert.run('small')),
    group.submit(() => insert.run('x'.repeat(100_000))),
    group.submit(() => insert.run('small too')),
  ]);
  expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'kept'))).toEqual([
    'kept',
    'STORAGE_FULL',
    'kept',
  ]);
  expect(values()).toEqual(['small', 'small too']);
});

test('closing finishes what was accepted and refuses what comes after', async () => {
  const { group, insert, values } = table();
  const accepted = group.submit(() => insert.run('a'));
  group.close();
  await accepted;
  await expect(group.submit(() => insert.run('b'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(values()).toEqual(['a']);
});

test('a file is unreadable without its key, for nobody but its owner, and says so when the key is wrong', () => {
  const { database, insert } = table();
  insert.run('Grace Hopper');
  database.close();
  expect(readFileSync(file).includes('Grace')).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => openDatabase({ file, fileKey: Buffer.alloc(32, 8), durability: 'full' })).toThrow(
    expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
  );
});

test('a flipped byte is an error, not other data', () => {
  const { database, insert } = table();
  for (let i = 0; i < 200; i++) insert.run(`value ${i}`.repeat(20));
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  const bytes = readFileSync(file);
  bytes[3 * 4096 + 100]! ^= 1;
  writeFileSync(file, bytes);
  const again = openDatabase({ file, fileKey, durability: 'full' });
  expect(() => again.prepare('SELECT * FROM t').all()).toThrow(/malformed|not a database|disk/);
  again.close();
});
