import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMongoStateStore } from '../../src/statestore/mongodb.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { freshName } from '../support/engines.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';
import { stateStoreContract } from './stateStore.js';

stateStoreContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-state-'));
  return {
    open: async (clock) =>
      openSqliteStateStore({ file: join(directory, 'state.db'), fileKey: Buffer.alloc(32, 1), clock }),
    remove: async () => rmSync(directory, { recursive: true }),
  };
});

describe('with a double', () => {
  let double: MongoDouble;
  beforeAll(async () => {
    double = await startMongoDouble();
  });
  afterAll(() => double.close());

  stateStoreContract('MongoDB', async () => {
    const url = `${double.url}/${freshName()}`;
    return { open: (clock) => openMongoStateStore({ url, clock }), remove: async () => undefined };
  });
});
