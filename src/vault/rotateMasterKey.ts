import { CrmError } from '../errors.js';
import { pooledRandomBytes } from '../kernel/ids.js';
import { type Keyring, keepOnly, readKeyring, replaceFile, unwrapRoot, writeKeyring } from './keyring.js';
import { fileKms } from './kms/file.js';
import type { TransitKms } from './kms/transit.js';
import { loadOrCreateMasterKey } from './masterKey.js';

/**
 * Puts a new master key in the place of the one in a file. After a crash at any point the ring opens under the key that
 * is in the file, and running this again ends with a new one. Neither events nor any other key is touched.
 * Errors: BAD_CONFIGURATION, WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const rotateMasterKeyFile = async (masterKeyFile: string, keyringFile: string): Promise<void> => {
  const ring = existingRing(keyringFile);
  const current = kmsOf(masterKeyFile, false);
  const rootKey = await unwrapRoot(ring, current);
  const nextFile = `${masterKeyFile}.next`;
  // One that a crash has left may be in the ring already.
  const next = kmsOf(nextFile, true);
  const ours = ring.root.filter(({ kms }) => kms === current.id);
  const both: Keyring = { ...ring, root: [...ours, { kms: next.id, wrapped: await next.wrap(rootKey) }] };
  rootKey.fill(0);
  writeKeyring(keyringFile, both);
  replaceFile(nextFile, masterKeyFile);
  keepOnly(keyringFile, both, next.id);
};

/**
 * Has the service make a new version of its key, and the ring wrapped under that.
 * Errors: WRONG_MASTER_KEY, CORRUPT_STORE, KMS_FAILED.
 */
export const rotateTransitKey = async (kms: TransitKms, keyringFile: string): Promise<void> => {
  const ring = existingRing(keyringFile);
  const ours = ring.root.find((each) => each.kms === kms.id);
  if (ours === undefined) throw new CrmError('WRONG_MASTER_KEY');
  await kms.rotate();
  writeKeyring(keyringFile, { ...ring, root: [{ kms: kms.id, wrapped: await kms.rewrap(ours.wrapped) }] });
};

const existingRing = (file: string): Keyring => {
  const ring = readKeyring(file);
  if (ring === null) throw new CrmError('WRONG_MASTER_KEY', { reason: 'There is no keyring yet.' });
  return ring;
};

const kmsOf = (file: string, mayCreate: boolean) => {
  const { masterKey } = loadOrCreateMasterKey(file, { mayCreate });
  const kms = fileKms(masterKey, pooledRandomBytes);
  masterKey.fill(0);
  return kms;
};
