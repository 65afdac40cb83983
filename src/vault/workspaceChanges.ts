import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { RetentionClass } from '../kernel/personal.js';
import type { SqliteDatabase, Statement } from '../sqlite/database.js';
import type { DestroyedWorkspaceKey, SubjectState } from './port.js';
import {
  type ChangingKeys,
  NO_KEY,
  rewrapKey,
  type StoredKeys,
  subjectPlace,
  type WorkspaceKeys,
  workspacePlace,
} from './storedKeys.js';
import { fingerprintOf, wrapKey } from './wrap.js';

const KEY_BYTES = 32;
/** Of a workspace that was closed before it had a key. */
const NO_FINGERPRINT = Buffer.alloc(KEY_BYTES);
/** Keys rewrapped in one transaction: some 5 ms. */
const REWRAPPED_AT_ONCE = 250;

interface WorkspaceRow {
  readonly closing: 0 | 1;
  readonly destroyed: 0 | 1;
  readonly fingerprint: Buffer;
}

interface WrappedRow {
  readonly id: number;
  readonly subject: string;
  readonly class: RetentionClass;
  readonly wrapped: Buffer;
}

/** What changes the workspaces' keys. Every change is a job for a transaction and can be repeated. */
export class WorkspaceChanges {
  readonly #row: Statement;
  readonly #insert: Statement;
  readonly #close: Statement;
  readonly #destroy: Statement;
  readonly #setNext: Statement;
  readonly #takeNext: Statement;
  readonly #liveKeys: Statement;
  readonly #rewrap: Statement;

  constructor(
    database: SqliteDatabase,
    private readonly stored: StoredKeys,
    private readonly wrapping: Uint8Array,
    private readonly random: RandomBytes,
  ) {
    this.#row = database.prepare('SELECT closing, destroyed, fingerprint FROM workspaces WHERE workspace = ?');
    this.#insert = database.prepare(
      'INSERT INTO workspaces (workspace, closing, destroyed, fingerprint, wrapped, next) VALUES (?, ?, 0, ?, ?, ?)',
    );
    this.#close = database.prepare('UPDATE workspaces SET closing = 1 WHERE workspace = ?');
    this.#destroy = database.prepare(
      'UPDATE workspaces SET destroyed = 1, wrapped = @none, next = @none WHERE workspace = @workspace AND destroyed = 0',
    );
    this.#setNext = database.prepare('UPDATE workspaces SET next = ? WHERE workspace = ?');
    this.#takeNext = database.prepare(
      'UPDATE workspaces SET wrapped = next, next = ?, fingerprint = ? WHERE workspace = ?',
    );
    this.#liveKeys = database.prepare(
      `SELECT k.id, s.subject, k.class, k.wrapped FROM keys k JOIN subjects s ON s.id = k.subject
       WHERE k.id > ? AND k.destroyed = 0 AND s.workspace = ? ORDER BY k.id LIMIT ?`,
    );
    this.#rewrap = database.prepare('UPDATE keys SET wrapped = ? WHERE id = ?');
  }

  state(workspace: string): SubjectState {
    const row = this.#find(workspace);
    if (row === undefined) return 'unknown';
    if (row.destroyed === 1) return 'destroyed';
    return row.closing === 1 ? 'closing' : 'active';
  }

  /** The key to wrap new keys under; made where there is none. Error: SUBJECT_ERASED where the workspace is closing. */
  sealingKey(workspace: string): Buffer {
    const row = this.#find(workspace);
    if (row?.closing === 1 || row?.destroyed === 1) throw new CrmError('SUBJECT_ERASED');
    const keys = this.#keys(workspace);
    if (keys !== null) return keys.next ?? keys.current;
    const key = this.random(KEY_BYTES);
    this.#insert.run(workspace, 0, fingerprintOf(key), this.#wrapped(workspace, key), NO_KEY);
    return key;
  }

  /** A workspace that was never seen is made as closing, so that it stays without a key. */
  close(workspace: string): void {
    if (this.#find(workspace) === undefined) this.#insert.run(workspace, 1, NO_FINGERPRINT, NO_KEY, NO_KEY);
    else this.#close.run(workspace);
  }

  /** Overwrites the workspace's key, after which no key under it can be unwrapped. */
  destroy(workspace: string): DestroyedWorkspaceKey {
    const row = this.#find(workspace);
    if (row === undefined || row.closing === 0) throw new Error('A workspace has to be closing to be destroyed.');
    this.#destroy.run({ workspace, none: NO_KEY });
    const { fingerprint } = row;
    return { workspace, fingerprint: fingerprint.equals(NO_FINGERPRINT) ? null : fingerprint.toString('hex') };
  }

  /** Makes the key that is to take the workspace's place, if a change is not under way. Errors: NOT_FOUND, SUBJECT_ERASED. */
  beginRotation(workspace: string): void {
    const state = this.state(workspace);
    if (state === 'unknown') throw new CrmError('NOT_FOUND', { field: 'workspace' });
    if (state !== 'active') throw new CrmError('SUBJECT_ERASED');
    if (this.#keys(workspace)?.next) return;
    const next = this.random(KEY_BYTES);
    this.#setNext.run(this.#wrapped(workspace, next), workspace);
    next.fill(0);
  }

  /** Wraps some keys under the new one; answers with the id of the last of them, or `null` where none was left. */
  rewrapAfter(workspace: string, id: number, limit = REWRAPPED_AT_ONCE): number | null {
    const keys = this.#keysUnderRotation(workspace);
    const rows = this.#liveKeys.all(id, workspace, limit) as WrappedRow[];
    for (const row of rows) this.#rewrapRow(workspace, keys, row);
    return rows.at(-1)?.id ?? null;
  }

  /** Lets the new key take the place of the old one. `id` is of the last key that was rewrapped; later ones are now. */
  finishRotation(workspace: string, id: number): void {
    this.rewrapAfter(workspace, id, -1);
    const { next } = this.#keysUnderRotation(workspace);
    this.#takeNext.run(NO_KEY, fingerprintOf(next), workspace);
  }

  #rewrapRow(workspace: string, keys: ChangingKeys, { id, subject, class: each, wrapped }: WrappedRow): void {
    const rewrapped = rewrapKey(keys, subjectPlace({ workspace, subject, class: each }), wrapped, this.random);
    if (rewrapped !== null) this.#rewrap.run(rewrapped, id);
  }

  #keysUnderRotation(workspace: string): ChangingKeys {
    const keys = this.stored.readWorkspaceKeys(workspace);
    if (keys?.next) return { current: keys.current, next: keys.next };
    throw new CrmError('SUBJECT_ERASED');
  }

  #find(workspace: string): WorkspaceRow | undefined {
    return this.#row.get(workspace) as WorkspaceRow | undefined;
  }

  #keys(workspace: string): WorkspaceKeys | null {
    return this.stored.rememberedWorkspaceKeys(workspace) ?? this.stored.readWorkspaceKeys(workspace);
  }

  #wrapped(workspace: string, key: Buffer): Buffer {
    return wrapKey(this.wrapping, workspacePlace(workspace), key, this.random);
  }
}
