import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { openRootKey, readKeyring, writeKeyring } from '../../src/vault/keyring.js';
import { fileKms } from '../../src/vault/kms/file.js';
import { transitKms } from '../../src/vault/kms/transit.js';
import { loadOrCreateMasterKey } from '../../src/vault/masterKey.js';
import { rotateMasterKeyFile, rotateTransitKey } from '../../src/vault/rotateMasterKey.js';
import { makeCertificate } from '../support/certificate.js';
import { startTransit } from '../support/transitDouble.js';

let directory: string;
let keyring: string;
let masterKeyFile: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-keyring-'));
  keyring = join(directory, 'master.keyring');
  masterKeyFile = join(directory, 'master.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

const kmsOf = (file = masterKeyFile, mayCreate = false) =>
  fileKms(loadOrCreateMasterKey(file, { mayCreate }).masterKey, pooledRandomBytes);
const open = (kms = kmsOf(), mayCreate = false) =>
  openRootKey({ file: keyring, kms, random: pooledRandomBytes, mayCreate });
const make = () => open(kmsOf(masterKeyFile, true), true);
const wrongKey = expect.objectContaining({ code: 'WRONG_MASTER_KEY' });

test('the root key is made once, is not in the file in clear, and comes back the same', async () => {
  const rootKey = await make();
  expect(rootKey).toHaveLength(32);
  expect(await open()).toEqual(rootKey);
  expect(await make()).toEqual(rootKey);
  expect(statSync(keyring).mode & 0o777).toBe(0o600);
  const text = readFileSync(keyring, 'utf8');
  for (const encoding of ['hex', 'base64', 'base64url'] as const)
    expect(text).not.toContain(rootKey.toString(encoding));
});

test('a missing ring, another master key and a changed ring are refused, and nothing is written', async () => {
  await make();
  const text = readFileSync(keyring, 'utf8');
  const other = kmsOf(join(directory, 'other.key'), true);
  await expect(open(other)).rejects.toEqual(wrongKey);
  await expect(open(other, true)).rejects.toEqual(wrongKey);
  for (const changed of ['', '{}', text.slice(0, -9), text.replace('keyring-1', 'keyring-9')]) {
    writeFileSync(keyring, changed);
    await expect(open(kmsOf(), true)).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect(readFileSync(keyring, 'utf8')).toBe(changed);
  }
  rmSync(keyring);
  await expect(open()).rejects.toEqual(wrongKey);
  expect(existsSync(keyring)).toBe(false);
});

test('[P5.1] after a change of the master key the new one alone opens the ring, to the same root key', async () => {
  const rootKey = await make();
  const before = kmsOf();
  await rotateMasterKeyFile(masterKeyFile, keyring);
  expect(kmsOf().id).not.toBe(before.id);
  expect(await open()).toEqual(rootKey);
  await expect(open(before)).rejects.toEqual(wrongKey);
  expect(readKeyring(keyring)?.root).toHaveLength(1);
  expect(existsSync(`${masterKeyFile}.next`)).toBe(false);
  expect(statSync(masterKeyFile).mode & 0o777).toBe(0o600);
});

test('[P5.1] a change of the master key that a crash cut off anywhere leaves a ring that opens, and can be run again', async () => {
  const rootKey = await make();
  const [old, oldRing] = [join(directory, 'old.key'), readKeyring(keyring)!];
  copyFileSync(masterKeyFile, old);
  const next = `${masterKeyFile}.next`;
  const nextKms = kmsOf(next, true);
  const both = { ...oldRing, root: [...oldRing.root, { kms: nextKms.id, wrapped: await nextKms.wrap(rootKey) }] };
  const madeNext = readFileSync(next);
  const moments: [string, () => void][] = [
    ['once the new key is made', () => writeKeyring(keyring, oldRing)],
    ['once the ring opens under both', () => writeKeyring(keyring, both)],
    [
      'once the new key is in the place of the old one',
      () => {
        writeKeyring(keyring, both);
        rmSync(next);
        writeFileSync(masterKeyFile, madeNext, { mode: 0o600 });
      },
    ],
  ];
  for (const [moment, arrange] of moments) {
    copyFileSync(old, masterKeyFile);
    writeFileSync(next, madeNext, { mode: 0o600 });
    arrange();
    expect([moment, await open()]).toEqual([moment, rootKey]);
    await rotateMasterKeyFile(masterKeyFile, keyring);
    expect([moment, await open()]).toEqual([moment, rootKey]);
    await expect(open(kmsOf(old))).rejects.toEqual(wrongKey);
    expect(readKeyring(keyring)?.root).toHaveLength(1);
  }
});

test('a start after such a crash shuts the old master key out by itself', async () => {
  const rootKey = await make();
  const ring = readKeyring(keyring)!;
  const next = kmsOf(join(directory, 'new.key'), true);
  writeKeyring(keyring, { ...ring, root: [...ring.root, { kms: next.id, wrapped: await next.wrap(rootKey) }] });
  expect(await open(next)).toEqual(rootKey);
  await expect(open()).rejects.toEqual(wrongKey);
});

test('[P5.1] with a transit engine the ring is wrapped under the new version of the key', async () => {
  const certificate = makeCertificate();
  const engine = await startTransit(certificate, 'token');
  const [tokenFile, caFile] = [join(directory, 'token'), join(directory, 'ca.pem')];
  writeFileSync(tokenFile, 'token', { mode: 0o600 });
  writeFileSync(caFile, certificate.cert);
  const kms = transitKms({ url: engine.url, keyName: 'crm', tokenFile, caFile });
  const rootKey = await open(kms, true);
  await rotateTransitKey(kms, keyring);
  expect(readKeyring(keyring)?.root).toEqual([{ kms: 'transit:crm', wrapped: expect.stringMatching(/^vault:v2:/) }]);
  engine.retireOldVersions();
  expect(await open(kms)).toEqual(rootKey);
  engine.sayOnly(503, '{}');
  await expect(rotateTransitKey(kms, keyring)).rejects.toMatchObject({ code: 'KMS_FAILED' });
  await expect(open(kms)).rejects.toMatchObject({ code: 'KMS_FAILED' });
  await engine.close();
});
