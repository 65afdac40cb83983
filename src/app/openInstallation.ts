import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { allProjections } from '../../projections/all.js';
import { rebuild } from '../../projections/rebuild.js';
import { openFileAccessLog } from '../accesslog/file.js';
import { CrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import { type Ids, pooledRandomBytes, timeOrderedIds } from '../kernel/ids.js';
import { Sealer } from '../kernel/sealer.js';
import { openFileLedger } from '../ledger/file.js';
import { ledgerMemoryIn } from '../ledger/known.js';
import { openSharedLedger } from '../ledger/shared.js';
import { Leases } from '../statestore/leases.js';
import type { DerivedKeys } from '../vault/keys.js';
import { type Config, DEFAULT_ACCESS_LOG_KEEP_DAYS, DEFAULT_APP_URL, DEFAULT_STEP_UP_MS } from './config.js';
import { filesIn, holdsData, lockDataDir, RESTORING } from './dataDir.js';
import { type EngineWatch, watchOver } from './engineWatch.js';
import { allEvents } from './events.js';
import { found, isFounded, ownReadModels } from './founding.js';
import { Installation, type InstallationOptions, type Rewrite, type Stores } from './installation.js';
import { refuseNewerHistory } from './knownEvents.js';
import { type MailParts, NO_MAIL_SERVER, openMail } from './mail.js';
import type { ReadModelFiles } from './readModelFiles.js';
import { rebuildInThread } from './rebuildThread.js';
import { rewriteInThread } from './rewriteThread.js';
import { type KeyConfig, loadKeys } from './rootKey.js';
import { closeStores, type EngineStores, openRemoteEvents, openStores } from './stores.js';
import { isEmbedded, isShared, readStoreLocations, type StoreLocations } from './storeUrls.js';

export interface Opened {
  readonly installation: Installation;
  /** How many erasures of after the backup a restore has carried out again. */
  readonly erasuresTakenUp: number;
  /** Whether the engines that it is on still answer. */
  readonly engines: EngineWatch;
  close(): Promise<void>;
}

type OpeningConfig = KeyConfig &
  Pick<Config, 'dataDir' | 'erasureLedgerDir' | 'erasureLedgerCopy'> &
  Partial<Pick<Config, 'stores' | 'mail' | 'appUrl' | 'stepUpMs' | 'openId' | 'accessLogKeepDays'>>;

/** Outgoing mail, and where its links lead. */
const mailOf = async (
  { dataDir, mail = NO_MAIL_SERVER, appUrl = DEFAULT_APP_URL }: OpeningConfig,
  parts: Omit<MailParts, 'outbox' | 'report'>,
  { report = () => undefined }: InstallationOptions,
) => ({ appUrl, mail: await openMail(mail, { ...parts, outbox: filesIn(dataDir).outbox, report }) });

/**
 * Opens the installation that lives in a data directory and on the engines that its stores are on.
 * Errors: DATA_DIR_LOCKED, WRONG_MASTER_KEY, CORRUPT_STORE, BAD_CONFIGURATION, FOREIGN_STORE, NEWER_VERSION, STORE_UNREACHABLE,
 * STORE_UNAUTHORISED, LEDGER_BROKEN, DATA_BEHIND_LEDGER, LEDGER_UNWRITABLE, KMS_FAILED, RESTORE_UNFINISHED; nothing is touched in any of these.
 */
export const openInstallation = async (config: OpeningConfig, options: InstallationOptions = {}): Promise<Opened> => {
  const lock = lockDataDir(config.dataDir);
  const open: Closing[] = [() => lock.release()];
  try {
    if (existsSync(join(config.dataDir, RESTORING))) throw new CrmError('RESTORE_UNFINISHED');
    const { installation, erasuresTakenUp, engines } = await start(config, options, open);
    const close = async () => {
      await installation.close();
      lock.release();
    };
    return { installation, erasuresTakenUp, engines, close };
  } catch (error) {
    await closeAll(open);
    throw error;
  }
};

type Closing = () => unknown;

/** The last that was opened first. That one does not close keeps no other from it, nor is it told: why they close is. */
const closeAll = async (open: readonly Closing[]): Promise<void> => {
  for (const close of open.toReversed()) {
    await Promise.resolve()
      .then(close)
      .catch(() => undefined);
  }
};

/** @param open takes in how to close what is open so far, where it goes no further */
const start = async (
  config: OpeningConfig,
  options: InstallationOptions,
  open: Closing[],
): Promise<Omit<Opened, 'close'>> => {
  const locations = config.stores ?? readStoreLocations({}, config.dataDir);
  const remoteEvents = await openRemoteEvents(locations.events);
  if (remoteEvents !== null) open.push(() => remoteEvents.close());
  const isNew = !holdsData(config.dataDir) && (remoteEvents === null || !(await isFounded(remoteEvents)));
  const keys = await loadKeys(config, isNew, options.masterKeyMade);
  const clock = options.clock ?? systemClock;
  const ids = timeOrderedIds(clock);
  const stores = await openAll({ ...config, ...options }, locations, remoteEvents, keys, clock, ids);
  open.push(
    () => closeStores(stores),
    () => stores.accessLog.close(),
    () => stores.ledger.close(),
  );
  const rebuildOne = (projection: string): Promise<void> =>
    isEmbedded(locations) && stores.readModelFiles !== null
      ? rebuildFile(config.dataDir, projection, keys, stores.readModelFiles)
      : rebuildHere(projection, stores);
  await refuseNewerHistory(stores.stateStore, allEvents);
  const founded = await found(stores, clock, ids);
  await ownReadModels(stores, founded, locations, async () => {
    for (const projection of allProjections) {
      await stores.readStore.register(projection);
      await rebuildOne(projection.name);
    }
  });
  const shared = isShared(locations);
  const sealer = new Sealer(stores.vault, pooledRandomBytes);
  const outgoing = await mailOf(config, { ...stores, sealer, ids, clock, shared }, options);
  open.push(() => outgoing.mail.close());
  const leases = sharedLeases(locations, stores, ids);
  const rewrite = isEmbedded(locations) ? rewriteIn(config.dataDir, keys) : null;
  const stepUpMs = config.stepUpMs ?? DEFAULT_STEP_UP_MS;
  const { erasureLedgerDir, openId } = config;
  const more = {
    ...outgoing,
    shared,
    sealer,
    stepUpMs,
    rebuild: rebuildOne,
    rewrite,
    leases,
    erasureLedgerDir,
    openId,
  };
  const installation = new Installation(stores, keys, clock, ids, { ...options, ...more });
  open.splice(1, open.length, () => installation.close()); // which closes all that it has
  const erasuresTakenUp = options.restoring ? await installation.takeUpErasures() : 0;
  await installation.start();
  return { installation, erasuresTakenUp, engines: watchOver(locations, stores) };
};

/** Of a process among several: where both what is written and the leases themselves are where others see them. */
const sharedLeases = ({ readModels, state }: StoreLocations, { stateStore }: EngineStores, ids: Ids) =>
  readModels.engine === 'sqlite' || state.engine === 'sqlite'
    ? undefined
    : new Leases({ stateStore, clock: { now: () => performance.now() }, holder: ids.next() });

/** Beside the live read model, on the connections that are open: another engine does most of the work. */
const rebuildHere = async (name: string, { eventStore, readStore, vault }: EngineStores): Promise<void> => {
  const projection = allProjections.find((each) => each.name === name);
  if (projection === undefined) throw new TypeError('No such projection.');
  await rebuild(projection, { eventStore, readStore, keys: vault });
};

const openAll = async (
  config: OpeningConfig & Pick<InstallationOptions, 'restoring'>,
  locations: StoreLocations,
  remoteEvents: EventStore | null,
  keys: DerivedKeys,
  clock: Clock,
  ids: Ids,
): Promise<Stores> => {
  const stores = await openStores(locations, remoteEvents, keys, clock, ids);
  try {
    const options = {
      directory: config.erasureLedgerDir,
      copyDirectory: config.erasureLedgerCopy,
      memory: ledgerMemoryIn(stores.stateStore),
      dataMayBeBehind: config.restoring ?? false,
      clock,
      ids,
    };
    const ledger = isShared(locations)
      ? await openSharedLedger({ ...options, pause: (ms) => pause(ms) })
      : await openFileLedger(options);
    const accessLog = openFileAccessLog({
      directory: filesIn(config.dataDir).accessLog,
      logKey: keys.accessLog,
      clock,
      random: pooledRandomBytes,
      keepDays: config.accessLogKeepDays ?? DEFAULT_ACCESS_LOG_KEEP_DAYS,
    });
    return { ...stores, ledger, accessLog };
  } catch (error) {
    await closeStores(stores);
    throw error;
  }
};

const rebuildFile = async (
  dataDir: string,
  projection: string,
  keys: DerivedKeys,
  files: ReadModelFiles,
): Promise<void> => {
  const readModels = await files.current();
  await rebuildInThread({ dataDir, projection, readModels, keys });
  readModels.fileKey.fill(0);
};

const rewriteIn =
  (dataDir: string, { events, vault, wrap }: DerivedKeys): Rewrite =>
  ({ file, fileKey }, to, howFar, signal) => {
    const files = { from: { file, fileKey }, to: { file: to.file, fileKey: to.fileKey } };
    return rewriteInThread({ dataDir, ...files, keys: { events, vault, wrap } }, howFar, signal);
  };
