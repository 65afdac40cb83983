import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import { lockFile } from '../sqlite/fileLock.js';

/** The files of an embedded installation. Beside that of the read models are its generations: see `readModelFiles.ts`. */
export const filesIn = (dataDir: string) => ({
  events: join(dataDir, 'events.db'),
  readModels: join(dataDir, 'read-models.db'),
  vault: join(dataDir, 'vault.db'),
  state: join(dataDir, 'state.db'),
  /** A directory: mail that no server takes. */
  outbox: join(dataDir, 'outbox'),
  /** A directory: who read whom. */
  accessLog: join(dataDir, 'access-log'),
  lock: join(dataDir, 'lock'),
});

/** What a restore is making; while it is there, the data directory does not open. */
export const RESTORING = 'restore.partial';

export const holdsData = (dataDir: string): boolean => {
  const { events, vault, state } = filesIn(dataDir);
  return [events, vault, state].some((file) => existsSync(file));
};

/**
 * Makes sure that one process alone owns the directory, until it ends or the lock is released.
 * Error: DATA_DIR_LOCKED.
 */
export const lockDataDir = (dataDir: string): { release(): void } => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    return lockFile(filesIn(dataDir).lock);
  } catch (error) {
    throw new CrmError('DATA_DIR_LOCKED', {}, { cause: error });
  }
};
