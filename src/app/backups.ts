import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noteKeyBackup } from '../backup/keyBackups.js';
import { backupsIn, checkBackup } from '../backup/open.js';
import { checkParts, stageBackup } from '../backup/stage.js';
import { type Backup, takeBackup } from '../backup/take.js';
import { CrmError } from '../errors.js';
import { type Clock, instant } from '../kernel/clock.js';
import { readChain } from '../ledger/entry.js';
import { LEDGER_FILE } from '../ledger/file.js';
import type { DerivedKeys } from '../vault/keys.js';
import type { Config } from './config.js';
import { filesIn, holdsData, lockDataDir, RESTORING } from './dataDir.js';
import { openInstallation } from './openInstallation.js';
import { type KeyConfig, loadKeys } from './rootKey.js';

const DAY_MS = 86_400_000;
/** Read models are filled from the start of the history before an erasure can be carried out in them. */
const REPLAY_TIMEOUT_MS = 86_400_000;

type Directories = KeyConfig & Pick<Config, 'dataDir' | 'erasureLedgerDir' | 'erasureLedgerCopy'>;

export interface BackupPlan {
  readonly to: string;
  readonly keysTo: string;
  /** `null`: for good. */
  readonly keepDays: number | null;
  readonly keepKeysDays: number;
}

const keyedFilesIn = (dataDir: string, keys: DerivedKeys) => {
  const { events, state, vault } = filesIn(dataDir);
  return {
    events: { file: events, fileKey: keys.events },
    state: { file: state, fileKey: keys.state },
    vault: { file: vault, fileKey: keys.vault },
  };
};

/** Takes a backup, also beside a running server. Errors: as `takeBackup`; BAD_CONFIGURATION. */
export const backUp = async (config: Directories, plan: BackupPlan, clock: Clock): Promise<Backup> => {
  const keys = await loadKeys(config);
  const { to, keysTo, keepDays, keepKeysDays } = plan;
  // A day more than it is kept: until it is made, and until somebody removes it.
  noteKeyBackup(config.erasureLedgerDir, instant(clock.now() + (keepKeysDays + 1) * DAY_MS));
  return takeBackup({
    from: keyedFilesIn(config.dataDir, keys),
    backupKey: keys.backups,
    to,
    keysTo,
    now: clock.now(),
    keepDays,
    keepKeysDays,
    version: process.env.npm_package_version ?? 'unknown',
  });
};

export interface Restored {
  /** Of the backup. */
  readonly id: string;
  readonly events: number;
  /** Erasures of after the backup that were carried out again. */
  readonly erasures: number;
}

export interface RestorePlan {
  /** Directory of one backup of the data. */
  readonly from: string;
  /** Directory of one backup of the keys; default: the latest beside the data's. */
  readonly keysFrom?: string;
}

/**
 * Restores a backup into DATA_DIR, which must hold no data, and carries out again every erasure in the ledger that is of
 * after the backup, before any server can open it. What is being made is in a directory of its own within DATA_DIR
 * until it is whole; while that is there the data directory does not open.
 * Errors: DATA_DIR_LOCKED, DATA_DIR_NOT_EMPTY, BACKUP_DAMAGED, BACKUP_OF_ANOTHER_INSTALLATION, WRONG_MASTER_KEY,
 * LEDGER_BROKEN, BAD_CONFIGURATION; nothing that was there is touched in any of these.
 */
export const restore = async (config: Directories, plan: RestorePlan, clock: Clock): Promise<Restored> => {
  const lock = lockDataDir(config.dataDir);
  try {
    refuseData(config.dataDir);
    const keys = await loadKeys(config);
    const keysFrom = plan.keysFrom ?? latestKeys(plan.from);
    const data = { directory: plan.from, manifest: await checkBackup(plan.from, 'data', keys.backups) };
    const keyPart = { directory: keysFrom, manifest: await checkBackup(keysFrom, 'keys', keys.backups) };
    checkParts({ data, keys: keyPart });
    checkLedger(config, data.manifest.installation);
    const staged = join(config.dataDir, RESTORING);
    rmSync(staged, { recursive: true, force: true });
    for (const file of dataFilesIn(config.dataDir)) rmSync(file, { force: true });
    mkdirSync(staged, { mode: 0o700 });
    try {
      const to = keyedFilesIn(staged, keys);
      stageBackup({ data, keys: keyPart, backupKey: keys.backups, to });
      const { masterKeyFile, keyringFile, kms, erasureLedgerDir, erasureLedgerCopy } = config;
      const where = { masterKeyFile, keyringFile, kms, erasureLedgerDir, erasureLedgerCopy };
      const erasures = await replayErasures({ dataDir: staged, ...where }, clock);
      moveIn(staged, config.dataDir);
      return { id: data.manifest.id, events: data.manifest.counts.events!, erasures };
    } catch (error) {
      if (!holdsData(config.dataDir)) rmSync(staged, { recursive: true, force: true });
      throw error;
    }
  } finally {
    lock.release();
  }
};

/** A restore that was cut off is done over; anything else that is there stays. */
const refuseData = (dataDir: string): void => {
  if (!existsSync(join(dataDir, RESTORING)) && holdsData(dataDir)) throw new CrmError('DATA_DIR_NOT_EMPTY');
};

const dataFilesIn = (dataDir: string): readonly string[] => {
  const { events, state, vault } = filesIn(dataDir);
  return [events, state, vault];
};

const latestKeys = (from: string): string => {
  const directory = join(from, '..', 'keys');
  const latest = backupsIn(directory).at(-1);
  if (latest === undefined) {
    throw new CrmError('BAD_CONFIGURATION', {
      reason: 'There is no backup of keys beside that of the data: name one with --keys.',
    });
  }
  return join(directory, latest);
};

/** The ledger itself is checked link by link when it is opened; here it is whose it is. */
const checkLedger = ({ erasureLedgerDir }: Directories, installation: string | null): void => {
  const file = join(erasureLedgerDir, LEDGER_FILE);
  if (!existsSync(file)) {
    throw new CrmError('LEDGER_BROKEN', { reason: 'The erasure ledger is missing: nothing is restored without it.' });
  }
  const [first] = readChain(readFileSync(file, 'utf8').replace(/[^\n]*$/, ''));
  if (first?.installation !== installation) throw new CrmError('BACKUP_OF_ANOTHER_INSTALLATION');
};

/** Opens what was restored where nobody can reach it, carries out what is missing, and leaves no read model behind. */
const replayErasures = async (config: Directories, clock: Clock): Promise<number> => {
  const patient = { consistencyTimeoutMs: REPLAY_TIMEOUT_MS };
  const { installation, erasuresTakenUp, close } = await openInstallation(config, {
    clock,
    restoring: true,
    ...patient,
  });
  try {
    // What was erased anew was waited for, and the read models are not kept.
    await installation.endRestore();
    return erasuresTakenUp;
  } finally {
    await close();
    for (const name of readdirSync(config.dataDir)) {
      if (name.startsWith('read-models')) rmSync(join(config.dataDir, name));
    }
  }
};

/** The events last: without them a start would find no installation to open. */
const moveIn = (staged: string, dataDir: string): void => {
  for (const name of ['vault.db', 'state.db', 'events.db']) renameSync(join(staged, name), join(dataDir, name));
  rmSync(staged, { recursive: true });
};
