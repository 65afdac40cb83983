import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/sqlite/database.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';

const fileKey = Buffer.alloc(32, 1);
const clock = { now: () => 1_000 };
let directory: string;
let file: string;
let store: StateStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-state-'));
  file = join(directory, 'state.db');
  store = openSqliteStateStore({ file, fileKey, clock });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test('nothing is in clear in the files', async () => {
  await store.put('sessions', 'session-in-clear', { account: 'account-in-clear' });
  await store.reserveClaim('email', 'claim-in-clear', 'owner-in-clear', 2_000);
  for (const suffix of ['', '-wal']) {
    expect(readFileSync(file + suffix).toString('latin1')).not.toMatch(/in-clear|sessions/);
  }
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('another key of the file is told from a damaged file', async () => {
  await store.put('s', 'a', 1);
  await store.close();
  expect(() => openSqliteStateStore({ file, fileKey: Buffer.alloc(32, 2), clock })).toThrow(
    expect.objectContaining({ code: 'WRONG_MASTER_KEY' }),
  );
});

test('a removed value is not left in the pages', async () => {
  await store.put('s', 'a', 'token-to-forget');
  await store.remove('s', 'a');
  const database = openDatabase({ file, fileKey, durability: 'full', readonly: true });
  expect(database.serialize().includes('token-to-forget')).toBe(false);
  database.close();
});

test('writers of one turn share a commit, and a job that fails takes none of its neighbours with it', async () => {
  await store.reserveClaim('email', 'h', 'one', 2_000);
  const results = await Promise.allSettled([
    store.put('s', 'a', 1),
    store.confirmClaim('email', 'h', 'two'),
    store.put('s', 'b', 2),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await store.list('s')).toHaveLength(2);
});

test('what JSON cannot say is refused before anything is written', async () => {
  await expect(store.put('s', 'a', Number.NaN)).rejects.toThrow(TypeError);
  await expect(store.put('s', 'a', '\ud800')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await store.get('s', 'a')).toBeNull();
});
