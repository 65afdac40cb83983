import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3-multiple-ciphers';

/**
 * A lock of the operating system, on a SQLite file with nothing in it, so that a killed process leaves none behind. Held
 * until it is released. Throws where another has it. The directory has to be there.
 */
export const lockFile = (file: string): { release(): void } => {
  const database = new Database(file, { timeout: 0 });
  try {
    database.pragma('locking_mode=EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    release: () => {
      if (database.open) database.close();
    },
  };
};
