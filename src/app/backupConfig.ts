import { resolve } from 'node:path';
import { CrmError } from '../errors.js';

export interface BackupConfig {
  /** Where backups go; none are taken where it is not set and no directory is named. */
  readonly directory?: string | undefined;
  /** How often the server takes one by itself; `null`: never. */
  readonly everyHours: number | null;
  /** After how many days a backup of the data is removed; kept for good where it is not set. */
  readonly keepDays: number | null;
  /** The same for the keys: shorter, because until then a copy of the data can be read with them. */
  readonly keepKeysDays: number;
}

const DEFAULT_KEEP_KEYS_DAYS = 7;

/** Reads BACKUP_DIR, BACKUP_EVERY_HOURS, BACKUP_KEEP_DAYS, KEY_BACKUP_KEEP_DAYS. Error: BAD_CONFIGURATION, naming the variable. */
export const readBackupConfig = (env: { readonly [name: string]: string | undefined }): BackupConfig => {
  const number = (variable: string) => (env[variable] ? numberOf(variable, env[variable]) : null);
  const everyHours = number('BACKUP_EVERY_HOURS');
  if (everyHours !== null && !env.BACKUP_DIR) {
    throw bad('BACKUP_EVERY_HOURS', 'BACKUP_EVERY_HOURS needs BACKUP_DIR: where backups go.');
  }
  return {
    directory: env.BACKUP_DIR ? resolve(env.BACKUP_DIR) : undefined,
    everyHours,
    keepDays: number('BACKUP_KEEP_DAYS'),
    keepKeysDays: number('KEY_BACKUP_KEEP_DAYS') ?? DEFAULT_KEEP_KEYS_DAYS,
  };
};

const bad = (field: string, reason: string) => new CrmError('BAD_CONFIGURATION', { field, reason });

const numberOf = (variable: string, text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw bad(variable, `${variable} must be a whole number from 1.`);
  return Number(text);
};
