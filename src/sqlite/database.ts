import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3-multiple-ciphers';
import { CrmError } from '../errors.js';

export type SqliteDatabase = Database.Database;
export type Statement = Database.Statement<unknown[], unknown>;

export interface DatabaseOptions {
  /** Path of the file; created with mode 0600 where it is missing. */
  readonly file: string;
  /** 32 bytes, the key of this one file. */
  readonly fileKey: Uint8Array;
  /**
   * `full`: a commit is on disk when it returns, for what cannot be derived again. `normal`: a power failure may take
   * the last commits, in order and whole, for what can. `none`: no journal at all, for a file that is being filled and is
   * thrown away where that does not come to its end.
   */
  readonly durability: 'full' | 'normal' | 'none';
  /** Pages kept in memory, in MiB; default 16. */
  readonly cacheMiB?: number;
  readonly readonly?: boolean;
}

const JOURNALS = {
  full: ['journal_mode=WAL', 'synchronous=FULL'],
  normal: ['journal_mode=WAL', 'synchronous=NORMAL'],
  none: ['journal_mode=OFF', 'synchronous=OFF'],
} as const;

/**
 * Opens an encrypted SQLite file (SQLite3MultipleCiphers). AEGIS is an authenticated cipher: a flipped byte is an
 * error, not other data. `temp_store=MEMORY`, because savepoints and sorts would spill plain pages to temporary files.
 * Errors: WRONG_MASTER_KEY where the key does not open the file, CORRUPT_STORE where it is damaged,
 * STORE_FAILED where it cannot be opened.
 */
export const openDatabase = (options: DatabaseOptions): SqliteDatabase => {
  const database = openFile(options);
  try {
    database.pragma(`cipher='aegis'`);
    const passphrase = passphraseOf(options.fileKey);
    database.key(passphrase);
    passphrase.fill(0);
    database.pragma('temp_store=MEMORY');
    database.pragma('secure_delete=ON');
    if (!options.readonly) for (const pragma of JOURNALS[options.durability]) database.pragma(pragma);
    database.pragma(`cache_size=-${(options.cacheMiB ?? 16) * 1024}`);
    database.pragma('foreign_keys=ON');
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    if (!options.readonly) chmodSync(options.file, 0o600);
    return database;
  } catch (error) {
    database.close();
    throw storeError(error);
  }
};

/** A key in the form in which the cipher takes it as it is. To be zeroed after use. */
export const passphraseOf = (fileKey: Uint8Array): Buffer => Buffer.from(`raw:${Buffer.from(fileKey).toString('hex')}`);

const openFile = ({ file, readonly = false }: DatabaseOptions): SqliteDatabase => {
  try {
    return new Database(file, { readonly, timeout: 5_000 });
  } catch (error) {
    throw storeError(error);
  }
};

/** Goes by the name: the addon keeps the class it was first loaded with, which under jest is another test file's. */
const isSqliteError = (error: unknown): error is Error & { code: string } => {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === 'SqliteError' && typeof code === 'string';
};

/** What an error of SQLite means to a caller. Errors of ours pass through; SQLite's own text may hold values and stays inside, as the cause. */
export const storeError = (error: unknown): unknown => {
  if (!isSqliteError(error)) return error;
  if (error.code.startsWith('SQLITE_FULL')) return new CrmError('STORAGE_FULL', {}, { cause: error });
  if (error.code.startsWith('SQLITE_NOTADB')) return new CrmError('WRONG_MASTER_KEY', {}, { cause: error });
  if (error.code.startsWith('SQLITE_CORRUPT')) return new CrmError('CORRUPT_STORE', {}, { cause: error });
  return new CrmError('STORE_FAILED', {}, { cause: error });
};
