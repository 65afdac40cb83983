import { join } from 'node:path';
import { CrmError } from '../errors.js';
import { DatabaseCopy, type KeyedFile } from '../sqlite/copy.js';
import { backupFileKey, damaged, type Manifest } from './manifest.js';

export interface Staging {
  /** The two parts of a backup, and what was found in them. */
  readonly data: { readonly directory: string; readonly manifest: Manifest };
  readonly keys: { readonly directory: string; readonly manifest: Manifest };
  readonly backupKey: Uint8Array;
  /** New files, under the keys that they are to have. */
  readonly to: { readonly events: KeyedFile; readonly state: KeyedFile; readonly vault: KeyedFile };
}

/**
 * Refuses parts that do not belong together: keys of another installation, or of before the data, which would leave what
 * was written between the two unreadable. Errors: BACKUP_OF_ANOTHER_INSTALLATION, BAD_CONFIGURATION.
 */
export const checkParts = ({ data, keys }: Pick<Staging, 'data' | 'keys'>): void => {
  if (keys.manifest.installation !== data.manifest.installation) throw new CrmError('BACKUP_OF_ANOTHER_INSTALLATION');
  if (keys.manifest.createdAt < data.manifest.createdAt) {
    throw new CrmError('BAD_CONFIGURATION', {
      reason: 'The keys are of before the data: take those of the same backup or a later one.',
    });
  }
};

/** Copies a checked backup into new files, under their own keys, and counts. Error: BACKUP_DAMAGED where a count differs. */
export const stageBackup = ({ data, keys, backupKey, to }: Staging): void => {
  const copyOf = (part: Staging['data'], name: 'events' | 'state' | 'vault', counted: Counts): void => {
    const file = `${name}.db`;
    const fileKey = backupFileKey(backupKey, part.manifest.id, file);
    const copy = new DatabaseCopy({ file: join(part.directory, file), fileKey }, to[name]);
    try {
      copy.pin();
      for (const [count, sql] of Object.entries(counted)) {
        const [found] = copy.rows(sql) as { n: number }[];
        if (found?.n !== part.manifest.counts[count]) throw damaged(file);
      }
      copy.copy();
      copy.finish();
    } catch (error) {
      copy.discard();
      throw error;
    }
  };
  copyOf(data, 'events', { events: 'SELECT count(*) AS n FROM source.events' });
  copyOf(data, 'state', {});
  copyOf(keys, 'vault', { subjects: 'SELECT count(*) AS n FROM source.subjects' });
};

type Counts = { readonly [count: string]: string };
