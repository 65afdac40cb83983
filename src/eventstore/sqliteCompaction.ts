import { type SqliteDatabase, type Statement, storeError } from '../sqlite/database.js';
import { emptyWal } from '../sqlite/emptyWal.js';
import type { GroupCommit } from '../sqlite/groupCommit.js';
import { type CompactableLog, type DoomedRow, overwriteDoomed, type Removed, type SealedRow } from './compaction.js';
import { sealedFor } from './encoding.js';
import { storeClosed } from './subscription.js';

/** Events looked at in one go: some milliseconds. */
const LOOKED_AT_ROWS = 500;
const LOOKED_AT_CHARACTERS = 1024 * 1024;

type LookedAt = readonly [position: number, body: string, size: number];

/**
 * Compaction of an event file. Sealed bytes are overwritten by zeros of the same length, so that SQLite writes them where
 * the bytes lay: no row moves, no page is split or freed, and since rows of this table were only ever appended there is no
 * other copy of them in any page (measured by `test/eventstore/sqliteCompaction.test.ts`, on decrypted pages). The log
 * still has the pages as they were: it is emptied at the end.
 */
export class SqliteCompaction implements CompactableLog {
  readonly #look: Statement;
  readonly #bytes: Statement;
  readonly #overwrite: Statement;

  /** `forget` drops whatever is in memory of the bytes that were removed. */
  constructor(
    private readonly database: SqliteDatabase,
    private readonly commits: GroupCommit,
    private readonly forget: () => void,
  ) {
    // The order of the tables is fixed: by the sealed bytes, because many events may have none.
    this.#look = database
      .prepare(
        `SELECT s.position, e.body, length(s.bytes) FROM sealed s CROSS JOIN events e ON e.position = s.position
         WHERE s.position > ? AND s.position <= ? ORDER BY s.position LIMIT ?`,
      )
      .raw();
    this.#bytes = database.prepare('SELECT bytes FROM sealed WHERE position = ?').pluck();
    this.#overwrite = database.prepare('UPDATE sealed SET bytes = ? WHERE position = ?');
  }

  look(after: number, upTo: number): { readonly rows: readonly SealedRow[]; readonly to: number } {
    if (!this.database.open) throw storeClosed();
    const rows: SealedRow[] = [];
    let characters = 0;
    try {
      for (const row of this.#look.iterate(after, upTo, LOOKED_AT_ROWS)) {
        const [position, body, size] = row as LookedAt;
        rows.push({ position, size, ...sealedFor({ position, body }) });
        characters += body.length;
        if (rows.length === LOOKED_AT_ROWS || characters > LOOKED_AT_CHARACTERS) return { rows, to: position };
      }
    } catch (error) {
      throw storeError(error);
    }
    return { rows, to: upTo };
  }

  async overwrite(rows: readonly DoomedRow[]): Promise<Removed> {
    const removed = await this.commits.submit(() => this.#overwriteAll(rows));
    if (removed.events > 0) this.forget();
    return removed;
  }

  settle(): Promise<void> {
    return emptyWal(this.database);
  }

  /** A job for a transaction, which can be repeated. */
  #overwriteAll(rows: readonly DoomedRow[]): Removed {
    return overwriteDoomed(
      rows,
      (position) => this.#bytes.get(position) as Buffer,
      (position, packed) => {
        this.#overwrite.run(packed, position);
      },
    );
  }
}
