import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CrmError } from '../errors.js';
import { canonicalJson } from '../kernel/canonical.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { Kms } from './kms/port.js';
import { syncDirectory } from './masterKey.js';

const ROOT_KEY_BYTES = 32;

const form = z.strictObject({
  format: z.literal('bpo-crm-keyring-1'),
  /** The root key, wrapped by the master key: while that is being changed, by the old one and then by the new one. */
  root: z
    .array(z.strictObject({ kms: z.string(), wrapped: z.string() }))
    .min(1)
    .max(2),
});
export type Keyring = z.infer<typeof form>;

export interface KeyringOptions {
  readonly file: string;
  readonly kms: Kms;
  readonly random: RandomBytes;
  /** Whether a ring is made where there is no file: on the first start alone. */
  readonly mayCreate: boolean;
}

/**
 * The root key of an installation: 32 random bytes, from which its other keys derive (`keys.ts`), kept in a small file
 * wrapped by the master key. So a change of the master key touches this file and nothing else.
 * The caller zeroes it once the others are derived. Errors: WRONG_MASTER_KEY where the file is missing and may not be
 * made, or opens under another master key; CORRUPT_STORE where it is not as it was written; KMS_FAILED.
 */
export const openRootKey = async ({ file, kms, random, mayCreate }: KeyringOptions): Promise<Buffer> => {
  const ring = readKeyring(file);
  if (ring !== null) {
    const rootKey = await unwrapRoot(ring, kms);
    // The change to this master key was cut off when only the last step was left.
    if (ring.root.length > 1 && ring.root[1]?.kms === kms.id) keepOnly(file, ring, kms.id);
    return rootKey;
  }
  if (!mayCreate) {
    throw new CrmError('WRONG_MASTER_KEY', { reason: 'The keyring is missing: without it the data cannot be read.' });
  }
  const rootKey = random(ROOT_KEY_BYTES);
  const wrapped = await kms.wrap(rootKey);
  writeKeyring(file, { format: 'bpo-crm-keyring-1', root: [{ kms: kms.id, wrapped }] });
  return rootKey;
};

/** The ring in a file; `null` where there is none. Error: CORRUPT_STORE. */
export const readKeyring = (file: string): Keyring | null => {
  try {
    return form.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return null;
    throw new CrmError('CORRUPT_STORE', { reason: 'The keyring is damaged.' }, { cause });
  }
};

/** Errors: WRONG_MASTER_KEY, KMS_FAILED. */
export const unwrapRoot = async ({ root }: Keyring, kms: Kms): Promise<Buffer> => {
  const ours = root.find((each) => each.kms === kms.id);
  if (ours === undefined) throw new CrmError('WRONG_MASTER_KEY');
  const rootKey = await kms.unwrap(ours.wrapped);
  if (rootKey.length !== ROOT_KEY_BYTES) throw new CrmError('WRONG_MASTER_KEY');
  return rootKey;
};

/** From here the ring opens under this master key alone. */
export const keepOnly = (file: string, ring: Keyring, kms: string): void => {
  writeKeyring(file, { ...ring, root: ring.root.filter((each) => each.kms === kms) });
};

/**
 * Puts a ring in the place of another: whole or not at all after a crash. The bytes of the old one are overwritten, as
 * far as the file system does that in place.
 */
export const writeKeyring = (file: string, ring: Keyring): void => {
  const next = `${file}.next`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const descriptor = openSync(next, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    writeFileSync(descriptor, `${canonicalJson(form.parse(ring))}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  replaceFile(next, file);
};

/** Renames a file over another, whose bytes are overwritten. On disk when this returns. */
export const replaceFile = (next: string, file: string): void => {
  const old = openIfThere(file);
  try {
    renameSync(next, file);
    syncDirectory(dirname(file));
    if (old !== null) overwrite(old);
  } finally {
    if (old !== null) closeSync(old);
  }
};

const openIfThere = (file: string): number | null => {
  try {
    return openSync(file, constants.O_RDWR);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw error;
  }
};

const overwrite = (descriptor: number): void => {
  const { length } = readFileSync(descriptor);
  writeSync(descriptor, Buffer.alloc(length), 0, length, 0);
  fsyncSync(descriptor);
};
