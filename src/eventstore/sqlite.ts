import type { EventToAppend, Position, StoredEvent } from '../kernel/envelope.js';
import { openDatabase, type SqliteDatabase, storeError } from '../sqlite/database.js';
import { GroupCommit } from '../sqlite/groupCommit.js';
import { compactLog } from './compaction.js';
import { type EventRow, encodeEvent, formatPosition, type Upcast } from './encoding.js';
import { idInUse, meets, NO_STREAM, wrongRevision } from './expectation.js';
import type {
  AllPage,
  AllRange,
  AppendResult,
  Compacted,
  CompactRange,
  EventBatch,
  EventStore,
  ExpectedRevision,
  StreamRange,
  Subscription,
} from './port.js';
import { SqliteCompaction } from './sqliteCompaction.js';
import { SqliteLog, schema } from './sqliteLog.js';
import { LiveLog } from './subscription.js';

export interface SqliteEventStoreOptions {
  readonly file: string;
  /** 32 bytes; encrypts the file. */
  readonly fileKey: Uint8Array;
  /** Pages kept in memory, in MiB; default 16. */
  readonly cacheMiB?: number;
  readonly upcast?: Upcast;
}

/** What reads, for a worker thread beside the one that writes. */
export type EventReader = Pick<EventStore, 'readStream' | 'readAll' | 'head' | 'close'>;

/** The event store in an encrypted SQLite file of its own. Errors: WRONG_MASTER_KEY, CORRUPT_STORE, STORE_FAILED. */
export const openSqliteEventStore = ({ upcast, ...options }: SqliteEventStoreOptions): EventStore =>
  sqliteEventStoreOver(openDatabase({ ...options, durability: 'full' }), { upcast });

/**
 * Pages in the write-ahead log before they are copied into the file; SQLite's own default is 1,000. The indexes touch
 * the same pages again and again, so that copying less often copies less: a quarter more appends, measured.
 */
const CHECKPOINT_PAGES = 4_000;

/** The event store over a database that is open already and that it closes: for tests that set it up in their own way. */
export const sqliteEventStoreOver = (database: SqliteDatabase, options: { readonly upcast?: Upcast }): EventStore => {
  try {
    database.pragma(`wal_autocheckpoint=${CHECKPOINT_PAGES}`);
    database.exec(schema);
    return new SqliteEventStore(database, options.upcast);
  } catch (error) {
    database.close();
    throw storeError(error);
  }
};

/** A second opening of the store's file that only reads. Errors: as `openSqliteEventStore`; STORE_FAILED where there is no file. */
export const openSqliteEventReader = ({ upcast, ...options }: SqliteEventStoreOptions): EventReader => {
  const database = openDatabase({ ...options, durability: 'full', readonly: true });
  try {
    const log = new SqliteLog(database, upcast);
    return {
      readStream: async (stream, range) => log.readStream(stream, range),
      readAll: (range) => log.readAll(range),
      head: async () => log.head(),
      close: async () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw storeError(error);
  }
};

/** Streams whose last revision is remembered, which spares an append the look-up. */
const MAX_KNOWN_STREAMS = 20_000;

interface Written {
  readonly result: AppendResult;
  /** What is new in the log; empty where the append was a repetition. */
  readonly rows: readonly EventRow[];
}

class SqliteEventStore implements EventStore {
  readonly #log: SqliteLog;
  readonly #commits: GroupCommit;
  readonly #live: LiveLog;
  readonly #statements: ReturnType<typeof prepareWriting>;
  /** Last revisions of streams, uncommitted ones included: to be trusted only while the log ends at `#last`. */
  readonly #revisions = new Map<string, number>();
  #last: number;

  constructor(
    private readonly database: SqliteDatabase,
    upcast: Upcast | undefined,
  ) {
    this.#log = new SqliteLog(database, upcast);
    this.#commits = new GroupCommit(database);
    this.#statements = prepareWriting(database);
    this.#last = this.#log.lastPosition();
    this.#live = new LiveLog((range) => this.#log.read(range), this.#log.decode, formatPosition(this.#last));
  }

  async append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
    beforeSending?: () => void,
  ): Promise<AppendResult> {
    if (events.length === 0) throw new TypeError('An append needs an event.');
    const { result, rows } = await this.#commits.submit(() => {
      beforeSending?.();
      return this.#write(stream, events, expected);
    });
    this.#live.announce(rows);
    return result;
  }

  async readStream(stream: string, range?: StreamRange): Promise<readonly StoredEvent[]> {
    return this.#log.readStream(stream, range);
  }

  readAll(range: AllRange): Promise<AllPage> {
    return this.#log.readAll(range);
  }

  subscribe(subscription: Subscription): AsyncIterable<EventBatch> {
    return this.#live.subscribe(subscription);
  }

  async head(): Promise<Position> {
    return this.#log.head();
  }

  compact(range: CompactRange): AsyncIterable<Compacted> {
    return compactLog(new SqliteCompaction(this.database, this.#commits, () => this.#live.forget()), range);
  }

  async close(): Promise<void> {
    this.#commits.close();
    this.#live.close();
    this.database.close();
  }

  /** Runs within a savepoint, and again where SQLite rolled back the transaction it was in. */
  #write(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Written {
    this.#forgetWhatWasRolledBack();
    const revision = this.#revisions.get(stream) ?? this.#storedRevision(stream);
    if (!meets(expected, revision)) {
      const original = this.#original(stream, events, expected);
      if (original === null) throw wrongRevision(expected, revision);
      return { result: original, rows: [] };
    }
    const rows = events.map((event, index) => encodeEvent(event, stream, revision + 1 + index, this.#last + 1 + index));
    for (const row of rows) {
      const first = row === rows[0];
      if (this.#insert(row, first ? rows.length : 0)) continue;
      const original = first ? this.#original(stream, events, expected) : null;
      if (original === null) throw idInUse();
      return { result: original, rows: [] };
    }
    this.#last += rows.length;
    this.#remember(stream, revision + rows.length);
    return { result: { revision: revision + rows.length, position: formatPosition(this.#last) }, rows };
  }

  /**
   * Savepoints and transactions that were undone leave no trace here but this one: the log ends elsewhere than where
   * the last append left it.
   */
  #forgetWhatWasRolledBack(): void {
    const last = this.#log.lastPosition();
    if (last === this.#last) return;
    this.#revisions.clear();
    this.#last = last;
  }

  /** Forgets all when there are too many: the odd look-up costs less than to keep them in the order of their use. */
  #remember(stream: string, revision: number): void {
    if (this.#revisions.size >= MAX_KNOWN_STREAMS) this.#revisions.clear();
    this.#revisions.set(stream, revision);
  }

  #storedRevision(stream: string): number {
    return (this.#statements.revision.get(stream) as number | null) ?? NO_STREAM;
  }

  /** False where the id is in use; nothing is written then. */
  #insert({ position, stream, revision, id, type, body, sealed }: EventRow, appended: number): boolean {
    try {
      this.#statements.event.run(position, stream, revision, idBytes(id), type, appended, body);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'SQLITE_CONSTRAINT_UNIQUE') return false;
      throw error;
    }
    if (sealed !== null) this.#statements.sealed.run(position, sealed);
    return true;
  }

  /**
   * The result of the append that these very events were, to a stream that was then as is expected now; `null` where
   * there was none.
   */
  #original(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): AppendResult | null {
    const first = this.#statements.appendOf.get(idBytes(events[0]!.id), stream) as
      | { readonly revision: number; readonly appended: number }
      | undefined;
    if (first?.appended !== events.length || !meets(expected, first.revision - 1)) return null;
    const last = first.revision + events.length - 1;
    const written = this.#statements.ids.all(stream, first.revision, last) as { position: number; id: Buffer }[];
    if (!events.every((event, index) => written[index]?.id.equals(idBytes(event.id)))) return null;
    return { revision: last, position: formatPosition(written.at(-1)!.position) };
  }
}

const prepareWriting = (database: SqliteDatabase) => ({
  event: database.prepare(
    'INSERT INTO events (position, stream, revision, id, type, appended, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
  ),
  sealed: database.prepare('INSERT INTO sealed (position, bytes) VALUES (?, ?)'),
  revision: database.prepare('SELECT max(revision) FROM events WHERE stream = ?').pluck(),
  appendOf: database.prepare('SELECT revision, appended FROM events WHERE id = ? AND stream = ?'),
  ids: database.prepare(
    'SELECT position, id FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision',
  ),
});

const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
