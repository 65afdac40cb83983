import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { openSqliteEventStore } from '../../src/eventstore/sqlite.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { eventStoreContract, type OpenStore } from './eventStore.js';

const fileKey = Buffer.alloc(32, 7);
const opened: EventStore[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const closedAfterwards = (store: EventStore): EventStore => {
  opened.push(store);
  return store;
};

const embedded: OpenStore = async ({ upcast } = {}) => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-events-'));
  directories.push(directory);
  const file = join(directory, 'events.db');
  const store = closedAfterwards(openSqliteEventStore({ file, fileKey, upcast }));
  return {
    store,
    reopen: async (options) => {
      await store.close();
      return closedAfterwards(openSqliteEventStore({ file, fileKey, ...options }));
    },
    removeSealed: async (position) => {
      const database = openDatabase({ file, fileKey, durability: 'full' });
      database.prepare('DELETE FROM sealed WHERE position = ?').run(Number(position));
      database.close();
    },
  };
};

const compacts = true;
eventStoreContract('SQLite', embedded, { compacts });
eventStoreContract('memory', async (options) => ({ store: closedAfterwards(memoryEventStore(options)) }), { compacts });
