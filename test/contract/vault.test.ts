import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { openMongoVault } from '../../src/vault/mongodb.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { freshName } from '../support/engines.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';
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

describe('with a double', () => {
  let double: MongoDouble;
  beforeAll(async () => {
    double = await startMongoDouble();
  });
  afterAll(() => double.close());

  const mongodb = (cacheKeys?: number) => async () => {
    const url = `${double.url}/${freshName()}`;
    return {
      open: () => openMongoVault({ url, wrapKey: Buffer.alloc(32, 2), random: pooledRandomBytes, cacheKeys }),
      remove: async () => undefined,
    };
  };

  vaultContract('MongoDB', mongodb());
  vaultContract('MongoDB with room for one key in memory', mongodb(1));
  vaultWorkspacesContract('MongoDB', mongodb());
  vaultWorkspacesContract('MongoDB with room for one key in memory', mongodb(1));
});
