import { hkdfSync } from 'node:crypto';
import { keyedHash, keysOfRoot } from '../../src/vault/keys.js';

const rootKey = Buffer.from(Array.from({ length: 32 }, (_, at) => at));

test('each purpose has a key of its own, of 32 bytes, the same at every start', () => {
  const keys = keysOfRoot(rootKey);
  const hex = Object.values(keys).map((key) => key.toString('hex'));
  expect(Object.keys(keys).sort()).toEqual([
    ...['accessLog', 'backups', 'claims', 'events', 'pseudonyms', 'state', 'suppression', 'vault', 'wrap'],
  ]);
  expect(new Set(hex).size).toBe(9);
  for (const key of hex) expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(keysOfRoot(rootKey)).toEqual(keys);
  expect(keysOfRoot(Buffer.alloc(32, 9)).events).not.toEqual(keys.events);
});

test('the labels are the ones fixed from the first event', () => {
  const derived = (label: string) => Buffer.from(hkdfSync('sha256', rootKey, Buffer.alloc(0), label, 32));
  expect(keysOfRoot(rootKey)).toEqual({
    events: derived('bpo-crm file events v1'),
    backups: derived('bpo-crm backups v1'),
    vault: derived('bpo-crm file vault v1'),
    state: derived('bpo-crm file state v1'),
    claims: derived('bpo-crm claims v1'),
    suppression: derived('bpo-crm suppression v1'),
    pseudonyms: derived('bpo-crm pseudonyms v1'),
    accessLog: derived('bpo-crm access log v1'),
    wrap: derived('bpo-crm workspace key wrap v1'),
  });
});

test('a root key of another length is refused', () => {
  expect(() => keysOfRoot(Buffer.alloc(31))).toThrow(TypeError);
});

test('a keyed hash depends on key, space and value, and says nothing of them', () => {
  const { claims } = keysOfRoot(rootKey);
  const hash = keyedHash(claims, 'account.email', 'grace@acme.example');
  expect(hash).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(keyedHash(claims, 'account.email', 'grace@acme.example')).toBe(hash);
  expect(keyedHash(claims, 'account.email', 'ada@acme.example')).not.toBe(hash);
  expect(keyedHash(claims, 'contact.email', 'grace@acme.example')).not.toBe(hash);
  expect(keyedHash(rootKey, 'account.email', 'grace@acme.example')).not.toBe(hash);
  expect(keyedHash(claims, 'ab', 'c')).not.toBe(keyedHash(claims, 'a', 'bc'));
});
