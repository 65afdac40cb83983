import { closeSync, constants, existsSync, fsyncSync, openSync } from 'node:fs';
import { CrmError } from '../errors.js';
import { openDatabase, passphraseOf, type SqliteDatabase, storeError } from './database.js';

export interface KeyedFile {
  readonly file: string;
  /** 32 bytes, the key of this one file. */
  readonly fileKey: Uint8Array;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Copies an encrypted database that others are writing to into a new file under another key, as it was at one moment.
 * Row by row, so that nothing comes along that is no row: no free page, no remains within a page, no log.
 *
 * In steps, so that several databases can be held at one moment (`VACUUM INTO` decides for itself when it begins): open,
 * `pin`, `copy`, `finish`. Whatever fails, `discard`, and the new file is worth nothing. While it is pinned the source's
 * log cannot be emptied. Errors: WRONG_MASTER_KEY, CORRUPT_STORE, STORAGE_FULL, STORE_FAILED.
 */
export class DatabaseCopy {
  readonly #target: SqliteDatabase;
  readonly #file: string;

  /** The file of `target` must not be there. */
  constructor(source: KeyedFile, target: KeyedFile) {
    // SQLite would make it.
    if (!existsSync(source.file)) throw new CrmError('STORE_FAILED', { reason: 'There is no such data file.' });
    this.#file = target.file;
    this.#target = openDatabase({ ...target, durability: 'none' });
    try {
      // Otherwise rows are checked against other tables one by one, though they were when they were written.
      this.#target.pragma('foreign_keys=OFF');
      this.#attach(source);
    } catch (error) {
      this.#target.close();
      throw storeError(error);
    }
  }

  /** From here on the source is seen as it is now. */
  pin(): void {
    this.#run(() => {
      this.#target.exec('BEGIN');
      this.#tables();
    });
  }

  /** Sees the source as it is now instead. */
  repin(): void {
    this.#run(() => this.#target.exec('ROLLBACK'));
    this.pin();
  }

  /** What a query of `source` finds, as it was pinned. */
  rows(sql: string): unknown[] {
    return this.#run(() => this.#target.prepare(sql).all());
  }

  /** Copies the tables, all or those that are wanted, with their indexes. */
  copy(wanted: (table: string) => boolean = () => true): void {
    this.#run(() => {
      const tables = this.#tables().filter(wanted);
      for (const table of tables) this.#create(table);
      // With the indexes there SQLite copies their entries in order too, instead of sorting them in memory.
      for (const table of tables) {
        this.#target.exec(`INSERT INTO main.${quoted(table)} SELECT * FROM source.${quoted(table)}`);
      }
      this.#copyCounters(tables);
      // Only now: they refuse what may not be written anew, as a destroyed key, which is to be in the copy all the same.
      for (const table of tables) this.#createTriggers(table);
      this.#target.exec('COMMIT; DETACH source');
    });
  }

  /** Work on the copy, in a transaction, before it is finished. */
  edit(sql: string): void {
    this.#run(() => this.#target.exec(sql));
  }

  /** When this returns the file is on disk and closed. */
  finish(): void {
    this.#run(() => this.#target.close());
    syncFile(this.#file);
  }

  discard(): void {
    this.#target.close();
  }

  #attach({ file, fileKey }: KeyedFile): void {
    const passphrase = passphraseOf(fileKey);
    this.#target.prepare('ATTACH ? AS source KEY ?').run(file, passphrase);
    passphrase.fill(0);
    this.#target.prepare('SELECT count(*) FROM source.sqlite_master').get();
  }

  #tables(): string[] {
    return this.#target
      .prepare(`SELECT name FROM source.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`)
      .pluck()
      .all() as string[];
  }

  #create(table: string): void {
    const made = this.#target
      .prepare(
        `SELECT sql FROM source.sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL AND type <> 'trigger'
         ORDER BY CASE type WHEN 'table' THEN 0 ELSE 1 END`,
      )
      .pluck()
      .all(table) as string[];
    for (const sql of made) this.#target.exec(sql);
  }

  #createTriggers(table: string): void {
    const made = this.#target
      .prepare(`SELECT sql FROM source.sqlite_master WHERE tbl_name = ? AND type = 'trigger' ORDER BY rowid`)
      .pluck()
      .all(table) as string[];
    for (const sql of made) this.#target.exec(sql);
  }

  /** Where AUTOINCREMENT goes on, which is past what is there where rows were deleted. */
  #copyCounters(tables: readonly string[]): void {
    const known = `SELECT 1 FROM source.sqlite_master WHERE name = 'sqlite_sequence'`;
    if (this.#target.prepare(known).get() === undefined) return;
    const counters = this.#target.prepare('SELECT name, seq FROM source.sqlite_sequence').all() as {
      name: string;
      seq: number;
    }[];
    for (const { name, seq } of counters.filter((each) => tables.includes(each.name))) {
      this.#target.prepare('DELETE FROM main.sqlite_sequence WHERE name = ?').run(name);
      this.#target.prepare('INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)').run(name, seq);
    }
  }

  #run<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(error);
    }
  }
}

const syncFile = (file: string): void => {
  const descriptor = openSync(file, constants.O_RDWR);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
