import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrCreateMasterKey } from '../../src/vault/masterKey.js';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-master-'));
  file = join(directory, 'master.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

const unusable = (reason: RegExp) =>
  expect.objectContaining({
    code: 'BAD_CONFIGURATION',
    details: { reason: expect.stringMatching(reason) },
  });
const load = () => loadOrCreateMasterKey(file, { mayCreate: false });
const create = () => loadOrCreateMasterKey(file, { mayCreate: true });

test('a missing key is made where that is allowed, for its owner alone, and read back the same', () => {
  const made = create();
  expect(made.created).toBe(true);
  expect(made.masterKey).toHaveLength(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(load()).toEqual({ masterKey: made.masterKey, created: false });
  expect(create()).toEqual({ masterKey: made.masterKey, created: false });
});

test('a missing key is refused where it may not be made', () => {
  expect(load).toThrow(unusable(/missing/));
  expect(existsSync(file)).toBe(false);
});

test('every key made is another', () => {
  const first = create().masterKey;
  rmSync(file);
  expect(create().masterKey).not.toEqual(first);
});

test.each([0o640, 0o604, 0o620, 0o601, 0o660])('a file with mode %o is refused', (mode) => {
  create();
  chmodSync(file, mode);
  expect(load).toThrow(unusable(/mode has to be 0600/));
  expect(create).toThrow(unusable(/mode has to be 0600/));
});

test('a key may be made unwritable for its owner too', () => {
  const { masterKey } = create();
  chmodSync(file, 0o400);
  expect(load().masterKey).toEqual(masterKey);
});

test('what is not a master key is refused, and left as it is', () => {
  for (const content of ['', 'hunter2\n', 'bpo-crm-master-key-1:\n', 'x'.repeat(10_000)]) {
    writeFileSync(file, content, { mode: 0o600 });
    expect(create).toThrow(unusable(/format/));
    expect(readFileSync(file, 'utf8')).toBe(content);
  }
});

test('any changed character of the file is refused', () => {
  // All zeros in base64url is all A; a B in its last place differs only in bits beyond the 32 bytes.
  loadOrCreateMasterKey(file, { mayCreate: true, random: () => Buffer.alloc(32) });
  const text = readFileSync(file, 'utf8');
  for (let at = 0; at < text.length - 1; at++) {
    for (const other of ['A', 'B', '0'].filter((character) => character !== text[at])) {
      writeFileSync(file, text.slice(0, at) + other + text.slice(at + 1));
      expect(load).toThrow(unusable(/format|checksum/));
    }
  }
});

test('a key that is cut short or lengthened is refused', () => {
  create();
  const text = readFileSync(file, 'utf8');
  for (const content of [text.slice(0, -2), text.slice(0, 40), `${text}\n`, ` ${text}`]) {
    writeFileSync(file, content);
    expect(load).toThrow(unusable(/format/));
  }
});

test('a line that lost its end, as editors and secret stores do, is still the key', () => {
  const { masterKey } = create();
  writeFileSync(file, readFileSync(file, 'utf8').trimEnd());
  expect(load().masterKey).toEqual(masterKey);
});

test('a directory, or a place where nothing can be made, is refused', () => {
  mkdirSync(file, { mode: 0o700 });
  expect(create).toThrow(unusable(/regular file/));
  file = join(directory, 'nowhere', 'master.key');
  expect(create).toThrow(unusable(/cannot be created/));
});
