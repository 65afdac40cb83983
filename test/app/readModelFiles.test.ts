import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadModelFiles } from '../../src/app/readModelFiles.js';
import { systemClock } from '../../src/kernel/clock.js';
import { pooledRandomBytes, timeOrderedIds } from '../../src/kernel/ids.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';

const fileKey = Buffer.alloc(32, 1);
let root: string;
let dataDir: string;
let vault: Vault;
let stateStore: StateStore;

const open = (): ReadModelFiles => {
  vault = openSqliteVault({
    file: join(root, 'vault.db'),
    fileKey,
    wrapKey: Buffer.alloc(32, 2),
    random: pooledRandomBytes,
  });
  stateStore = openSqliteStateStore({ file: join(root, 'state.db'), fileKey, clock: systemClock });
  return new ReadModelFiles({ dataDir, vault, stateStore, ids: timeOrderedIds(systemClock) });
};
const shut = async () => {
  await stateStore.close();
  await vault.shut();
};
/** What a killed process leaves: nothing of what it had in memory. */
const crashed = async () => {
  await shut();
  return open();
};
const stateOf = (generation: string) => vault.state(OPERATOR, generation);
const touch = (file: string) => {
  for (const end of ['', '-wal', '-shm']) writeFileSync(file + end, 'rows');
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'crm-files-'));
  dataDir = join(root, 'data');
  mkdirSync(dataDir);
});
afterEach(async () => {
  await shut();
  rmSync(root, { recursive: true });
});

test('the current file and its key are the same at every start', async () => {
  const first = await open().current();
  expect(first.fileKey).toHaveLength(32);
  expect(await (await crashed()).current()).toEqual(first);
});

test('a crash before the switch leaves the old file in use, and nothing of the new one', async () => {
  const files = open();
  const old = await files.current();
  const next = await files.begin();
  touch(old.file);
  touch(next.file);
  const after = await crashed();
  expect(await after.current()).toEqual(old);
  expect(await after.destroyOthers()).toBe(1);
  expect(existsSync(old.file)).toBe(true);
  expect(readdirSync(dataDir).filter((name) => name.includes(next.generation))).toEqual([]);
  expect(await stateOf(next.generation)).toBe('destroyed');
});

test('[P7.3] a crash after the switch leaves the new file in use; the old one goes with its key', async () => {
  const files = open();
  const old = await files.current();
  const next = await files.begin();
  touch(old.file);
  touch(next.file);
  await files.switchTo(next, '0000000000000042');
  const after = await crashed();
  expect(await after.current()).toEqual(next);
  expect(next.fileKey.equals(old.fileKey)).toBe(false);
  expect(await after.cleanUpTo()).toBe('0000000000000042');
  expect(await after.destroyOthers()).toBe(1);
  expect(readdirSync(dataDir).filter((name) => name.includes(old.generation))).toEqual([]);
  expect(await stateOf(old.generation)).toBe('destroyed');
  expect(await vault.openingKeys([{ workspace: OPERATOR, subject: old.generation, class: 'content' }])).toEqual([null]);
  expect(await after.destroyOthers()).toBe(0);
});

test('files of read models that nobody knows go too, and nothing else does', async () => {
  const files = open();
  const { file } = await files.current();
  touch(file);
  const strays = ['read-models.db', `read-models-${crypto.randomUUID()}.db`];
  for (const stray of strays) touch(join(dataDir, stray));
  writeFileSync(join(dataDir, 'read-models-of-mine.txt'), 'notes');
  await files.destroyOthers();
  expect(readdirSync(dataDir).filter((name) => !file.includes(name.slice(0, 40)))).toEqual(['read-models-of-mine.txt']);
});

test('where the key of the current file is gone a new file takes its place', async () => {
  const files = open();
  const { generation } = await files.current();
  await vault.close(OPERATOR, generation);
  await vault.destroy(OPERATOR, generation);
  const current = await (await crashed()).current();
  expect(current.generation).not.toBe(generation);
});

test('what is wanted outlives a crash and only grows', async () => {
  await open().want('0000000000000007');
  const after = await crashed();
  await after.want('0000000000000003');
  expect(await after.wanted()).toBe('0000000000000007');
});
