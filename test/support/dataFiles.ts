import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../src/app/dataDir.js';
import { type ReadModelFile, ReadModelFiles } from '../../src/app/readModelFiles.js';
import { systemClock } from '../../src/kernel/clock.js';
import { pooledRandomBytes, timeOrderedIds } from '../../src/kernel/ids.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { keysIn } from './keys.js';

export const dataDirIn = (directory: string): string => join(directory, 'data');

/** The vault and the state store of an installation that nobody has open, for as long as the work takes. */
export const withVaultAndState = async <T>(
  directory: string,
  work: (parts: ConstructorParameters<typeof ReadModelFiles>[0]) => Promise<T>,
): Promise<T> => {
  const keys = await keysIn(directory);
  const dataDir = dataDirIn(directory);
  const files = filesIn(dataDir);
  const random = pooledRandomBytes;
  const vault = openSqliteVault({ file: files.vault, fileKey: keys.vault, wrapKey: keys.wrap, random });
  const stateStore = openSqliteStateStore({ file: files.state, fileKey: keys.state, clock: systemClock });
  try {
    return await work({ dataDir, vault, stateStore, ids: timeOrderedIds(systemClock) });
  } finally {
    await stateStore.close();
    await vault.shut();
  }
};

/** Where the read models of an installation that nobody has open are. */
export const readModelsIn = (directory: string): Promise<ReadModelFile> =>
  withVaultAndState(directory, (parts) => new ReadModelFiles(parts).current());

/** Every page of a database in clear, free ones included. */
export const pagesOf = (file: string, fileKey: Uint8Array): Buffer => {
  const database = openDatabase({ file, fileKey, durability: 'full', readonly: true });
  try {
    return database.serialize();
  } finally {
    database.close();
  }
};

/** The files that read models are in, logs left out. */
export const readModelFilesIn = (directory: string): string[] =>
  readdirSync(dataDirIn(directory)).filter((name) => /^read-models.*\.db$/.test(name));
