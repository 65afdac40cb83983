import type { RetentionClass } from '../../src/kernel/personal.js';
import { SubjectCache } from '../../src/vault/subjectCache.js';

const ref = (subject: string, retentionClass: RetentionClass = 'profile') => ({
  workspace: 'w',
  subject,
  class: retentionClass,
});
const newKey = () => Buffer.alloc(32, 7);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const zeros = Buffer.alloc(32);

test('beyond the bound the key used least recently goes, and is zeroed', async () => {
  const cache = new SubjectCache(2);
  const [a, b, c] = [newKey(), newKey(), newKey()];
  cache.put(ref('a'), a);
  cache.put(ref('b'), b);
  expect(cache.key(ref('a'))).toBe(a);
  cache.put(ref('c'), c);
  expect(cache.keyCount).toBe(2);
  expect(cache.key(ref('b'))).toBeUndefined();
  await nextTurn();
  expect([a, b, c]).toEqual([newKey(), zeros, newKey()]);
});

test('an evicted key stays good until the turn has ended, whatever is awaited in it that is done already', async () => {
  const cache = new SubjectCache(1);
  const key = newKey();
  cache.put(ref('a'), key);
  cache.put(ref('b'), newKey());
  for (let step = 0; step < 100; step++) await Promise.resolve();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  expect(key).toEqual(newKey());
  await nextTurn();
  expect(key).toEqual(zeros);
});

test('a held subject is not evicted, and is as soon as it is let go', async () => {
  const cache = new SubjectCache(1);
  const key = newKey();
  const held = cache.hold('w', 'a');
  cache.put(ref('a'), key);
  cache.hold('w', 'b');
  for (const subject of ['b', 'c', 'd']) cache.put(ref(subject), newKey());
  await nextTurn();
  expect(cache.key(ref('a'))).toBe(key);
  expect(key).toEqual(newKey());
  expect(cache.keyCount).toBe(2);
  cache.letGo(held);
  expect(cache.keyCount).toBe(1);
  await nextTurn();
  expect(cache.key(ref('a'))).toBeUndefined();
  expect(key).toEqual(zeros);
});

test('a subject keeps what is known of it for as long as somebody holds it', () => {
  const cache = new SubjectCache(1);
  const held = cache.hold('w', 'a');
  held.standing = 'fenced';
  const again = cache.hold('w', 'a');
  expect(again).toBe(held);
  cache.letGo(held);
  expect(cache.hold('w', 'a')).toBe(held);
  cache.letGo(held);
  cache.letGo(held);
  expect(cache.hold('w', 'a').standing).toBe('unread');
});

test('dropping some classes of a subject zeroes those and leaves the others', async () => {
  const cache = new SubjectCache(10);
  const [profile, financial] = [newKey(), newKey()];
  cache.put(ref('a'), profile);
  cache.put(ref('a', 'financial'), financial);
  const held = cache.hold('w', 'a');
  await cache.drop(held, ['profile', 'content']);
  expect([profile, financial]).toEqual([zeros, newKey()]);
  expect(cache.keyCount).toBe(1);
  await cache.clear();
  expect(financial).toEqual(zeros);
  expect(cache.keyCount).toBe(0);
});

test('a second copy of a key is refused: only one could be zeroed later', () => {
  const cache = new SubjectCache(10);
  cache.put(ref('a'), newKey());
  expect(() => cache.put(ref('a'), newKey())).toThrow(/already/);
});
