import { existsSync } from 'node:fs';
import { CrmError } from '../errors.js';
import { pooledRandomBytes } from '../kernel/ids.js';
import { openRootKey } from '../vault/keyring.js';
import { type DerivedKeys, keysOfRoot } from '../vault/keys.js';
import { fileKms } from '../vault/kms/file.js';
import type { Kms } from '../vault/kms/port.js';
import { transitKms } from '../vault/kms/transit.js';
import { loadOrCreateMasterKey } from '../vault/masterKey.js';
import { rotateMasterKeyFile, rotateTransitKey } from '../vault/rotateMasterKey.js';
import type { Config } from './config.js';

export type KeyConfig = Pick<Config, 'masterKeyFile' | 'keyringFile' | 'kms'>;

/**
 * The keys of an installation, as they derive from its root key. With `mayCreate` that is made, and the master key where
 * that is a file, if they are not there; `made` is told so.
 * Errors: WRONG_MASTER_KEY, BAD_CONFIGURATION, CORRUPT_STORE, KMS_FAILED.
 */
export const loadKeys = async (config: KeyConfig, mayCreate = false, made?: () => void): Promise<DerivedKeys> => {
  const kms = config.kms === undefined ? kmsOfFile(config, mayCreate, made) : transitKms(config.kms);
  const rootKey = await openRootKey({ file: keyringFileOf(config), kms, random: pooledRandomBytes, mayCreate });
  const keys = keysOfRoot(rootKey);
  rootKey.fill(0);
  return keys;
};

/** Beside the master key, unless it was said where. */
export const keyringFileOf = ({ keyringFile, masterKeyFile }: KeyConfig): string =>
  keyringFile ?? `${masterKeyFile.replace(/\.key$/, '')}.keyring`;

/** Changes the master key of an installation that nobody has open. Errors: as `loadKeys`. */
export const rotateMasterKey = (config: KeyConfig): Promise<void> =>
  config.kms === undefined
    ? rotateMasterKeyFile(config.masterKeyFile, keyringFileOf(config))
    : rotateTransitKey(transitKms(config.kms), keyringFileOf(config));

const kmsOfFile = ({ masterKeyFile }: KeyConfig, mayCreate: boolean, made?: () => void): Kms => {
  if (!mayCreate && !existsSync(masterKeyFile)) {
    throw new CrmError('WRONG_MASTER_KEY', {
      reason: 'There is data, but no master key file: without its key the data cannot be read.',
    });
  }
  const { masterKey, created } = loadOrCreateMasterKey(masterKeyFile, { mayCreate });
  if (created) made?.();
  const kms = fileKms(masterKey, pooledRandomBytes);
  masterKey.fill(0);
  return kms;
};
