import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CrmError } from '../errors.js';
import { pooledRandomBytes, type RandomBytes } from '../kernel/ids.js';

/** One line: what it is, 32 bytes in base64url, the first 8 hex digits of a checksum. */
const FORMAT = /^bpo-crm-master-key-1:([A-Za-z0-9_-]{43}):([0-9a-f]{8})\n?$/;
const MASTER_KEY_BYTES = 32;
/** Anything longer is not a master key, and is not read into memory. */
const MAX_FILE_BYTES = 256;

export interface MasterKey {
  /** 32 bytes. Zero it once the other keys are derived. */
  readonly masterKey: Buffer;
  /** True where the file was not there and has been made. */
  readonly created: boolean;
}

/**
 * Reads the master key from its file, or makes both where the file is missing and that is allowed. A new file has mode
 * 0600, is never written over another, and is on disk, with its directory entry, when this returns.
 * Errors: BAD_CONFIGURATION, with a reason, where the file is missing and may not be made, is readable or writable for
 * anybody but its owner, or is not a master key as it was written.
 */
export const loadOrCreateMasterKey = (
  file: string,
  options: { readonly mayCreate: boolean; readonly random?: RandomBytes },
): MasterKey => {
  const existing = openExisting(file);
  if (existing !== null) return { masterKey: readMasterKey(existing), created: false };
  if (!options.mayCreate) throw unusable('The master key file is missing.');
  return { masterKey: createMasterKey(file, options.random ?? pooledRandomBytes), created: true };
};

const unusable = (reason: string, cause?: unknown) => new CrmError('BAD_CONFIGURATION', { reason }, { cause });

const errorCode = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

const openExisting = (file: string): number | null => {
  try {
    return openSync(file, constants.O_RDONLY);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw unusable('The master key file cannot be opened.', error);
  }
};

/** Checks and reads through one descriptor, so that what was checked is what is read. */
const readMasterKey = (descriptor: number): Buffer => {
  try {
    const { mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw unusable('The master key file is not a regular file.');
    // Windows has no such bits; there the directory's access list has to do.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw unusable('The master key file is open to others than its owner; its mode has to be 0600.');
    }
    if (size > MAX_FILE_BYTES) throw unusable('The master key file is not of the format it should be.');
    return parseMasterKey(readFileSync(descriptor, 'utf8'));
  } finally {
    closeSync(descriptor);
  }
};

const parseMasterKey = (text: string): Buffer => {
  const [, encoded, checksum] = FORMAT.exec(text) ?? [];
  if (encoded === undefined) throw unusable('The master key file is not of the format it should be.');
  const masterKey = Buffer.from(encoded, 'base64url');
  // 43 characters hold two bits more than 32 bytes: only the form in which it was written will do.
  const asWritten = masterKey.length === MASTER_KEY_BYTES && masterKey.toString('base64url') === encoded;
  if (!asWritten || checksumOf(masterKey) !== checksum) {
    throw unusable('The master key file is damaged: its checksum does not fit.');
  }
  return masterKey;
};

/** Tells a slip of the hand from the right key. 32 bits of a hash are no help in finding 256. */
const checksumOf = (masterKey: Buffer): string =>
  createHash('sha256').update('bpo-crm master key checksum v1').update(masterKey).digest('hex').slice(0, 8);

const createMasterKey = (file: string, random: RandomBytes): Buffer => {
  const masterKey = random(MASTER_KEY_BYTES);
  const text = `bpo-crm-master-key-1:${masterKey.toString('base64url')}:${checksumOf(masterKey)}\n`;
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    throw unusable('The master key file cannot be created.', error);
  }
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (error) {
    // Half a key would be refused at every later start, though nothing depends on it yet.
    rmSync(file, { force: true });
    throw unusable('The master key file cannot be written.', error);
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(file));
  return masterKey;
};

/** The file's name has to survive a power failure as well as its content. */
export const syncDirectory = (directory: string): void => {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
