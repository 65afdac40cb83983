import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Position, START, type StoredEvent } from '../kernel/envelope.js';
import { type SqliteDatabase, type Statement, storeError } from '../sqlite/database.js';
import {
  decodeAsFarAsPossible,
  decodeEvent,
  type EventBytes,
  formatPosition,
  parsePosition,
  type Upcast,
} from './encoding.js';
import type { AllPage, AllRange, StreamRange } from './port.js';
import { type LogPage, storeClosed } from './subscription.js';

/**
 * An event is one row whose body is its canonical envelope; the columns beside it are for look-ups. The sealed bytes
 * of its fields are a row of their own, so that they can be removed without touching what the audit tree commits to.
 * `appended` is the number of events in the append that began with this one, 0 for those that came along: it tells an
 * append that is repeated from one that merely shares ids with it.
 */
export const schema = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    appended INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (stream, revision),
    UNIQUE (id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sealed (
    position INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;
`;

/** Rows looked at in one go for a filter that may let nothing through, so that the event loop is not held for long. */
const FILTER_WINDOW = 4_096;

type RawRow = readonly [position: number, body: string, sealed: Buffer | null];

/** Everything that reads an event file: the store's own reading, and a worker's beside it. */
export class SqliteLog {
  readonly #forwards: Statement;
  readonly #backwards: Statement;
  readonly #all: Statement;
  readonly #ofTypes: Statement;
  readonly #last: Statement;
  readonly decode: (row: EventBytes) => StoredEvent;

  constructor(
    private readonly database: SqliteDatabase,
    upcast: Upcast | undefined,
  ) {
    this.decode = upcast === undefined ? decodeEvent : (row) => upcast(decodeEvent(row));
    const rows = 'SELECT position, body, bytes FROM events LEFT JOIN sealed USING (position)';
    const ofStream = `${rows} WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision`;
    this.#forwards = database.prepare(`${ofStream} LIMIT ?`).raw();
    this.#backwards = database.prepare(`${ofStream} DESC LIMIT ?`).raw();
    this.#all = database.prepare(`${rows} WHERE position > ? ORDER BY position LIMIT ?`).raw();
    this.#ofTypes = database
      .prepare(
        `${rows} WHERE position > ? AND position <= ? AND type IN (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?`,
      )
      .raw();
    this.#last = database.prepare('SELECT max(position) FROM events').pluck();
  }

  /** As the port says, whatever the direction: `from` is the lowest revision wanted and `to` the highest. */
  readStream(stream: string, range: StreamRange = {}): readonly StoredEvent[] {
    const { from = 0, to = Number.MAX_SAFE_INTEGER, direction = 'forwards', limit = -1 } = range;
    const statement = direction === 'forwards' ? this.#forwards : this.#backwards;
    return this.#rows(statement, stream, from, to, limit).map(this.#decodeRaw);
  }

  /** As the port says: window after window, with a turn of the event loop between them, until the page is full or the log ends. */
  async readAll({ after, types, limit }: AllRange): Promise<AllPage> {
    let events: readonly StoredEvent[] = [];
    let position = after;
    for (;;) {
      let page: LogPage;
      try {
        page = this.read({ after: position, types, limit: limit - events.length });
      } catch (error) {
        if (events.length === 0) throw error;
        return { events, position };
      }
      events = events.length === 0 ? page.events : [...events, ...page.events];
      position = page.position;
      if (page.atEnd || events.length >= limit) return { events, position };
      await nextTurn();
    }
  }

  /** One window of the log: as `readAll`, but a filter may leave the page short of its limit before the log ends. */
  read({ after, types, limit }: AllRange): LogPage {
    const from = parsePosition(after);
    // Read first: in a worker the log grows meanwhile, and what came after the rows were read must not count as seen.
    const last = types === undefined ? from : this.lastPosition();
    const to = Math.min(last, from + FILTER_WINDOW);
    const rows =
      types === undefined
        ? this.#rows(this.#all, from, limit)
        : this.#rows(this.#ofTypes, from, to, JSON.stringify(types), limit);
    const { events, whole } = decodeAsFarAsPossible(rows, this.#decodeRaw);
    const position = events.at(-1)?.position ?? after;
    if (!whole || rows.length === limit) return { events, position, atEnd: false };
    if (types === undefined) return { events, position, atEnd: true };
    return { events, position: formatPosition(Math.max(from, to)), atEnd: to === last };
  }

  head(): Position {
    const last = this.lastPosition();
    return last === 0 ? START : formatPosition(last);
  }

  /** 0 where there is no event. */
  lastPosition(): number {
    return this.#run(() => this.#last.get() as number | null) ?? 0;
  }

  /** Runs what reads. Errors: STORE_FAILED where the store is closed, and what SQLite's mean. */
  #run<T>(work: () => T): T {
    if (!this.database.open) throw storeClosed();
    try {
      return work();
    } catch (error) {
      throw storeError(error);
    }
  }

  #rows(statement: Statement, ...values: readonly unknown[]): readonly RawRow[] {
    return this.#run(() => statement.all(...values) as RawRow[]);
  }

  readonly #decodeRaw = ([position, body, sealed]: RawRow): StoredEvent => this.decode({ position, body, sealed });
}
