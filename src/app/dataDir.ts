import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { CrmError } from '../errors.js';

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
 * Makes sure that one process alone owns the directory, until it ends or the lock is released. The lock is one of the
 * operating system, on a SQLite file with nothing in it, so that a killed process leaves none behind.
 * Error: DATA_DIR_LOCKED.
 */
export const lockDataDir = (dataDir: string): { release(): void } => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new Database(filesIn(dataDir).lock, { timeout: 0 });
  try {
    database.pragma('locking_mode=EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    chmodSync(filesIn(dataDir).lock, 0o600);
  } catch (error) {
    database.close();
    throw new CrmError('DATA_DIR_LOCKED', {}, { cause: error });
  }
  return {
    release: () => {
      if (database.open) database.close();
    },
  };
};
