import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { stateStoreContract } from './stateStore.js';

stateStoreContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-state-'));
  return {
    open: async (clock) =>
      openSqliteStateStore({ file: join(directory, 'state.db'), fileKey: Buffer.alloc(32, 1), clock }),
    remove: async () => rmSync(directory, { recursive: true }),
  };
});
