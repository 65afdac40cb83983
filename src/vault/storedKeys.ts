import { CrmError } from '../errors.js';
import type { KeyRef } from '../kernel/personal.js';
import type { SqliteDatabase, Statement } from '../sqlite/database.js';
import type { SubjectKey } from './port.js';
import { unwrapKey, WRAPPED_BYTES } from './wrap.js';

/**
 * Wrapped keys stand in tables with an ascending integer key, from which nothing is ever deleted, in rows whose size
 * never changes. So SQLite only ever appends them: no page is split or joined, which can leave copies of its rows in
 * the unused part of a page, where overwriting the row does not reach. (Measured with `secure_delete`: of 2,000 keys
 * overwritten in a table ordered by subject one was still there, of 12,000 in this form none.) The look-up is by an
 * index beside, which does split its pages and holds no key. `destroyed` is 0 or 1, which SQLite both keeps in no
 * bytes at all.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS workspaces (
    id INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL UNIQUE,
    wrapped BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS subjects (
    id INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'closing', 'destroyed')),
    UNIQUE (workspace, subject)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS keys (
    id INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL REFERENCES subjects (id),
    class TEXT NOT NULL,
    destroyed INTEGER NOT NULL CHECK (destroyed IN (0, 1)),
    fingerprint BLOB NOT NULL,
    wrapped BLOB NOT NULL CHECK (length(wrapped) = ${WRAPPED_BYTES}),
    UNIQUE (subject, class)
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS destroyed_fingerprints ON keys (fingerprint) WHERE destroyed = 1;
`;

/** The schema's tables in a database that is open for writing. */
export const createKeyTables = (database: SqliteDatabase): void => {
  database.exec(schema);
};

/** Unwrapped workspace keys kept; beyond, they are unwrapped anew. */
const MAX_WORKSPACE_KEYS = 1_000;

/** Where a workspace's key belongs. */
export const workspacePlace = (workspace: string) => ['bpo-crm workspace key v1', workspace];
/** Where a subject's key belongs. */
export const subjectPlace = (ref: KeyRef) => ['bpo-crm subject key v1', ref.workspace, ref.subject, ref.class];

/** Finds keys and unwraps them: all that a read-only opening of the file needs. Outside transactions only. */
export class StoredKeys {
  readonly #workspaceKeys = new Map<string, Buffer>();
  readonly #wrappedWorkspaceKey: Statement;
  readonly #wrappedKey: Statement;
  readonly #begin: Statement;
  readonly #end: Statement;

  constructor(
    database: SqliteDatabase,
    private readonly wrapping: Uint8Array,
  ) {
    this.#wrappedWorkspaceKey = database.prepare('SELECT wrapped FROM workspaces WHERE workspace = ?').pluck();
    this.#wrappedKey = database
      .prepare(
        `SELECT k.wrapped FROM subjects s JOIN keys k ON k.subject = s.id
         WHERE s.workspace = ? AND s.subject = ? AND k.class = ? AND k.destroyed = 0`,
      )
      .pluck();
    this.#begin = database.prepare('BEGIN');
    this.#end = database.prepare('COMMIT');
    const any = database.prepare('SELECT workspace FROM workspaces LIMIT 1').pluck().get() as string | undefined;
    if (any !== undefined) this.workspaceKey(any);
  }

  /** Many reads under one lock of the file: taking it costs several times what a read does. */
  atOnce<T>(reads: () => T): T {
    this.#begin.run();
    try {
      return reads();
    } finally {
      this.#end.run();
    }
  }

  /** The key; `null` where it was destroyed or never was. Error: CORRUPT_STORE where it does not unwrap. */
  read(ref: KeyRef): SubjectKey | null {
    const wrapped = this.#wrappedKey.get(ref.workspace, ref.subject, ref.class) as Buffer | undefined;
    if (wrapped === undefined) return null;
    const workspaceKey = this.workspaceKey(ref.workspace);
    const key = workspaceKey && unwrapKey(workspaceKey, subjectPlace(ref), wrapped);
    if (key === null) throw new CrmError('CORRUPT_STORE');
    return key;
  }

  /** Only valid until the next call; `null` where the workspace has none. Error: WRONG_MASTER_KEY. */
  workspaceKey(workspace: string): Buffer | null {
    const known = this.#workspaceKeys.get(workspace);
    if (known !== undefined) return known;
    const key = this.readWorkspaceKey(workspace);
    if (key === null) return null;
    if (this.#workspaceKeys.size >= MAX_WORKSPACE_KEYS) this.zero();
    this.#workspaceKeys.set(workspace, key);
    return key;
  }

  /** Not remembered: inside a transaction it may be rolled back, and a key wrapped under it later would be lost. */
  readWorkspaceKey(workspace: string): Buffer | null {
    const wrapped = this.#wrappedWorkspaceKey.get(workspace) as Buffer | undefined;
    if (wrapped === undefined) return null;
    const key = unwrapKey(this.wrapping, workspacePlace(workspace), wrapped);
    if (key === null) throw new CrmError('WRONG_MASTER_KEY');
    return key;
  }

  /** Whether the key is at hand without reading what may not be committed yet. */
  rememberedWorkspaceKey(workspace: string): Buffer | undefined {
    return this.#workspaceKeys.get(workspace);
  }

  /** Zeroes what is remembered. */
  zero(): void {
    for (const key of this.#workspaceKeys.values()) key.fill(0);
    this.#workspaceKeys.clear();
  }
}
