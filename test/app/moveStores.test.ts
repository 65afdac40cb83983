import { join } from 'node:path';
import { move } from '../../src/app/move.js';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { openMongoStateStore } from '../../src/statestore/mongodb.js';
import { moveState } from '../../src/statestore/move.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { openMongoVault } from '../../src/vault/mongodb.js';
import { moveVault } from '../../src/vault/move.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { freshName } from '../support/engines.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let double: MongoDouble;
beforeAll(async () => {
  double = await startMongoDouble();
});
afterAll(() => double.close());

const NOW = 1_000;
const clock = { now: () => NOW };
const fileKey = new Uint8Array(32).fill(1);
const wrapKey = new Uint8Array(32).fill(2);
const random = pooledRandomBytes;
const nothing = () => undefined;
const database = () => `${double.url}/${freshName()}`;
const freshFile = () => join(directory.path(), `${freshName()}.db`);

const stateFile = async () => {
  const options = { file: freshFile(), fileKey, clock };
  const store = openSqliteStateStore(options);
  await store.put('sessions', 'zoë', { account: 'a1', at: 5, list: [null, 'x'] });
  await store.put('sessions', 'brief', 'value', NOW + 1);
  await store.put('sessions', 'over', 'value', NOW);
  await store.reserveClaim('emails', 'h1', 'a1', NOW + 1);
  await store.confirmClaim('emails', 'h1', 'a1');
  await store.reserveClaim('emails', 'h2', 'a2', NOW + 50);
  await store.close();
  return options;
};

test('a state store moves with its entries, claims and their ends; what has expired counts for nothing', async () => {
  const options = await stateFile();
  const url = database();
  expect(await moveState(options, url, nothing)).toBe(5);
  const store = await openMongoStateStore({ url, clock });
  expect(await store.list('sessions')).toEqual([
    { key: 'brief', value: 'value' },
    { key: 'zoë', value: { account: 'a1', at: 5, list: [null, 'x'] } },
  ]);
  expect(await store.claimOwner('emails', 'h1')).toBe('a1');
  expect(await store.claimOwner('emails', 'h2')).toBeNull();
  expect(await store.reserveClaim('emails', 'h2', 'a3', NOW + 50)).toBe('held');
  await store.close();
  const later = await openMongoStateStore({ url, clock: { now: () => NOW + 1 } });
  expect(await later.get('sessions', 'brief')).toBeNull();
  await later.close();
});

test('a move that was cut off goes on where it was; where anything else is, nothing is written', async () => {
  const options = await stateFile();
  const url = database();
  expect(await moveState(options, url, nothing)).toBe(5);
  const seen: [number, number][] = [];
  expect(await moveState(options, url, (...each) => void seen.push(each))).toBe(5);
  expect(seen).toEqual([[5, 5]]);
  const other = database();
  const store = await openMongoStateStore({ url: other, clock });
  await store.put('sessions', 'zoë', 'another');
  await store.close();
  await expect(moveState(options, other, nothing)).rejects.toMatchObject({ code: 'FOREIGN_STORE' });
  expect(Object.values(double.contents(other.split('/').at(-1)!)).reduce((sum, each) => sum + each, 0)).toBe(1);
});

test('[P7.3] a vault moves with its keys as they are; who is erased, or being erased, stays so', async () => {
  const options = { file: freshFile(), fileKey, wrapKey, random };
  const before = openSqliteVault(options);
  const refs = ['ada', 'bob', 'eve'].map((subject) => ({ workspace: 'w', subject, class: 'profile' as const }));
  for (const { workspace, subject } of refs) (await before.lease(workspace, subject, ['profile'])).release();
  (await before.lease('gone', 'dan', ['profile'])).release();
  await before.close('w', 'bob');
  await before.destroy('w', 'bob');
  await before.close('w', 'eve');
  await before.close('w', 'never-seen');
  await before.closeWorkspace('gone');
  await before.destroyWorkspace('gone');
  const keys = (await before.openingKeys(refs)).map((key) => key && Buffer.from(key).toString('hex'));
  await before.shut();
  const url = database();
  expect(await moveVault(options, url, nothing)).toBe(7);
  const after = await openMongoVault({ url, wrapKey, random });
  const moved = (await after.openingKeys(refs)).map((key) => key && Buffer.from(key).toString('hex'));
  expect(moved).toEqual(keys);
  expect(moved.map((key) => key !== null)).toEqual([true, false, true]);
  expect(await Promise.all(['ada', 'bob', 'eve', 'never-seen'].map((subject) => after.state('w', subject)))).toEqual([
    'active',
    'destroyed',
    'closing',
    'closing',
  ]);
  expect(await after.state('gone', 'dan')).toBe('destroyed');
  await expect(after.lease('w', 'bob', ['profile'])).rejects.toMatchObject({ code: 'SUBJECT_ERASED' });
  await after.shut();
  await expect(openMongoVault({ url, wrapKey: new Uint8Array(32).fill(3), random })).rejects.toMatchObject({
    code: 'WRONG_MASTER_KEY',
  });
});

test('what cannot be moved is refused before anything is opened', async () => {
  const config = {} as Parameters<typeof move>[1];
  for (const options of [
    {},
    { store: 'readModels', from: 'sqlite:/x.db' },
    { store: 'vault', from: 'kurrentdb://x' },
  ]) {
    await expect(move(options, config)).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' });
  }
});
