import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandomBytes, type RandomBytes } from '../../src/kernel/ids.js';
import { type RetentionClass, retentionClasses } from '../../src/kernel/personal.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { KeyChanges } from '../../src/vault/keyChanges.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteKeyReader, openSqliteVault } from '../../src/vault/sqlite.js';
import { createKeyTables, StoredKeys } from '../../src/vault/storedKeys.js';
import { WorkspaceChanges } from '../../src/vault/workspaceChanges.js';

const fileKey = Buffer.alloc(32, 1);
const wrapKey = Buffer.alloc(32, 2);
let directory: string;
let file: string;
let vault: Vault;

const open = (random: RandomBytes = pooledRandomBytes) => openSqliteVault({ file, fileKey, wrapKey, random });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-vault-'));
  file = join(directory, 'vault.db');
  vault = open();
});
afterEach(async () => {
  await vault.shut();
  rmSync(directory, { recursive: true });
});

const ref = (subject: string, retentionClass: RetentionClass = 'profile') => ({
  workspace: 'w',
  subject,
  class: retentionClass,
});
const make = async (subject: string, classes: readonly RetentionClass[] = ['profile']) => {
  const lease = await vault.lease('w', subject, classes);
  lease.release();
};
const erase = async (subject: string) => {
  await vault.close('w', subject);
  return vault.destroy('w', subject);
};
const keyOf = async (subject: string) => {
  const [key] = await vault.openingKeys([ref(subject)]);
  return key && Buffer.from(key);
};

interface WrappedKey {
  readonly subject: string;
  readonly class: RetentionClass;
  readonly wrapped: Buffer;
}
/** Looks into the file from beside the vault: every wrapped key, and every page in clear, unused ones included. */
const lookInside = () => {
  const database = openDatabase({ file, fileKey, durability: 'full', readonly: true });
  const rows = database.prepare('SELECT s.subject, k.class, k.wrapped FROM keys k JOIN subjects s ON s.id = k.subject');
  const inside = { keys: rows.all() as WrappedKey[], pages: database.serialize() };
  database.close();
  return inside;
};

test('neither a key nor a subject is in clear in the files', async () => {
  await make('subject-in-clear');
  const key = await keyOf('subject-in-clear');
  for (const suffix of ['', '-wal']) {
    const bytes = readFileSync(file + suffix);
    expect(bytes.includes('subject-in-clear')).toBe(false);
    expect(bytes.includes(key!)).toBe(false);
  }
  const { pages } = lookInside();
  expect(pages.includes('subject-in-clear')).toBe(true);
  expect(pages.includes(key!)).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('another key of the file, and another wrapping key, are told from a damaged file', async () => {
  await make('grace');
  await vault.shut();
  const wrong = expect.objectContaining({ code: 'WRONG_MASTER_KEY' });
  const options = { file, fileKey, wrapKey, random: pooledRandomBytes };
  expect(() => openSqliteVault({ ...options, fileKey: Buffer.alloc(32, 9) })).toThrow(wrong);
  expect(() => openSqliteVault({ ...options, wrapKey: Buffer.alloc(32, 9) })).toThrow(wrong);
  expect(() => openSqliteKeyReader({ ...options, wrapKey: Buffer.alloc(32, 9) })).toThrow(wrong);
});

test('a wrapped key that was moved to another subject does not open', async () => {
  await make('grace');
  await make('ada');
  await vault.shut();
  const database = openDatabase({ file, fileKey, durability: 'full' });
  database.exec('UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE id = 1)');
  database.close();
  vault = open();
  expect(await keyOf('grace')).toHaveLength(32);
  await expect(keyOf('ada')).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
});

test('keys that are in memory need no disk, neither to seal nor to open', async () => {
  await make('grace');
  const before = await keyOf('grace');
  const database = openDatabase({ file, fileKey, durability: 'full' });
  // With its tables gone the vault could not read or write anything.
  database.pragma('foreign_keys=OFF');
  database.exec('DROP TABLE keys; DROP TABLE subjects');
  database.close();
  const lease = await vault.lease('w', 'grace', ['profile']);
  expect(Buffer.from(lease.key('profile'))).toEqual(before);
  lease.release();
  expect(await keyOf('grace')).toEqual(before);
  await expect(vault.state('w', 'grace')).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

test('the fingerprint is the SHA-256 of the key under its label', async () => {
  await make('grace');
  const key = await keyOf('grace');
  const [destroyed] = await erase('grace');
  const expected = createHash('sha256').update('bpo-crm key fingerprint v1').update(key!).digest('hex');
  expect(destroyed?.fingerprint).toBe(expected);
});

test('a key that was destroyed is refused for ever, even where chance brings it again', async () => {
  const random = (size: number) => Buffer.alloc(size, 5);
  await vault.shut();
  vault = open(random);
  await make('grace');
  await erase('grace');
  await expect(vault.lease('w', 'ada', ['profile'])).rejects.toMatchObject({ code: 'KEY_DESTROYED' });
  expect(await vault.state('w', 'ada')).toBe('unknown');
});

test('the file itself takes no key for a subject that is closing', () => {
  const database = openDatabase({ file: join(directory, 'another.db'), fileKey, durability: 'full' });
  createKeyTables(database);
  const workspaces = new WorkspaceChanges(database, new StoredKeys(database, wrapKey), wrapKey, pooledRandomBytes);
  const changes = new KeyChanges(database, workspaces, pooledRandomBytes);
  changes.close('w', 'grace');
  const erased = expect.objectContaining({ code: 'SUBJECT_ERASED' });
  expect(() => changes.makeMissing('w', 'grace', ['profile'])).toThrow(erased);
  database.close();
});

test('zeros take the place of a destroyed key, and of nothing else', async () => {
  for (const subject of ['ada', 'grace', 'joan']) await make(subject, retentionClasses);
  const before = lookInside();
  await erase('grace');
  const after = lookInside();
  expect(after.pages.length).toBe(before.pages.length);
  for (const key of before.keys) {
    const at = before.pages.indexOf(key.wrapped);
    const now = after.pages.subarray(at, at + key.wrapped.length);
    expect(now.equals(key.subject === 'grace' ? Buffer.alloc(60) : key.wrapped)).toBe(true);
  }
});

test('of destroyed keys nothing is left in the pages, used or not, nor in the log', async () => {
  const subjects = Array.from({ length: 800 }, (_, at) => `${createHash('sha256').update(`${at}`).digest('hex')}`);
  await Promise.all(subjects.map((subject, at) => make(subject, retentionClasses.slice(0, 1 + (at % 4)))));
  await Promise.all(subjects.filter((_, at) => at % 2 === 0).map((subject) => make(subject, ['content'])));
  const victims = new Set(subjects.filter((_, at) => at % 5 === 0));
  const before = lookInside();
  await Promise.all([...victims].map(erase));
  expect(statSync(`${file}-wal`).size).toBe(0);
  const { pages } = lookInside();
  // Any third of a wrapped key would do as a trace of it.
  const traces = (key: WrappedKey) => [0, 20, 40].filter((at) => pages.includes(key.wrapped.subarray(at, at + 20)));
  expect(before.keys.filter((key) => victims.has(key.subject)).flatMap(traces)).toEqual([]);
  expect(before.keys.filter((key) => !victims.has(key.subject) && traces(key).length !== 3)).toEqual([]);
});

test('a destruction that was cut off before the log was emptied is made good when it is repeated', async () => {
  await make('grace');
  await vault.close('w', 'grace');
  const database = openDatabase({ file, fileKey, durability: 'full' });
  database.exec('UPDATE keys SET destroyed = 1, wrapped = zeroblob(60)');
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  expect(await vault.destroy('w', 'grace')).toHaveLength(1);
  expect(statSync(`${file}-wal`).size).toBe(0);
  database.close();
});

test('a reader in the way of the emptying is waited for, without holding the event loop', async () => {
  await make('grace');
  await vault.close('w', 'grace');
  const reader = openDatabase({ file, fileKey, durability: 'full', readonly: true });
  const reading = reader.prepare('SELECT * FROM subjects').iterate();
  reading.next();
  let destroyed = false;
  const destroying = vault.destroy('w', 'grace').then(() => {
    destroyed = true;
  });
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(destroyed).toBe(false);
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  reading.return?.();
  reader.close();
  await destroying;
  expect(statSync(`${file}-wal`).size).toBe(0);
});

test('what was acknowledged is in the files at once, as a crash would leave them', async () => {
  await make('grace');
  const key = await keyOf('grace');
  await vault.close('w', 'grace');
  const afterCrash = join(directory, 'after-crash.db');
  for (const suffix of ['', '-wal']) copyFileSync(file + suffix, afterCrash + suffix);
  const recovered = openSqliteVault({ file: afterCrash, fileKey, wrapKey, random: pooledRandomBytes });
  expect(await recovered.state('w', 'grace')).toBe('closing');
  await expect(recovered.lease('w', 'grace', ['profile'])).rejects.toMatchObject({ code: 'SUBJECT_ERASED' });
  const [openingKey] = await recovered.openingKeys([ref('grace')]);
  expect(Buffer.from(openingKey!)).toEqual(key);
  expect(await recovered.destroy('w', 'grace')).toHaveLength(1);
  await recovered.shut();
});

test('shutting finishes a destruction that was accepted', async () => {
  await make('grace');
  await vault.close('w', 'grace');
  const destroying = vault.destroy('w', 'grace');
  const shut = vault.shut();
  expect(await destroying).toHaveLength(1);
  await shut;
  expect(existsSync(`${file}-wal`)).toBe(false);
});

test('where closing cannot be written the subject stays active and sealing goes on', async () => {
  await make('grace');
  await vault.shut();
  const database = openDatabase({ file, fileKey, durability: 'full' });
  database.exec(`CREATE TRIGGER refused BEFORE UPDATE ON subjects BEGIN SELECT RAISE(ABORT, 'as if'); END`);
  vault = open();
  await make('grace');
  await expect(vault.close('w', 'grace')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await make('grace');
  database.exec('DROP TRIGGER refused');
  database.close();
  await vault.close('w', 'grace');
  await expect(make('grace')).rejects.toMatchObject({ code: 'SUBJECT_ERASED' });
});

test('a reader sees the keys that are there, and those that are destroyed no longer, without being told', async () => {
  await make('grace');
  await make('ada');
  const reader = openSqliteKeyReader({ file, fileKey, wrapKey });
  const read = () => reader.openingKeys([ref('grace'), ref('ada'), ref('grace')]);
  const [grace, ada, graceAgain] = await read();
  expect(Buffer.from(grace!)).toEqual(await keyOf('grace'));
  expect(Buffer.from(ada!)).toEqual(await keyOf('ada'));
  expect(graceAgain).toBe(grace);
  await make('joan');
  expect((await reader.openingKeys([ref('joan')]))[0]).toHaveLength(32);
  await erase('grace');
  expect(await read()).toEqual([null, expect.any(Uint8Array), null]);
  await reader.shut();
});

test('a reader zeroes what it handed out as soon as the turn has ended', async () => {
  await make('grace');
  const reader = openSqliteKeyReader({ file, fileKey, wrapKey });
  const [key] = await reader.openingKeys([ref('grace')]);
  expect(Buffer.from(key!)).toEqual(await keyOf('grace'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(Buffer.from(key!)).toEqual(Buffer.alloc(32));
  await reader.shut();
  await reader.shut();
  await expect(reader.openingKeys([ref('grace')])).rejects.toMatchObject({ code: 'STORE_FAILED' });
});
