import { CrmError } from '../errors.js';
import { canonicalJson, type Json } from '../kernel/canonical.js';
import type { Clock } from '../kernel/clock.js';
import { openDatabase, type SqliteDatabase, storeError } from '../sqlite/database.js';
import { GroupCommit } from '../sqlite/groupCommit.js';
import { readOnce } from '../sqlite/readOnce.js';
import type { ClaimResult, StateStore } from './port.js';
import { SqliteClaims } from './sqliteClaims.js';

export interface SqliteStateStoreOptions {
  readonly file: string;
  /** 32 bytes; encrypts the file. */
  readonly fileKey: Uint8Array;
  /** Says what has expired. */
  readonly clock: Clock;
}

/** Values are kept in canonical form, so that equal values are equal texts. */
const schema = `
  CREATE TABLE IF NOT EXISTS entries (
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (space, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
`;

/** The state store in an encrypted SQLite file of its own. Errors: WRONG_MASTER_KEY, CORRUPT_STORE. */
export const openSqliteStateStore = (options: SqliteStateStoreOptions): StateStore => {
  const database = openDatabase({ file: options.file, fileKey: options.fileKey, durability: 'full' });
  try {
    database.exec(schema);
    return new SqliteStateStore(database, options.clock);
  } catch (error) {
    database.close();
    throw storeError(error);
  }
};

/** One entry of a file, expired or not, that is not written to for it: for an inspection. Errors: WRONG_MASTER_KEY, CORRUPT_STORE. */
export const readSqliteEntry = (file: string, fileKey: Uint8Array, space: string, key: string): Json | null =>
  readOnce(file, fileKey, (database) => {
    const text = database.prepare('SELECT value FROM entries WHERE space = ? AND key = ?').pluck().get(space, key);
    return text === undefined ? null : (JSON.parse(text as string) as Json);
  });

class SqliteStateStore implements StateStore {
  readonly #group: GroupCommit;
  readonly #claims: SqliteClaims;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly clock: Clock,
  ) {
    this.#group = new GroupCommit(database);
    this.#claims = new SqliteClaims(database);
    this.#statements = prepare(database);
  }

  async get(space: string, key: string): Promise<Json | null> {
    const text = this.#read(() => this.#text(space, key));
    return text === null ? null : (JSON.parse(text) as Json);
  }

  async put(space: string, key: string, value: Json, expiresAt?: number): Promise<void> {
    const text = canonicalJson(value);
    await this.#group.submit(() => this.#statements.put.run(space, key, text, expiresAt ?? null));
  }

  async compareAndSet(
    space: string,
    key: string,
    expected: Json | null,
    value: Json,
    expiresAt?: number,
  ): Promise<boolean> {
    // To a caller none and `null` are the same: `get` answers alike.
    const expectedText = canonicalJson(expected);
    const text = canonicalJson(value);
    return this.#group.submit(() => {
      if ((this.#text(space, key) ?? 'null') !== expectedText) return false;
      this.#statements.put.run(space, key, text, expiresAt ?? null);
      return true;
    });
  }

  async remove(space: string, key: string): Promise<void> {
    await this.#group.submit(() => this.#statements.remove.run(space, key));
  }

  async list(space: string, prefix = ''): Promise<readonly { key: string; value: Json }[]> {
    return this.#read(() => {
      const found: { key: string; value: Json }[] = [];
      // There is no last text that starts with a prefix, so the reading stops at the first that does not.
      for (const row of this.#statements.from.iterate(space, prefix, this.clock.now())) {
        const { key, value } = row as { key: string; value: string };
        if (!key.startsWith(prefix)) break;
        found.push({ key, value: JSON.parse(value) as Json });
      }
      return found;
    });
  }

  async reserveClaim(space: string, key: string, owner: string, expiresAt: number): Promise<ClaimResult> {
    return this.#group.submit(() => this.#claims.reserve(space, key, owner, expiresAt, this.clock.now()));
  }

  async confirmClaim(space: string, key: string, owner: string): Promise<void> {
    await this.#group.submit(() => this.#claims.confirm(space, key, owner, this.clock.now()));
  }

  async claimOwner(space: string, key: string): Promise<string | null> {
    return this.#read(() => this.#claims.confirmedOwner(space, key));
  }

  async releaseClaim(space: string, key: string, owner: string): Promise<void> {
    await this.#group.submit(() => this.#claims.release(space, key, owner));
  }

  async releaseClaimsOf(owner: string): Promise<number> {
    return this.#group.submit(() => this.#claims.releaseAllOf(owner, this.clock.now()));
  }

  async sweep(): Promise<number> {
    return this.#group.submit(() => {
      const now = this.clock.now();
      return this.#statements.sweep.run(now).changes + this.#claims.sweep(now);
    });
  }

  async close(): Promise<void> {
    this.#group.close();
    this.database.close();
  }

  /** Between commits, so that nothing is seen that might still be rolled back. */
  #read<T>(read: () => T): T {
    if (!this.database.open) throw new CrmError('STORE_FAILED', { reason: 'The store is closed.' });
    try {
      return read();
    } catch (error) {
      throw storeError(error);
    }
  }

  #text(space: string, key: string): string | null {
    return (this.#statements.get.get(space, key, this.clock.now()) as string | undefined) ?? null;
  }
}

const prepare = (database: SqliteDatabase) => ({
  get: database
    .prepare('SELECT value FROM entries WHERE space = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)')
    .pluck(),
  put: database.prepare(
    `INSERT INTO entries (space, key, value, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
  ),
  remove: database.prepare('DELETE FROM entries WHERE space = ? AND key = ?'),
  from: database.prepare(
    `SELECT key, value FROM entries
     WHERE space = ? AND key >= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY key`,
  ),
  sweep: database.prepare('DELETE FROM entries WHERE expires_at <= ?'),
});
