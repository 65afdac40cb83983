import { resolve } from 'node:path';
import { CrmError } from '../errors.js';

export interface BackupConfig {
  /** Where backups go; none are taken where it is not set and no directory is named. */
  readonly directory?: string | undefined;
  /** After how many days a backup of the data is removed; kept for good where it is not set. */
  readonly keepDays: number | null;
  /** The same for the keys: shorter, because until then a copy of the data can be read with them. */
  readonly keepKeysDays: number;
}

const DEFAULT_KEEP_KEYS_DAYS = 7;

/** Reads BACKUP_DIR, BACKUP_KEEP_DAYS, KEY_BACKUP_KEEP_DAYS. Error: BAD_CONFIGURATION, naming the variable. */
export const readBackupConfig = (env: { readonly [name: string]: string | undefined }): BackupConfig => ({
  directory: env.BACKUP_DIR ? resolve(env.BACKUP_DIR) : undefined,
  keepDays: env.BACKUP_KEEP_DAYS ? daysOf('BACKUP_KEEP_DAYS', env.BACKUP_KEEP_DAYS) : null,
  keepKeysDays: env.KEY_BACKUP_KEEP_DAYS
    ? daysOf('KEY_BACKUP_KEEP_DAYS', env.KEY_BACKUP_KEEP_DAYS)
    : DEFAULT_KEEP_KEYS_DAYS,
});

const daysOf = (variable: string, text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    throw new CrmError('BAD_CONFIGURATION', {
      field: variable,
      reason: `${variable} must be a number of days from 1.`,
    });
  }
  return Number(text);
};
