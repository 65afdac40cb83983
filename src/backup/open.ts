import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import { BACKUP_ID } from './id.js';
import { type BackupKey, damaged, MANIFEST, type Manifest, readManifest } from './manifest.js';
import { sha256Of } from './take.js';

/** Ids of the backups in a directory, the oldest first. Those that were cut off are none. */
export const backupsIn = (directory: string): readonly string[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => BACKUP_ID.test(name))
        .sort()
    : [];

/**
 * The manifest of one part of a backup, after every file was read and found as it was written.
 * Errors: BACKUP_DAMAGED, naming the file; WRONG_MASTER_KEY; BAD_CONFIGURATION where there is no such directory.
 */
export const checkBackup = async (
  directory: string,
  kind: Manifest['kind'],
  backupKey: BackupKey,
): Promise<Manifest> => {
  if (!existsSync(directory)) throw new CrmError('BAD_CONFIGURATION', { reason: 'There is no such backup.' });
  const path = join(directory, MANIFEST);
  if (!existsSync(path)) throw damaged(MANIFEST);
  const manifest = readManifest(readFileSync(path, 'utf8'), backupKey);
  if (manifest.kind !== kind) {
    throw new CrmError('BAD_CONFIGURATION', { reason: `That is a backup of ${manifest.kind}, not of ${kind}.` });
  }
  for (const { name, bytes, sha256 } of manifest.files) {
    const file = join(directory, name);
    if (!existsSync(file) || statSync(file).size !== bytes || (await sha256Of(file)) !== sha256) throw damaged(name);
  }
  return manifest;
};
