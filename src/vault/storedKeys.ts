import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { KeyRef } from '../kernel/personal.js';
import type { SqliteDatabase, Statement } from '../sqlite/database.js';
import type { SubjectKey } from './port.js';
import { unwrapKey, WRAPPED_BYTES, wrapKey } from './wrap.js';

/**
 * Wrapped keys stand in tables with an ascending integer key, from which nothing is ever deleted, in rows whose size
 * never changes. So SQLite only ever appends them: no page is split or joined, which can leave copies of its rows in
 * the unused part of a page, where overwriting the row does not reach. (Measured with `secure_delete`: of 2,000 keys
 * overwritten in a table ordered by subject one was still there, of 12,000 in this form none.) The look-up is by an
 * index beside, which does split its pages and holds no key. `destroyed` is 0 or 1, which SQLite both keeps in no
 * bytes at all.
 */
const tables = `
  CREATE TABLE IF NOT EXISTS workspaces (
    id INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL UNIQUE,
    closing INTEGER NOT NULL CHECK (closing IN (0, 1)),
    destroyed INTEGER NOT NULL CHECK (destroyed IN (0, 1)),
    fingerprint BLOB NOT NULL,
    wrapped BLOB NOT NULL CHECK (length(wrapped) = ${WRAPPED_BYTES}),
    next BLOB NOT NULL CHECK (length(next) = ${WRAPPED_BYTES})
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
    fingerprint BLOB NOT NULL UNIQUE,
    wrapped BLOB NOT NULL CHECK (length(wrapped) = ${WRAPPED_BYTES}),
    UNIQUE (subject, class)
  ) STRICT;
`;

/** The file itself refuses to bring anything back: whoever writes rows into it, from a backup or by hand. */
const refusals = `
  CREATE TRIGGER IF NOT EXISTS destroyed_keys_stay_out BEFORE INSERT ON keys
    WHEN (SELECT state FROM subjects WHERE id = NEW.subject) <> 'active'
      OR EXISTS (SELECT 1 FROM keys WHERE fingerprint = NEW.fingerprint AND destroyed = 1)
    BEGIN SELECT RAISE(ABORT, 'destroyed'); END;
  CREATE TRIGGER IF NOT EXISTS destroyed_keys_stay_destroyed BEFORE UPDATE ON keys
    WHEN OLD.destroyed = 1 AND (NEW.destroyed = 0 OR NEW.wrapped <> OLD.wrapped OR NEW.fingerprint <> OLD.fingerprint)
    BEGIN SELECT RAISE(ABORT, 'destroyed'); END;
  CREATE TRIGGER IF NOT EXISTS keys_are_not_deleted BEFORE DELETE ON keys
    BEGIN SELECT RAISE(ABORT, 'keys are destroyed, not deleted'); END;
  CREATE TRIGGER IF NOT EXISTS subjects_do_not_go_back BEFORE UPDATE OF state ON subjects
    WHEN (OLD.state || '>' || NEW.state) NOT IN ('active>closing', 'closing>destroyed', 'closing>closing', 'destroyed>destroyed')
    BEGIN SELECT RAISE(ABORT, 'never back'); END;
  CREATE TRIGGER IF NOT EXISTS subjects_are_not_deleted BEFORE DELETE ON subjects
    BEGIN SELECT RAISE(ABORT, 'never back'); END;
  CREATE TRIGGER IF NOT EXISTS workspaces_do_not_go_back BEFORE UPDATE ON workspaces
    WHEN NEW.closing < OLD.closing OR NEW.destroyed < OLD.destroyed
      OR (OLD.destroyed = 1 AND (NEW.wrapped <> OLD.wrapped OR NEW.next <> OLD.next))
    BEGIN SELECT RAISE(ABORT, 'never back'); END;
  CREATE TRIGGER IF NOT EXISTS workspaces_are_not_deleted BEFORE DELETE ON workspaces
    BEGIN SELECT RAISE(ABORT, 'never back'); END;
`;

/** The schema's tables in a database that is open for writing. */
export const createKeyTables = (database: SqliteDatabase): void => {
  database.exec(tables + refusals);
};

/** Unwrapped workspace keys kept; beyond, they are unwrapped anew. */
const MAX_WORKSPACE_KEYS = 1_000;

/** Where a workspace's key belongs. */
export const workspacePlace = (workspace: string) => ['bpo-crm workspace key v1', workspace];
/** Where a subject's key belongs. */
export const subjectPlace = (ref: KeyRef) => ['bpo-crm subject key v1', ref.workspace, ref.subject, ref.class];

/** A workspace's key, and the one that takes its place while it is being changed. */
export interface WorkspaceKeys {
  readonly current: Buffer;
  readonly next: Buffer | null;
}

/** While it is being changed. */
export interface ChangingKeys extends WorkspaceKeys {
  readonly next: Buffer;
}

interface WrappedWorkspaceKeys {
  readonly wrapped: Buffer;
  readonly next: Buffer;
}

/** Stands where there is no wrapped key. */
export const NO_KEY: Buffer = Buffer.alloc(WRAPPED_BYTES);

/** Finds keys and unwraps them: all that a read-only opening of the file needs. Outside transactions only. */
export class StoredKeys {
  readonly #workspaceKeys = new Map<string, WorkspaceKeys>();
  readonly #wrappedWorkspaceKeys: Statement;
  readonly #wrappedKey: Statement;
  readonly #begin: Statement;
  readonly #end: Statement;

  constructor(
    database: SqliteDatabase,
    private readonly wrapping: Uint8Array,
  ) {
    this.#wrappedWorkspaceKeys = database.prepare(
      'SELECT wrapped, next FROM workspaces WHERE workspace = ? AND destroyed = 0',
    );
    this.#wrappedKey = database
      .prepare(
        `SELECT k.wrapped FROM subjects s JOIN keys k ON k.subject = s.id JOIN workspaces w ON w.workspace = s.workspace
         WHERE s.workspace = ? AND s.subject = ? AND k.class = ? AND k.destroyed = 0 AND w.destroyed = 0`,
      )
      .pluck();
    this.#begin = database.prepare('BEGIN');
    this.#end = database.prepare('COMMIT');
    const any = database.prepare('SELECT workspace FROM workspaces WHERE destroyed = 0 LIMIT 1').pluck().get();
    if (any !== undefined) this.#workspaceKeysOf(any as string);
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
    const place = subjectPlace(ref);
    const known = unwrapByEither(this.#workspaceKeysOf(ref.workspace), place, wrapped);
    if (known !== null) return known;
    // Another process may have changed the workspace's key since it was read.
    this.forget(ref.workspace);
    const key = unwrapByEither(this.#workspaceKeysOf(ref.workspace), place, wrapped);
    if (key === null) throw new CrmError('CORRUPT_STORE');
    return key;
  }

  /** Only valid until the next call; `null` where the workspace has none. Error: WRONG_MASTER_KEY. */
  #workspaceKeysOf(workspace: string): WorkspaceKeys | null {
    const known = this.#workspaceKeys.get(workspace);
    if (known !== undefined) return known;
    const keys = this.readWorkspaceKeys(workspace);
    if (keys === null) return null;
    if (this.#workspaceKeys.size >= MAX_WORKSPACE_KEYS) this.zero();
    this.#workspaceKeys.set(workspace, keys);
    return keys;
  }

  /** Not remembered: inside a transaction it may be rolled back, and a key wrapped under it later would be lost. */
  readWorkspaceKeys(workspace: string): WorkspaceKeys | null {
    const row = this.#wrappedWorkspaceKeys.get(workspace) as WrappedWorkspaceKeys | undefined;
    if (row === undefined || row.wrapped.equals(NO_KEY)) return null;
    const unwrapped = (wrapped: Buffer): Buffer => {
      const key = unwrapKey(this.wrapping, workspacePlace(workspace), wrapped);
      if (key === null) throw new CrmError('WRONG_MASTER_KEY');
      return key;
    };
    return { current: unwrapped(row.wrapped), next: row.next.equals(NO_KEY) ? null : unwrapped(row.next) };
  }

  /** Whether the keys are at hand without reading what may not be committed yet. */
  rememberedWorkspaceKeys(workspace: string): WorkspaceKeys | undefined {
    return this.#workspaceKeys.get(workspace);
  }

  /** Zeroes what is remembered of a workspace. */
  forget(workspace: string): void {
    const keys = this.#workspaceKeys.get(workspace);
    this.#workspaceKeys.delete(workspace);
    zeroKeys(keys);
  }

  /** Zeroes what is remembered. */
  zero(): void {
    for (const workspace of [...this.#workspaceKeys.keys()]) this.forget(workspace);
  }
}

/** The key inside; `null` where neither of the workspace's keys wraps it. */
export const unwrapByEither = (
  keys: WorkspaceKeys | null,
  place: readonly string[],
  wrapped: Buffer,
): SubjectKey | null => {
  if (keys === null) return null;
  return unwrapKey(keys.current, place, wrapped) ?? (keys.next && unwrapKey(keys.next, place, wrapped));
};

/** Wraps a key under the next one; `null` where it is already. Error: CORRUPT_STORE where neither of the two wraps it. */
export const rewrapKey = (
  { current, next }: ChangingKeys,
  place: readonly string[],
  wrapped: Buffer,
  random: RandomBytes,
): Buffer | null => {
  const done = unwrapKey(next, place, wrapped);
  done?.fill(0);
  if (done !== null) return null;
  const key = unwrapKey(current, place, wrapped);
  if (key === null) throw new CrmError('CORRUPT_STORE');
  const rewrapped = wrapKey(next, place, key, random);
  key.fill(0);
  return rewrapped;
};

export const zeroKeys = (keys: WorkspaceKeys | null | undefined): void => {
  keys?.current.fill(0);
  keys?.next?.fill(0);
};
