import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryReadStore } from '../../src/readstore/memory.js';
import type { ReadStore } from '../../src/readstore/port.js';
import { openSqliteReadStore } from '../../src/readstore/sqlite.js';
import { readStoreContract } from './readStore.js';

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

readStoreContract('memory', () => closedAfterwards(memoryReadStore()));
