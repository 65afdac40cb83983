import { MongoClient } from 'mongodb';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { MongoDatabase } from '../../src/mongodb/database.js';
import { mongoReadStoreOver } from '../../src/readstore/mongodb.js';
import type { ReadStore } from '../../src/readstore/port.js';
import { openMongoStateStore } from '../../src/statestore/mongodb.js';
import { openMongoVault } from '../../src/vault/mongodb.js';
import { sharedReadStoreContract } from '../contract/readStore.js';
import { severalServersContract } from '../contract/severalServers.js';
import { stateStoreContract } from '../contract/stateStore.js';
import { vaultContract } from '../contract/vault.js';
import { vaultWorkspacesContract } from '../contract/vaultWorkspaces.js';
import { freshName, inDatabase, onEngines } from '../support/engines.js';

onEngines(['MongoDB'], 'on a real server', (urls) => {
  let client: MongoClient;
  beforeAll(() => {
    client = new MongoClient(urls.MongoDB, { readConcern: { level: 'majority' }, writeConcern: { w: 'majority' } });
  });
  afterAll(() => client.close());

  stateStoreContract('MongoDB', async () => {
    const name = freshName();
    return {
      open: (clock) => openMongoStateStore({ url: inDatabase(urls.MongoDB, name), clock }),
      remove: async () => {
        await client.db(name).dropDatabase();
      },
    };
  });

  const vault = async () => {
    const name = freshName();
    const url = inDatabase(urls.MongoDB, name);
    return {
      open: () => openMongoVault({ url, wrapKey: Buffer.alloc(32, 2), random: pooledRandomBytes }),
      remove: async () => {
        await client.db(name).dropDatabase();
      },
    };
  };
  vaultContract('MongoDB', vault);
  vaultWorkspacesContract('MongoDB', vault);

  describe('read store', () => {
    const opened: { store: ReadStore; name: string }[] = [];
    afterEach(async () => {
      for (const { store, name } of opened.splice(0)) {
        await store.close();
        await client.db(name).dropDatabase();
      }
    });
    sharedReadStoreContract('MongoDB', () => {
      const name = freshName();
      const store = mongoReadStoreOver(new MongoDatabase(client.db(name), async () => undefined));
      opened.push({ store, name });
      return store;
    });
  });
});

onEngines(['KurrentDB', 'MongoDB'], 'two servers on one set of real engines', (urls) => {
  const name = freshName();
  severalServersContract(() => ({ events: urls.KurrentDB, documents: inDatabase(urls.MongoDB, name) }));
});
