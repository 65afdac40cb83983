import { MongoClient } from 'mongodb';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import type { RetentionClass } from '../../src/kernel/personal.js';
import { openMongoVault } from '../../src/vault/mongodb.js';
import type { Vault } from '../../src/vault/port.js';
import { freshName } from '../support/engines.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';
import { type VirtualTime, virtualTime } from '../support/virtualTime.js';

/** Two processes over one vault, on a double of MongoDB: nothing here tells what the engine itself does. */
let double: MongoDouble;
let database: string;
let client: MongoClient;
let time: VirtualTime;
let opened: Vault[];
let one: Vault;
let other: Vault;
/** While it is set, the other process stands still as SIGSTOP leaves it: it neither says that it lives nor looks for calls. */
let frozen: Promise<void> | undefined;
let thaw: () => void;

const openVault = async (pause: VirtualTime['pause'] = time.pause, wrapKey = Buffer.alloc(32, 2)): Promise<Vault> => {
  const url = `${double.url}/${database}`;
  const vault = await openMongoVault({ url, wrapKey, random: pooledRandomBytes, time: { clock: time, pause } });
  opened.push(vault);
  return vault;
};
const freeze = () => {
  frozen = new Promise((resolve) => {
    thaw = () => {
      frozen = undefined;
      resolve();
    };
  });
};

beforeAll(async () => {
  double = await startMongoDouble();
});
afterAll(() => double.close());
beforeEach(async () => {
  database = freshName();
  client = new MongoClient(double.url);
  time = virtualTime();
  opened = [];
  thaw = () => undefined;
  one = await openVault();
  other = await openVault(async (ms) => {
    await time.pause(ms);
    await frozen;
  });
});
afterEach(async () => {
  thaw();
  double.before = () => undefined;
  for (const vault of opened) await settledWith(vault.shut());
  await client.close();
});

/** Lets time go by until this is done; answers how many milliseconds it took, and what it came to. */
const timed = async <T>(work: Promise<T>): Promise<{ took: number; result: T }> => {
  const from = time.now();
  let settled = false;
  const noted = work.finally(() => {
    settled = true;
  });
  noted.catch(() => undefined);
  for (let passed = 0; !settled && passed < 20_000; passed += 100) await time.pass(100);
  if (!settled) throw new Error('It does not come to an end.');
  return { took: time.now() - from, result: await noted };
};
const settledWith = async <T>(work: Promise<T>): Promise<T> => (await timed(work)).result;
const W = 'workspace-1';
const ref = (subject: string, retentionClass: RetentionClass = 'profile') => ({
  workspace: W,
  subject,
  class: retentionClass,
});
const make = async (vault: Vault, subject: string, classes: readonly RetentionClass[] = ['profile']) =>
  (await vault.lease(W, subject, classes)).release();
const openingKey = async (vault: Vault, subject: string) => {
  const [key] = await vault.openingKeys([ref(subject)]);
  return key && Buffer.from(key).toString('hex');
};
const documents = (name: string) => client.db(database).collection<{ _id: string }>(`vault.${name}`);
const erased = expect.objectContaining({ code: 'SUBJECT_ERASED' });

test('[P7.3] closing waits for a lease of another process, which lends no more, and ends once that one is back', async () => {
  await make(one, 'grace');
  const lease = await other.lease(W, 'grace', ['profile']);
  let closed = false;
  const closing = one.close(W, 'grace').then(() => {
    closed = true;
  });
  await time.pass(10_000);
  expect(closed).toBe(false);
  expect(Buffer.from(lease.key('profile')).equals(Buffer.alloc(32))).toBe(false);
  await expect(other.lease(W, 'grace', ['profile'])).rejects.toEqual(erased);
  lease.release();
  expect((await timed(closing)).took).toBeLessThan(1_000);
});

test('closing a workspace waits for the leases of other processes as well', async () => {
  const lease = await other.lease(W, 'grace', ['profile']);
  let closed = false;
  const closing = one.closeWorkspace(W).then(() => {
    closed = true;
  });
  await time.pass(10_000);
  expect(closed).toBe(false);
  await expect(other.lease(W, 'ada', ['profile'])).rejects.toEqual(erased);
  lease.release();
  await settledWith(closing);
  await settledWith(one.destroyWorkspace(W));
  expect(await openingKey(other, 'grace')).toBeNull();
});

test('a process that stands still is waited for until its lease is over, and cannot seal with a key that it was lent', async () => {
  const lease = await other.lease(W, 'grace', ['profile']);
  freeze();
  const { took } = await timed(one.close(W, 'grace'));
  expect(took).toBeGreaterThanOrEqual(6_000);
  expect(took).toBeLessThan(8_000);
  const gone = expect.objectContaining({ code: 'STORE_UNREACHABLE' });
  expect(() => lease.key('profile')).toThrow(gone);
  expect(() => lease.assertHeld()).toThrow(gone);
  thaw();
  await time.pass(2_000);
  expect(() => lease.key('profile')).toThrow(gone);
  expect(() => lease.assertHeld()).toThrow(gone);
  await expect(other.lease(W, 'grace', ['profile'])).rejects.toEqual(erased);
  lease.release();
  await make(other, 'ada');
});

test('the lease of a process that stands still is over for itself before it is for others', async () => {
  const lease = await other.lease(W, 'grace', ['profile']);
  freeze();
  let closed = false;
  const closing = one.close(W, 'grace').then(() => {
    closed = true;
  });
  let refusedAt = Number.POSITIVE_INFINITY;
  for (; !closed; await time.pass(100)) {
    try {
      lease.key('profile');
    } catch {
      refusedAt = Math.min(refusedAt, time.now());
    }
  }
  await closing;
  expect(time.now() - refusedAt).toBeGreaterThanOrEqual(1_000);
});

test('a process that was ended, or has gone before, is not waited for twice', async () => {
  await make(other, 'grace');
  freeze();
  await settledWith(one.close(W, 'grace'));
  expect((await timed(one.close(W, 'ada'))).took).toBeLessThan(1_000);
  thaw();
  await time.pass(2_000);
  await settledWith(other.shut());
  expect((await timed(one.close(W, 'joan'))).took).toBeLessThan(1_000);
});

test('[P7.3] a key that one process destroys is zeroed in the memory of every other, and opens nothing there', async () => {
  await make(one, 'grace');
  const [inMemory] = await other.openingKeys([ref('grace')]);
  await settledWith(one.close(W, 'grace'));
  await settledWith(one.destroy(W, 'grace'));
  expect(Buffer.from(inMemory!)).toEqual(Buffer.alloc(32));
  expect(await openingKey(other, 'grace')).toBeNull();
});

test('a process that stands still while a key is destroyed does not open it from memory afterwards', async () => {
  await make(one, 'grace');
  expect(await openingKey(other, 'grace')).toMatch(/[1-9a-f]/);
  freeze();
  await settledWith(one.close(W, 'grace'));
  await settledWith(one.destroy(W, 'grace'));
  expect(await openingKey(other, 'grace')).toBeNull();
});

test('destroying what another process is closing waits for the leases that that one waits for', async () => {
  const lease = await other.lease(W, 'grace', ['profile']);
  await documents('subjects').updateOne({}, { $set: { state: 'closing' } });
  let destroyed = false;
  const destroying = one.destroy(W, 'grace').then(() => {
    destroyed = true;
  });
  await time.pass(10_000);
  expect(destroyed).toBe(false);
  lease.release();
  await settledWith(destroying);
});

test("a workspace's key is changed while several processes make keys under it: all of them open afterwards", async () => {
  for (const subject of ['grace', 'ada']) await make(other, subject);
  const known = await openingKey(one, 'grace');
  let rotated = false;
  const rotating = one.rotateWorkspaceKey(W).then(() => {
    rotated = true;
  });
  const people: string[] = [];
  while (!rotated) {
    people.push(`person-${people.length}`);
    await make(other, people.at(-1)!);
    await time.pass(50);
  }
  await rotating;
  await make(other, 'last');
  const third = await openVault();
  expect(await openingKey(third, 'grace')).toBe(known);
  for (const subject of [...people, 'last']) {
    expect(await openingKey(third, subject)).toBe(await openingKey(other, subject));
  }
  expect(await documents('workspaces').find({}).toArray()).toEqual([expect.objectContaining({ next: null })]);
});

test('where the store does not answer, keys in memory are good for four seconds and no longer', async () => {
  await make(one, 'grace');
  double.before = () => new Promise((_, reject) => reject(new Error('away')));
  await time.pass(3_000);
  await make(one, 'grace');
  await time.pass(2_000);
  await expect(one.lease(W, 'grace', ['profile'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(one.openingKeys([ref('grace')])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  double.before = () => undefined;
  await make(one, 'grace');
});

describe('what was destroyed is refused for ever', () => {
  test('also where a document of before is put back', async () => {
    await make(one, 'grace', ['profile', 'content']);
    const before = (await documents('subjects').findOne({}))!;
    const workspace = (await documents('workspaces').findOne({}))!;
    await settledWith(one.close(W, 'grace'));
    await settledWith(one.destroy(W, 'grace'));
    await documents('subjects').replaceOne({ _id: before._id }, before);
    const third = await openVault();
    expect(await openingKey(third, 'grace')).toBeNull();
    await expect(make(third, 'grace')).rejects.toMatchObject({ code: 'KEY_DESTROYED' });

    await make(one, 'ada');
    await settledWith(one.closeWorkspace(W));
    await settledWith(one.destroyWorkspace(W));
    await documents('workspaces').replaceOne({ _id: workspace._id }, workspace);
    expect(await openingKey(await openVault(), 'ada')).toBeNull();
  });

  test('also where chance brings the key again', async () => {
    const url = `${double.url}/${freshName()}`;
    const random = (size: number) => Buffer.alloc(size, 5);
    const vault = await openMongoVault({ url, wrapKey: Buffer.alloc(32, 2), random });
    await make(vault, 'grace');
    await vault.close(W, 'grace');
    await vault.destroy(W, 'grace');
    await expect(make(vault, 'ada')).rejects.toMatchObject({ code: 'KEY_DESTROYED' });
    expect(await vault.state(W, 'ada')).toBe('unknown');
    await vault.shut();
  });
});

test('no key is in the documents in clear, and one that was moved to another subject does not open', async () => {
  await make(one, 'grace');
  await make(one, 'ada');
  const key = await openingKey(one, 'grace');
  const stored = await documents('subjects').find({}).toArray();
  for (const encoding of ['hex', 'base64'] as const) {
    expect(JSON.stringify(stored)).not.toContain(Buffer.from(key!, 'hex').toString(encoding));
  }
  const [grace, ada] = stored as unknown as { _id: string; keys: { profile: { wrapped: string } } }[];
  await documents('subjects').updateOne(
    { _id: ada!._id },
    { $set: { 'keys.profile.wrapped': grace!.keys.profile.wrapped } },
  );
  await expect(openingKey(other, 'ada')).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
});

test('another wrapping key is told from a damaged store', async () => {
  await make(one, 'grace');
  await expect(openVault(time.pause, Buffer.alloc(32, 9))).rejects.toMatchObject({ code: 'WRONG_MASTER_KEY' });
});
