import { dirname } from 'node:path';
import { CrmError, isCrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import { openSqliteEventStore } from '../eventstore/sqlite.js';
import type { Clock } from '../kernel/clock.js';
import { type Ids, pooledRandomBytes } from '../kernel/ids.js';
import type { ReadStore } from '../readstore/port.js';
import { openSqliteReadStore } from '../readstore/sqlite.js';
import { SwitchableReadStore } from '../readstore/switchable.js';
import type { StateStore } from '../statestore/port.js';
import { openSqliteStateStore } from '../statestore/sqlite.js';
import type { DerivedKeys } from '../vault/keys.js';
import type { Vault } from '../vault/port.js';
import { openSqliteVault } from '../vault/sqlite.js';
import { CheckpointThread } from './checkpointThread.js';
import { allEvents } from './events.js';
import { type ReadModelFile, ReadModelFiles } from './readModelFiles.js';
import { STORES, type StoreLocation, type StoreLocations, type StoreName } from './storeUrls.js';

const READ_CACHE_MIB = 128;
const EVENT_CACHE_MIB = 32;

export interface EngineStores {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly stateStore: StateStore;
  readonly readStore: ReadStore;
  /** The read store's files, which are rewritten; `null` where it is on another engine. */
  readonly readModelFiles: ReadModelFiles | null;
}

/** Events as they are now. */
const upcast = (event: Parameters<typeof allEvents.upcast>[0]) => allEvents.upcast(event);

/** An event store that needs no key of ours: one on an engine of its own. `null` for a file. Errors: as `named`. */
export const openRemoteEvents = async (location: StoreLocation): Promise<EventStore | null> => {
  if (location.engine === 'sqlite') return null;
  // Loaded where it is chosen: it comes with a client of 10 MB.
  const { openKurrentEventStore } = await import('../eventstore/kurrentdb.js');
  return named('events', () => openKurrentEventStore({ url: location.url, upcast }));
};

/**
 * Opens every store where its URL says it is. `remoteEvents`: what `openRemoteEvents` has answered.
 * Errors: those of the adapters, with the variable of the store as their field; none stays open then.
 */
export const openStores = async (
  locations: StoreLocations,
  remoteEvents: EventStore | null,
  keys: DerivedKeys,
  clock: Clock,
  ids: Ids,
): Promise<EngineStores> => {
  const opened: { -readonly [name in keyof EngineStores]?: EngineStores[name] } = {};
  try {
    opened.vault = await named('vault', () => openVault(locations.vault, keys));
    opened.eventStore = remoteEvents ?? (await named('events', () => openEventFile(locations.events, keys)));
    opened.stateStore = await named('state', () => openState(locations.state, keys, clock));
    const { vault, stateStore } = opened;
    Object.assign(
      opened,
      await named('readModels', () => openReadModels(locations.readModels, vault, stateStore, ids)),
    );
    return opened as EngineStores;
  } catch (error) {
    await closeStores(opened);
    throw error;
  }
};

export const closeStores = async (stores: Partial<EngineStores>): Promise<void> => {
  await stores.eventStore?.close();
  await stores.readStore?.close();
  await stores.stateStore?.close();
  await stores.vault?.shut();
};

const openEventFile = async (location: StoreLocation, keys: DerivedKeys): Promise<EventStore> => {
  if (location.engine !== 'sqlite') throw new TypeError('What is no file is opened by openRemoteEvents.');
  return openSqliteEventStore({ file: location.file, fileKey: keys.events, cacheMiB: EVENT_CACHE_MIB, upcast });
};

const openVault = async (location: StoreLocation, keys: DerivedKeys): Promise<Vault> => {
  const wrapping = { wrapKey: keys.wrap, random: pooledRandomBytes };
  if (location.engine === 'sqlite') {
    return openSqliteVault({ file: location.file, fileKey: keys.vault, ...wrapping });
  }
  const { openMongoVault } = await import('../vault/mongodb.js');
  return openMongoVault({ url: location.url, ...wrapping });
};

const openState = async (location: StoreLocation, keys: DerivedKeys, clock: Clock): Promise<StateStore> => {
  if (location.engine === 'sqlite') {
    return openSqliteStateStore({ file: location.file, fileKey: keys.state, clock });
  }
  const { openMongoStateStore } = await import('../statestore/mongodb.js');
  return openMongoStateStore({ url: location.url, clock });
};

const openReadModels = async (
  location: StoreLocation,
  vault: Vault,
  stateStore: StateStore,
  ids: Ids,
): Promise<Pick<EngineStores, 'readStore' | 'readModelFiles'>> => {
  if (location.engine !== 'sqlite') {
    const { openMongoReadStore } = await import('../readstore/mongodb.js');
    return { readStore: await openMongoReadStore({ url: location.url }), readModelFiles: null };
  }
  const readModelFiles = new ReadModelFiles({ dataDir: dirname(location.file), vault, stateStore, ids });
  const current = await readModelFiles.current();
  await readModelFiles.destroyOthers();
  const readStore = new SwitchableReadStore(openReadModelFile(current));
  current.fileKey.fill(0);
  return { readStore, readModelFiles };
};

export const openReadModelFile = ({ file, fileKey }: ReadModelFile): ReadStore => {
  const checkpoints = new CheckpointThread({ file, fileKey: Uint8Array.from(fileKey) });
  return openSqliteReadStore({ file, fileKey, cacheMiB: READ_CACHE_MIB, checkpoints });
};

/** Adds which store an error is about. */
const named = async <T>(name: StoreName, open: () => Promise<T>): Promise<T> => {
  try {
    return await open();
  } catch (error) {
    if (!isCrmError(error)) throw error;
    throw new CrmError(error.code, { ...error.details, field: STORES[name].variable }, { cause: error });
  }
};
