import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import { openSqliteEventStore } from '../eventstore/sqlite.js';
import { systemClock } from '../kernel/clock.js';
import { pooledRandomBytes } from '../kernel/ids.js';
import { moveState } from '../statestore/move.js';
import type { DerivedKeys } from '../vault/keys.js';
import { moveVault } from '../vault/move.js';
import type { Config } from './config.js';
import { lockDataDir } from './dataDir.js';
import { moveHistory } from './moveHistory.js';
import { loadKeys } from './rootKey.js';
import { parseStoreUrl, type StoreLocation } from './storeUrls.js';
import { progressBar } from './terminal.js';

const usage = (reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { reason });

export interface MoveOptions {
  /** `events` where it is not said, `state` or `vault`: read models are derived, and filled anew. */
  readonly store?: string;
  readonly from?: string;
  /** Where the configuration has the store, unless it is said. */
  readonly to?: string;
}

/**
 * `crm move --from URL --to URL`: answers how much of what is at both ends. A file is locked as its server would lock
 * it, so that nobody writes to it. Errors: BAD_CONFIGURATION, DATA_DIR_LOCKED, those of `moveHistory`, `moveState`,
 * `moveVault` and the adapters.
 */
export const move = async (options: MoveOptions, config: Config): Promise<string> => {
  const { store = 'events' } = options;
  if (store !== 'events' && store !== 'state' && store !== 'vault') throw usage('--store is events, state or vault.');
  if (options.from === undefined) throw usage('Move what? crm move [--store events|state|vault] --from URL [--to URL]');
  const from = parseStoreUrl(options.from, store);
  const to = options.to === undefined ? config.stores[store] : parseStoreUrl(options.to, store);
  if (from.engine === 'sqlite' && !existsSync(from.file)) throw usage('There is no file to move from.');
  const locks = directoriesOf(from, to).map(lockDataDir);
  try {
    const keys = await loadKeys(config);
    if (store === 'events') return `${await moveEvents(from, to, keys)} events`;
    if (from.engine !== 'sqlite' || to.engine !== 'mongodb') {
      throw usage('State and vault are moved from a sqlite: file to mongodb:// only.');
    }
    const bar = progressBar('copied  ');
    const moved =
      store === 'state'
        ? await moveState({ file: from.file, fileKey: keys.state, clock: systemClock }, to.url, bar.update)
        : await moveVault(
            { file: from.file, fileKey: keys.vault, wrapKey: keys.wrap, random: pooledRandomBytes },
            to.url,
            bar.update,
          );
    bar.end();
    return store === 'state' ? `${moved} entries and claims` : `the keys of ${moved} workspaces and subjects`;
  } finally {
    for (const lock of locks) lock.release();
  }
};

const moveEvents = async (
  from: StoreLocation,
  to: StoreLocation,
  { events: fileKey }: DerivedKeys,
): Promise<number> => {
  const opened: EventStore[] = [];
  const bars = { copied: progressBar('copied  '), verified: progressBar('verified') };
  try {
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
  }
};

const directoriesOf = (...locations: readonly StoreLocation[]): string[] => [
  ...new Set(locations.flatMap((location) => (location.engine === 'sqlite' ? [dirname(location.file)] : []))),
];

/** Without upcasting: what is moved is what is stored. */
const openAsStored = async (location: StoreLocation, fileKey: DerivedKeys['events']): Promise<EventStore> => {
  if (location.engine === 'sqlite') return openSqliteEventStore({ file: location.file, fileKey });
  const { openKurrentEventStore } = await import('../eventstore/kurrentdb.js');
  return openKurrentEventStore({ url: location.url });
};
