import { parentPort, workerData } from 'node:worker_threads';
import { allProjections } from '../../projections/all.js';
import { rebuild } from '../../projections/rebuild.js';
import { openSqliteEventReader } from '../eventstore/sqlite.js';
import { openSqliteReadStore } from '../readstore/sqlite.js';
import type { KeyedFile } from '../sqlite/copy.js';
import { openSqliteKeyReader } from '../vault/sqlite.js';
import { filesIn } from './dataDir.js';
import { allEvents } from './events.js';

/** What the thread is started with. The keys are copies of its own, which it zeroes. */
export interface RebuildOrder {
  readonly dataDir: string;
  readonly projection: string;
  readonly readModels: KeyedFile;
  readonly keys: {
    readonly events: Uint8Array;
    readonly vault: Uint8Array;
    readonly wrap: Uint8Array;
  };
}

const REBUILD_CACHE_MIB = 64;

const run = async ({ dataDir, projection: name, readModels, keys }: RebuildOrder): Promise<void> => {
  const projection = allProjections.find((each) => each.name === name);
  if (projection === undefined) throw new TypeError('No such projection.');
  const files = filesIn(dataDir);
  const upcast = (event: Parameters<typeof allEvents.upcast>[0]) => allEvents.upcast(event);
  const eventStore = openSqliteEventReader({ file: files.events, fileKey: keys.events, upcast });
  const keyReader = openSqliteKeyReader({ file: files.vault, fileKey: keys.vault, wrapKey: keys.wrap });
  const readStore = openSqliteReadStore({ ...readModels, cacheMiB: REBUILD_CACHE_MIB });
  try {
    await readStore.register(projection);
    await rebuild(projection, { eventStore, readStore, keys: keyReader });
  } finally {
    await eventStore.close();
    await readStore.close();
    await keyReader.shut();
    for (const key of [readModels.fileKey, ...Object.values(keys)]) key.fill(0);
  }
};

await run(workerData as RebuildOrder);
parentPort?.postMessage('done');
