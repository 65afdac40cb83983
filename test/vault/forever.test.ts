import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { openDatabase, type SqliteDatabase } from '../../src/sqlite/database.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteKeyReader, openSqliteVault } from '../../src/vault/sqlite.js';
import { StoredKeys } from '../../src/vault/storedKeys.js';
import { WorkspaceChanges } from '../../src/vault/workspaceChanges.js';

const fileKey = Buffer.alloc(32, 1);
const wrapKey = Buffer.alloc(32, 2);
let directory: string;
let file: string;
let vault: Vault;

const open = () => openSqliteVault({ file, fileKey, wrapKey, random: pooledRandomBytes });
const beside = (readonly = false) => openDatabase({ file, fileKey, durability: 'full', readonly });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-vault-'));
  file = join(directory, 'vault.db');
  vault = open();
});
afterEach(async () => {
  await vault.shut();
  rmSync(directory, { recursive: true });
});

const people = Array.from({ length: 600 }, (_, at) => `subject-${at}`);
const make = async (subject: string) => (await vault.lease('w', subject, ['profile', 'content'])).release();
const makeAll = () => Promise.all(people.map(make));
const refs = people.map((subject) => ({ workspace: 'w', subject, class: 'profile' as const }));
const keys = async (from: Pick<Vault, 'openingKeys'> = vault) =>
  (await from.openingKeys(refs)).map((key) => key && Buffer.from(key).toString('hex'));
const erase = async (subject: string) => {
  await vault.close('w', subject);
  await vault.destroy('w', subject);
};

/** Every page in clear, unused ones included. */
const pages = (): Buffer => {
  const database = beside(true);
  const bytes = database.serialize();
  database.close();
  return bytes;
};
const wrappedIn = (table: 'keys' | 'workspaces') => {
  const database = beside(true);
  const rows = database.prepare(`SELECT wrapped FROM ${table} ORDER BY id`).pluck().all() as Buffer[];
  database.close();
  return rows;
};
/** Any third of a wrapped key would do as a trace of it. */
const tracesOf = (wrapped: readonly Buffer[], bytes: Buffer) =>
  wrapped.flatMap((each) => [0, 20, 40].filter((at) => bytes.includes(each.subarray(at, at + 20))));

describe('what was destroyed cannot be brought back, by nobody who writes rows into the file', () => {
  let database: SqliteDatabase;
  let backup: SqliteDatabase;
  beforeEach(async () => {
    for (const subject of ['grace', 'ada']) await make(subject);
    await vault.shut();
    copyFileSync(file, join(directory, 'backup.db'));
    vault = open();
    await erase('grace');
    database = beside();
    backup = openDatabase({ file: join(directory, 'backup.db'), fileKey, durability: 'full' });
  });
  afterEach(() => {
    database.close();
    backup.close();
  });
  const backedUp = () => backup.prepare('SELECT * FROM keys WHERE subject = 1 AND class = ?').get('profile') as object;

  test.each([
    ['inserted again', 'INSERT INTO keys VALUES (@id + 100, @subject, @class, 0, @fingerprint, @wrapped)'],
    [
      'put in the place of the destroyed one',
      'REPLACE INTO keys VALUES (@id, @subject, @class, 0, @fingerprint, @wrapped)',
    ],
    ['given to somebody else', "INSERT INTO keys VALUES (@id + 100, 2, 'financial', 0, @fingerprint, @wrapped)"],
    ['written over the zeros', 'UPDATE keys SET destroyed = 0, wrapped = @wrapped WHERE id = @id'],
    ['written under the mark', 'UPDATE keys SET wrapped = @wrapped WHERE id = @id'],
    ['made room for', 'DELETE FROM keys WHERE id = @id'],
    ['under a subject that goes back', "UPDATE subjects SET state = 'active' WHERE id = @subject"],
    ['under a subject that goes a step back', "UPDATE subjects SET state = 'closing' WHERE id = @subject"],
    ['under a subject that was never there', 'DELETE FROM subjects WHERE id = @subject'],
  ])("a backup's row is refused: %s", async (_, sql) => {
    const row = backedUp();
    expect(() => database.prepare(sql).run(row)).toThrow(/destroyed|never back|not deleted/);
    expect(await vault.state('w', 'grace')).toBe('destroyed');
    expect((await vault.openingKeys([{ workspace: 'w', subject: 'grace', class: 'profile' }]))[0]).toBeNull();
  });

  test('a workspace neither', async () => {
    const row = backup.prepare('SELECT * FROM workspaces').get() as object;
    await vault.closeWorkspace('w');
    await vault.destroyWorkspace('w');
    for (const sql of [
      'UPDATE workspaces SET destroyed = 0, wrapped = @wrapped',
      'UPDATE workspaces SET wrapped = @wrapped',
      'UPDATE workspaces SET closing = 0',
      'DELETE FROM workspaces',
    ]) {
      expect(() => database.prepare(sql).run(sql.includes('@') ? row : {})).toThrow(/never back/);
    }
    expect((await vault.openingKeys([{ workspace: 'w', subject: 'ada', class: 'profile' }]))[0]).toBeNull();
  });
});

test("of a destroyed workspace's key nothing is left in the pages, used or not, nor in the log", async () => {
  await makeAll();
  const before = wrappedIn('workspaces');
  expect(tracesOf(before, pages())).toHaveLength(3);
  await vault.closeWorkspace('w');
  await vault.destroyWorkspace('w');
  expect(statSync(`${file}-wal`).size).toBe(0);
  expect(tracesOf(before, pages())).toEqual([]);
});

test("after a change of the workspace's key nothing that the old one opens is left in the pages or in the log", async () => {
  await makeAll();
  const before = [...wrappedIn('keys'), ...wrappedIn('workspaces')];
  const known = await keys();
  await vault.rotateWorkspaceKey('w');
  expect(statSync(`${file}-wal`).size).toBe(0);
  expect(tracesOf(before, pages())).toEqual([]);
  expect(await keys()).toEqual(known);
});

test("a change of the workspace's key that a crash cut off anywhere goes on where it was, and everything opens meanwhile", async () => {
  await makeAll();
  const known = await keys();
  await vault.shut();
  const steps: ((changes: WorkspaceChanges) => void)[] = [
    (changes) => changes.beginRotation('w'),
    (changes) => changes.rewrapAfter('w', 0, 1),
    (changes) => changes.rewrapAfter('w', 0, 500),
    (changes) => changes.rewrapAfter('w', 500, -1),
  ];
  const before = [...wrappedIn('keys'), ...wrappedIn('workspaces')];
  for (const step of steps) {
    const database = beside();
    step(new WorkspaceChanges(database, new StoredKeys(database, wrapKey), wrapKey, pooledRandomBytes));
    database.close();
    vault = open();
    expect(await keys()).toEqual(known);
    await make('somebody new');
    await vault.shut();
  }
  vault = open();
  await vault.rotateWorkspaceKey('w');
  expect(await keys()).toEqual(known);
  expect(tracesOf(before, pages())).toEqual([]);
});

test('a reader beside follows a change of the key, and opens nothing of a workspace that was destroyed', async () => {
  await makeAll();
  const known = await keys();
  const reader = openSqliteKeyReader({ file, fileKey, wrapKey });
  expect(await keys(reader)).toEqual(known);
  await vault.rotateWorkspaceKey('w');
  expect(await keys(reader)).toEqual(known);
  await vault.closeWorkspace('w');
  await vault.destroyWorkspace('w');
  expect(new Set(await keys(reader))).toEqual(new Set([null]));
  await reader.shut();
});
