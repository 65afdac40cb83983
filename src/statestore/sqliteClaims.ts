import { CrmError } from '../errors.js';
import type { SqliteDatabase, Statement } from '../sqlite/database.js';
import type { ClaimResult } from './port.js';

/** A confirmed claim has no `expires_at`. A reservation past its own counts for nothing, swept or not. */
const schema = `
  CREATE TABLE IF NOT EXISTS claims (
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    owner TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (space, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS claims_by_owner ON claims (owner);
  CREATE INDEX IF NOT EXISTS claims_by_expiry ON claims (expires_at) WHERE expires_at IS NOT NULL;
`;

interface ClaimRow {
  readonly owner: string;
  readonly expires_at: number | null;
}

/** The claims of the state store. What changes them belongs into a transaction; times are milliseconds. */
export class SqliteClaims {
  readonly #live: Statement;
  readonly #confirmedOwner: Statement;
  readonly #set: Statement;
  readonly #release: Statement;
  readonly #releaseAll: Statement;
  readonly #sweep: Statement;

  constructor(database: SqliteDatabase) {
    database.exec(schema);
    this.#live = database.prepare(
      `SELECT owner, expires_at FROM claims
       WHERE space = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)`,
    );
    this.#confirmedOwner = database
      .prepare('SELECT owner FROM claims WHERE space = ? AND key = ? AND expires_at IS NULL')
      .pluck();
    this.#set = database.prepare(
      `INSERT INTO claims (space, key, owner, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (space, key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at`,
    );
    this.#release = database.prepare('DELETE FROM claims WHERE space = ? AND key = ? AND owner = ?');
    this.#releaseAll = database
      .prepare('DELETE FROM claims WHERE owner = ? RETURNING expires_at IS NULL OR expires_at > ?')
      .pluck();
    this.#sweep = database.prepare('DELETE FROM claims WHERE expires_at <= ?');
  }

  reserve(space: string, key: string, owner: string, expiresAt: number, now: number): ClaimResult {
    const live = this.#liveClaim(space, key, now);
    if (live === undefined) {
      this.#set.run(space, key, owner, expiresAt);
      return 'reserved';
    }
    if (live.owner !== owner) return 'held';
    // A confirmed claim is not turned back into a reservation.
    if (live.expires_at !== null) this.#set.run(space, key, owner, expiresAt);
    return 'own';
  }

  /** Also where the reservation has lapsed, as long as nobody else has taken it: the fact it guards is written by now. */
  confirm(space: string, key: string, owner: string, now: number): void {
    const live = this.#liveClaim(space, key, now);
    if (live !== undefined && live.owner !== owner) throw new CrmError('CLAIM_TAKEN');
    this.#set.run(space, key, owner, null);
  }

  confirmedOwner(space: string, key: string): string | null {
    return (this.#confirmedOwner.get(space, key) as string | undefined) ?? null;
  }

  release(space: string, key: string, owner: string): void {
    this.#release.run(space, key, owner);
  }

  /** Answers how many were in force. */
  releaseAllOf(owner: string, now: number): number {
    return this.#releaseAll.all(owner, now).filter((inForce) => inForce === 1).length;
  }

  sweep(now: number): number {
    return this.#sweep.run(now).changes;
  }

  #liveClaim(space: string, key: string, now: number): ClaimRow | undefined {
    return this.#live.get(space, key, now) as ClaimRow | undefined;
  }
}
