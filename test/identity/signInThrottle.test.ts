import { isCrmError } from '../../src/errors.js';
import { SignInThrottle } from '../../src/identity/access/signInThrottle.js';
import { MemoryBuckets } from '../../src/kernel/buckets.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let now: number;
let throttle: SignInThrottle;
let store: ReturnType<typeof openSqliteStateStore>;

beforeEach(() => {
  now = 1_700_000_000_000;
  const clock = { now: () => now };
  store = openSqliteStateStore({ file: `${directory.path()}/${Math.random()}.db`, fileKey: Buffer.alloc(32), clock });
  throttle = new SignInThrottle({
    buckets: new MemoryBuckets(clock),
    stateStore: store,
    clock,
    hide: (value) => value,
  });
});
afterEach(() => store.close());

const EMAIL = 'ada@example.com';
const HOME = '198.51.100.4';
const DEVICE = 'a-device-secret-of-22-letters';

/** Wrong passwords until one is refused, at most so many. Answers how many were let through. */
const guess = async (times: number, attempt: { email?: string; address?: string; device?: string }) => {
  for (let n = 0; n < times; n += 1) {
    try {
      await throttle.admit({ email: EMAIL, address: undefined, device: undefined, ...attempt });
    } catch (error) {
      if (!isCrmError(error, 'RATE_LIMITED')) throw error;
      return n;
    }
  }
  return times;
};
const signIn = async (attempt: { address?: string; device?: string; email?: string }) =>
  (await throttle.admit({ email: EMAIL, address: undefined, device: undefined, ...attempt })).succeeded('account');
/** As many addresses as it takes to use up what an account allows to places that it does not know. */
const guessFromEverywhere = async () => {
  for (let n = 1; n <= 30; n += 1) await guess(10, { address: `203.0.113.${n}` });
};

test('[P3.6] after ten wrong passwords from one place, one a minute may be tried', async () => {
  expect(await guess(20, { address: HOME })).toBe(10);
  await expect(throttle.admit({ email: EMAIL, address: HOME, device: undefined })).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { retryAfter: 60 },
  });
  now += 60_000;
  expect(await guess(5, { address: HOME })).toBe(1);
});

test('guesses made all at once count as many', async () => {
  const attempts = Array.from({ length: 40 }, () =>
    throttle.admit({ email: EMAIL, address: HOME, device: undefined }).then(
      () => 1,
      () => 0,
    ),
  );
  expect((await Promise.all(attempts)).reduce<number>((sum, each) => sum + each, 0)).toBe(10);
});

test('the case of an address does not make another account', async () => {
  await guess(10, { address: HOME });
  expect(await guess(1, { address: HOME, email: EMAIL.toUpperCase() })).toBe(0);
});

test('right passwords do not count', async () => {
  for (let n = 0; n < 30; n += 1) await signIn({ address: HOME });
  expect(await guess(20, { address: HOME })).toBe(10);
});

test('one address that tries one password on many accounts is stopped', async () => {
  let through = 0;
  for (let n = 0; n < 80; n += 1) through += await guess(1, { address: HOME, email: `person-${n}@example.com` });
  expect(through).toBe(50);
});

test('[P3.6] many addresses that guess at one account are stopped together', async () => {
  await guessFromEverywhere();
  expect(await guess(1, { address: '192.0.2.9' })).toBe(0);
});

test('[P3.6] whoever guesses at an account does not lock its owner out where they have signed in before', async () => {
  await signIn({ address: HOME });
  await guessFromEverywhere();
  await expect(signIn({ address: HOME })).resolves.toBeUndefined();
});

test('[P3.6] nor from behind the same address, where the owner’s device sends its secret', async () => {
  await signIn({ address: HOME, device: DEVICE });
  await guess(20, { address: HOME });
  expect(await guess(1, { address: HOME })).toBe(0);
  await expect(signIn({ address: HOME, device: DEVICE })).resolves.toBeUndefined();
  await expect(signIn({ address: '192.0.2.77', device: DEVICE })).resolves.toBeUndefined();
});

test('a made-up device is no way around the count', async () => {
  await guess(10, { address: HOME });
  expect(await guess(1, { address: HOME, device: 'another-secret-of-22-letters' })).toBe(0);
});

test('a device known to one account is unknown to another', async () => {
  await signIn({ address: HOME, device: DEVICE });
  await guess(10, { address: HOME, email: 'bob@example.com' });
  expect(await guess(1, { address: HOME, device: DEVICE, email: 'bob@example.com' })).toBe(0);
});

test('a known device too has only so many guesses', async () => {
  await signIn({ address: HOME, device: DEVICE });
  expect(await guess(20, { address: HOME, device: DEVICE })).toBe(10);
});

test('a place is forgotten after ninety days', async () => {
  await signIn({ address: HOME });
  now += 91 * 24 * 3600 * 1000;
  await guessFromEverywhere();
  expect(await guess(1, { address: HOME })).toBe(0);
});

test('[P6.3] the places of a closed account are forgotten, and nobody else’s', async () => {
  await signIn({ address: HOME, device: DEVICE });
  await (await throttle.admit({ email: 'bob@example.com', address: HOME, device: undefined })).succeeded('bob');
  expect(await throttle.forget('account')).toBe(2);
  expect(await store.list('sign-in-places')).toHaveLength(1);
  expect(await store.list('sign-in-places-of')).toMatchObject([{ key: expect.stringMatching(/^bob\//) }]);
});
