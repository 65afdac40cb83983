import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { MongoDatabase } from '../../src/mongodb/database.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import { mongoReadStoreOver } from '../../src/readstore/mongodb.js';
import type { ReadStore } from '../../src/readstore/port.js';
import { openSqliteReadStore } from '../../src/readstore/sqlite.js';
import { SwitchableReadStore } from '../../src/readstore/switchable.js';
import { freshName } from '../support/engines.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';
import { readStoreContract, sharedReadStoreContract } from './readStore.js';

const fileKey = Buffer.alloc(32, 7);
const opened: ReadStore[] = [];
let directory: string;
let files = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-rows-'));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const closedAfterwards = (store: ReadStore): ReadStore => {
  opened.push(store);
  return store;
};

readStoreContract('SQLite', () =>
  closedAfterwards(openSqliteReadStore({ file: join(directory, `${files++}.db`), fileKey })),
);

readStoreContract('SQLite behind a switch', () =>
  closedAfterwards(new SwitchableReadStore(openSqliteReadStore({ file: join(directory, `${files++}.db`), fileKey }))),
);

sharedReadStoreContract('memory', () => closedAfterwards(memoryReadStore()));

describe('with a double', () => {
  let double: MongoDouble;
  let client: MongoClient;
  beforeAll(async () => {
    double = await startMongoDouble();
    client = new MongoClient(double.url);
  });
  afterAll(async () => {
    await client.close();
    await double.close();
  });

  sharedReadStoreContract('MongoDB', () =>
    closedAfterwards(mongoReadStoreOver(new MongoDatabase(client.db(freshName()), async () => undefined))),
  );
});
