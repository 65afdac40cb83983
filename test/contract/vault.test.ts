import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { vaultContract } from './vault.js';
import { vaultWorkspacesContract } from './vaultWorkspaces.js';

const sqlite = (cacheKeys?: number) => async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-vault-'));
  return {
    open: async () =>
      openSqliteVault({
        file: join(directory, 'vault.db'),
        fileKey: Buffer.alloc(32, 1),
        wrapKey: Buffer.alloc(32, 2),
        random: pooledRandomBytes,
        cacheKeys,
      }),
    remove: async () => rmSync(directory, { recursive: true }),
  };
};

vaultContract('SQLite', sqlite());
vaultContract('SQLite with room for one key in memory', sqlite(1));
vaultWorkspacesContract('SQLite', sqlite());
vaultWorkspacesContract('SQLite with room for one key in memory', sqlite(1));
