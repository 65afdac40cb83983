import { openDatabase, type SqliteDatabase, storeError } from './database.js';

/** Reads something from a file that is opened for that alone, and not written to. Errors: as `openDatabase`. */
export const readOnce = <T>(file: string, fileKey: Uint8Array, read: (database: SqliteDatabase) => T): T => {
  const database = openDatabase({ file, fileKey, durability: 'full', readonly: true });
  try {
    return read(database);
  } catch (error) {
    throw storeError(error);
  } finally {
    database.close();
  }
};
