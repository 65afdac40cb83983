import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import { instant } from '../kernel/clock.js';
import { START } from '../kernel/envelope.js';
import { DatabaseCopy, type KeyedFile } from '../sqlite/copy.js';
import { openDatabase } from '../sqlite/database.js';
import { BACKUP_ID, newBackupId } from './id.js';
import { backupFileKey, MANIFEST, type Manifest, manifestText, masterKeyCheckOf } from './manifest.js';

export interface BackupOrder {
  /** The stores' files and keys. Others may be writing to them. */
  readonly from: { readonly events: KeyedFile; readonly state: KeyedFile; readonly vault: KeyedFile };
  /** `DerivedKeys.backups`. */
  readonly backupKey: Uint8Array;
  /** Directory of backups of the data. */
  readonly to: string;
  /** Directory of backups of the keys: another, so that they can be kept for a shorter time. */
  readonly keysTo: string;
  /** Milliseconds. */
  readonly now: number;
  readonly keepDays: number | null;
  readonly keepKeysDays: number;
  readonly version: string;
}

/** What was made: the directories of its two parts, and what is in them. */
export interface Backup {
  readonly data: { readonly directory: string; readonly manifest: Manifest };
  readonly keys: { readonly directory: string; readonly manifest: Manifest };
}

const DAY_MS = 86_400_000;
/** A moment at which nobody has appended between two looks; under any load there are many of them. */
const PIN_ATTEMPTS = 1_000;
/** What a backup that was cut off leaves; the next one into the directory removes it. */
const PARTIAL = '.partial';

/**
 * Takes a backup beside a running server. Events and state are of one moment, the keys of just after it, so that no event
 * is without the key it was sealed under. Each file is under a key of its own; what is written is on disk, whole, before
 * it has its name. Errors: STORE_FAILED, STORAGE_FULL, WRONG_MASTER_KEY, CORRUPT_STORE; nothing is left then.
 */
export const takeBackup = async (order: BackupOrder): Promise<Backup> => {
  const id = newBackupId(order.now);
  const parts = [join(order.to, id), join(order.keysTo, id)] as const;
  for (const directory of [order.to, order.keysTo]) clearPartial(directory);
  for (const part of parts) mkdirSync(part + PARTIAL, { recursive: true, mode: 0o700 });
  try {
    const copied = copyStores(order, id, parts);
    const common = await commonContent(order, id, copied);
    const data = await manifestOf(order, { ...common, kind: 'data' }, parts[0], order.keepDays);
    const keys = await manifestOf(order, { ...common, kind: 'keys' }, parts[1], order.keepKeysDays);
    // The keys first: a backup of data without its keys is of no use.
    for (const part of [parts[1], parts[0]]) renameSync(part + PARTIAL, part);
    for (const directory of [order.keysTo, order.to]) await syncDirectory(directory);
    return { data: { directory: parts[0], manifest: data }, keys: { directory: parts[1], manifest: keys } };
  } catch (error) {
    for (const part of parts) for (const path of [part, part + PARTIAL]) rmSync(path, { recursive: true, force: true });
    throw error;
  }
};

const clearPartial = (directory: string): void => {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (name.endsWith(PARTIAL) && BACKUP_ID.test(name.slice(0, -PARTIAL.length)))
      rmSync(join(directory, name), { recursive: true });
  }
};

interface Copied {
  readonly head: number;
  readonly ledger: string | null;
  readonly counts: { readonly [kind: string]: number };
}

const copyStores = (order: BackupOrder, id: string, parts: readonly [data: string, keys: string]): Copied => {
  const opened: DatabaseCopy[] = [];
  const copyOf = (name: 'events' | 'state' | 'vault', part: string): DatabaseCopy => {
    const file = `${name}.db`;
    const target = { file: join(part + PARTIAL, file), fileKey: backupFileKey(order.backupKey, id, file) };
    const copy = new DatabaseCopy(order.from[name], target);
    opened.push(copy);
    return copy;
  };
  try {
    const [events, state, vault] = [copyOf('events', parts[0]), copyOf('state', parts[0]), copyOf('vault', parts[1])];
    pinTogether(order, events, state);
    vault.pin();
    const copied = {
      head: numberOf(events, 'SELECT coalesce(max(position), 0) AS n FROM source.events'),
      ledger: ledgerIn(state),
      counts: {
        events: numberOf(events, 'SELECT count(*) AS n FROM source.events'),
        subjects: numberOf(vault, 'SELECT count(*) AS n FROM source.subjects'),
        keys: numberOf(vault, 'SELECT count(*) AS n FROM source.keys WHERE destroyed = 0'),
      },
    };
    // The vault first, since nobody can be erased while its log is held.
    for (const copy of [vault, state, events]) {
      copy.copy();
      copy.finish();
    }
    return copied;
  } catch (error) {
    for (const copy of opened) copy.discard();
    throw error;
  }
};

/** Pins both where nothing was appended between the one and the other. */
const pinTogether = (order: BackupOrder, events: DatabaseCopy, state: DatabaseCopy): void => {
  const witness = openDatabase({ ...order.from.events, durability: 'full', readonly: true });
  try {
    const last = witness.prepare('SELECT coalesce(max(position), 0) FROM events').pluck();
    const pinned = () => numberOf(events, 'SELECT coalesce(max(position), 0) AS n FROM source.events');
    events.pin();
    state.pin();
    for (let attempt = 1; last.get() !== pinned(); attempt++) {
      if (attempt === PIN_ATTEMPTS) throw new CrmError('OVERLOADED');
      events.repin();
      state.repin();
    }
  } finally {
    witness.close();
  }
};

const numberOf = (copy: DatabaseCopy, sql: string): number => (copy.rows(sql) as { n: number }[])[0]!.n;

/** What the data know of the erasure ledger (`src/ledger/known.ts`). */
const ledgerIn = (state: DatabaseCopy): string | null => {
  const sql = `SELECT value FROM source.entries WHERE space = 'erasure-ledger' AND key = 'known'`;
  return (state.rows(sql) as { value: string }[])[0]?.value ?? null;
};

type Common = Omit<Manifest, 'kind' | 'expiresAt' | 'files'>;

const commonContent = async (order: BackupOrder, id: string, { head, ledger, counts }: Copied): Promise<Common> => {
  const known = ledger === null ? null : (JSON.parse(ledger) as { installation: string; head: Manifest['ledger'] });
  return {
    format: 1,
    id,
    installation: known?.installation ?? null,
    version: order.version,
    createdAt: instant(order.now),
    head: head === 0 ? START : String(head).padStart(16, '0'),
    ledger: known?.head ?? null,
    counts,
    masterKeyCheck: masterKeyCheckOf(order.backupKey),
  };
};

const manifestOf = async (
  order: BackupOrder,
  content: Common & Pick<Manifest, 'kind'>,
  part: string,
  keepDays: number | null,
): Promise<Manifest> => {
  const directory = part + PARTIAL;
  const files: Manifest['files'] = [];
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    files.push({ name, bytes: statSync(path).size, sha256: await sha256Of(path) });
  }
  const expiresAt = keepDays === null ? null : instant(order.now + keepDays * DAY_MS);
  const manifest = { ...content, expiresAt, files };
  const handle = await open(join(directory, MANIFEST), 'wx', 0o600);
  try {
    await handle.writeFile(manifestText(manifest, order.backupKey));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(directory);
  return manifest;
};

/** Hex, read piece by piece. */
export const sha256Of = async (path: string): Promise<string> => {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(path)) sum.update(piece as Buffer);
  return sum.digest('hex');
};

const syncDirectory = async (directory: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
