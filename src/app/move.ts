import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import { openSqliteEventStore } from '../eventstore/sqlite.js';
import { keysOfRoot } from '../vault/keys.js';
import { lockDataDir } from './dataDir.js';
import { moveHistory } from './moveHistory.js';
import { type KeyConfig, loadRootKey } from './rootKey.js';
import { parseStoreUrl, type StoreLocation } from './storeUrls.js';
import { progressBar } from './terminal.js';

const usage = (reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { reason });

/**
 * `crm move --from URL --to URL`: answers how many events are at both ends. A file is locked as its server would lock
 * it, so that nobody writes to it. Errors: BAD_CONFIGURATION, DATA_DIR_LOCKED, those of `moveHistory` and the adapters.
 */
export const move = async (
  urls: { readonly from?: string; readonly to?: string },
  config: KeyConfig,
): Promise<number> => {
  if (urls.from === undefined || urls.to === undefined) throw usage('Move what? crm move --from URL --to URL');
  const [from, to] = [parseStoreUrl(urls.from, 'events'), parseStoreUrl(urls.to, 'events')];
  if (from.engine === 'sqlite' && !existsSync(from.file)) throw usage('There is no file to move from.');
  const locks = directoriesOf(from, to).map(lockDataDir);
  const opened: EventStore[] = [];
  const bars = { copied: progressBar('copied  '), verified: progressBar('verified') };
  try {
    const fileKey = await eventKey(config);
    for (const location of [from, to]) opened.push(await openAsStored(location, fileKey));
    return await moveHistory({
      from: opened[0]!,
      to: opened[1]!,
      progress: (stage, done, total) => {
        bars[stage].update(done, total);
        if (done === total) bars[stage].end();
      },
    });
  } finally {
    for (const store of opened) await store.close();
    for (const lock of locks) lock.release();
  }
};

const directoriesOf = (...locations: readonly StoreLocation[]): string[] => [
  ...new Set(locations.flatMap((location) => (location.engine === 'sqlite' ? [dirname(location.file)] : []))),
];

const eventKey = async (config: KeyConfig): Promise<Buffer> => {
  const rootKey = await loadRootKey(config, false);
  const { events } = keysOfRoot(rootKey);
  rootKey.fill(0);
  return events;
};

/** Without upcasting: what is moved is what is stored. */
const openAsStored = async (location: StoreLocation, fileKey: Buffer): Promise<EventStore> => {
  if (location.engine === 'sqlite') return openSqliteEventStore({ file: location.file, fileKey });
  const { openKurrentEventStore } = await import('../eventstore/kurrentdb.js');
  return openKurrentEventStore({ url: location.url });
};
