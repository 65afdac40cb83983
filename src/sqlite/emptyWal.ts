import { CrmError } from '../errors.js';
import { type SqliteDatabase, storeError } from './database.js';

/** How long a reader in another thread may keep the log from being emptied. */
const RETRY_MS = 5;
const MAX_TRIES = 1_000;

/**
 * Moves what the write-ahead log holds into the file and cuts the log to nothing (checkpoint TRUNCATE), so that no
 * older version of a page is left in it. Readers in other threads may be in its way for a moment; it waits for them
 * without holding the event loop. Errors: STORE_FAILED where a reader does not go within
 * five seconds; STORAGE_FULL.
 */
export const emptyWal = async (database: SqliteDatabase): Promise<void> => {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (checkpoint(database)) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new CrmError('STORE_FAILED', {
    reason: 'A reader, such as a backup that is being taken, keeps the log from being emptied: try again after it.',
  });
};

const checkpoint = (database: SqliteDatabase): boolean => {
  const patience = database.pragma('busy_timeout', { simple: true });
  // With any patience SQLite would wait inside this call, and the whole process with it.
  database.pragma('busy_timeout=0');
  try {
    const [result] = database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    return result.busy === 0;
  } catch (error) {
    throw storeError(error);
  } finally {
    database.pragma(`busy_timeout=${patience}`);
  }
};
