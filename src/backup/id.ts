import { randomBytes } from 'node:crypto';
import { instant } from '../kernel/clock.js';

/** Ids of backups are in the order of time, and name their directories. */
export const BACKUP_ID = /^\d{8}T\d{9}Z-[0-9a-f]{8}$/;

export const newBackupId = (now: number): string =>
  `${instant(now).replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;

/** When a backup was taken, as its id says: milliseconds since 1970. */
export const takenAt = (id: string): number =>
  Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-.*$/, '$1-$2-$3T$4:$5:$6.$7Z'));
