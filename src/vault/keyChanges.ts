import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { KeyRef, RetentionClass } from '../kernel/personal.js';
import type { SqliteDatabase, Statement } from '../sqlite/database.js';
import type { DestroyedKey, SubjectState } from './port.js';
import { subjectPlace } from './storedKeys.js';
import type { WorkspaceChanges } from './workspaceChanges.js';
import { fingerprintOf, WRAPPED_BYTES, wrapKey } from './wrap.js';

const KEY_BYTES = 32;

interface SubjectRow {
  readonly id: number;
  readonly state: Exclude<SubjectState, 'unknown'>;
}

interface KeyRow {
  readonly id: number;
  readonly class: RetentionClass;
  readonly destroyed: 0 | 1;
  readonly fingerprint: Buffer;
}

/** What changes the tables. Every change is a job for a transaction and can be repeated. */
export class KeyChanges {
  readonly #subject: Statement;
  readonly #insertSubject: Statement;
  readonly #setState: Statement;
  readonly #keysOf: Statement;
  readonly #insertKey: Statement;
  readonly #destroyKey: Statement;
  readonly #wasDestroyed: Statement;
  readonly #isDestroyed: Statement;

  constructor(
    database: SqliteDatabase,
    private readonly workspaces: WorkspaceChanges,
    private readonly random: RandomBytes,
  ) {
    this.#subject = database.prepare('SELECT id, state FROM subjects WHERE workspace = ? AND subject = ?');
    this.#insertSubject = database.prepare('INSERT INTO subjects (workspace, subject, state) VALUES (?, ?, ?)');
    this.#setState = database.prepare('UPDATE subjects SET state = ? WHERE id = ? AND state = ?');
    this.#keysOf = database.prepare('SELECT id, class, destroyed, fingerprint FROM keys WHERE subject = ? ORDER BY id');
    this.#insertKey = database.prepare(
      'INSERT INTO keys (subject, class, destroyed, fingerprint, wrapped) VALUES (?, ?, 0, ?, ?)',
    );
    this.#destroyKey = database.prepare(
      `UPDATE keys SET destroyed = 1, wrapped = zeroblob(${WRAPPED_BYTES}) WHERE id = ?`,
    );
    this.#wasDestroyed = database.prepare('SELECT 1 FROM keys WHERE fingerprint = ? AND destroyed = 1').pluck();
    this.#isDestroyed = database
      .prepare(
        `SELECT 1 FROM subjects s WHERE s.workspace = ? AND s.subject = ? AND (s.state = 'destroyed' OR (s.state = 'closing'
           AND EXISTS (SELECT 1 FROM keys k WHERE k.subject = s.id AND k.class = ? AND k.destroyed = 1)))`,
      )
      .pluck();
  }

  /** Of a workspace that is closing or destroyed every subject is, known or not. */
  state(workspace: string, subject: string): SubjectState {
    const ofWorkspace = this.workspaces.state(workspace);
    if (ofWorkspace === 'closing' || ofWorkspace === 'destroyed') return ofWorkspace;
    return this.#row(workspace, subject)?.state ?? 'unknown';
  }

  /** Whether a key was destroyed, by itself, with its subject or with its workspace. */
  isDestroyed({ workspace, subject, class: each }: KeyRef): boolean {
    if (this.workspaces.state(workspace) === 'destroyed') return true;
    return this.#isDestroyed.get(workspace, subject, each) !== undefined;
  }

  /** Makes the keys that are missing, and the subject and the workspace's key with them. Error: SUBJECT_ERASED. */
  makeMissing(workspace: string, subject: string, classes: readonly RetentionClass[]): void {
    // Before anything is written: it refuses where the workspace is closing.
    const workspaceKey = this.workspaces.sealingKey(workspace);
    const row = this.#row(workspace, subject) ?? this.#addSubject(workspace, subject, 'active');
    if (row.state !== 'active') throw new CrmError('SUBJECT_ERASED');
    const present = new Set(this.#keyRows(row.id).map((key) => key.class));
    for (const each of new Set(classes)) {
      if (!present.has(each)) this.#makeKey(row.id, { workspace, subject, class: each }, workspaceKey);
    }
  }

  /** From active to closing; a subject that was never seen is made as closing, so that it stays without keys. */
  close(workspace: string, subject: string): void {
    const row = this.#row(workspace, subject);
    if (row === undefined) this.#addSubject(workspace, subject, 'closing');
    else this.#setState.run('closing', row.id, 'active');
  }

  /**
   * Overwrites the keys of these classes, or all; the subject is destroyed with the last of them.
   * Answers with those that are destroyed now, whether by this call or before.
   */
  destroy(workspace: string, subject: string, classes?: readonly RetentionClass[]): DestroyedKey[] {
    const row = this.#row(workspace, subject);
    if (row === undefined || row.state === 'active') throw new Error('A subject has to be closing to be destroyed.');
    const keys = this.#keyRows(row.id);
    const named = keys.filter((key) => classes === undefined || classes.includes(key.class));
    for (const key of named) if (key.destroyed === 0) this.#destroyKey.run(key.id);
    if (keys.every((key) => key.destroyed === 1 || named.includes(key))) {
      this.#setState.run('destroyed', row.id, 'closing');
    }
    return named.map((key) => ({
      workspace,
      subject,
      class: key.class,
      fingerprint: key.fingerprint.toString('hex'),
    }));
  }

  #row(workspace: string, subject: string): SubjectRow | undefined {
    return this.#subject.get(workspace, subject) as SubjectRow | undefined;
  }

  #keyRows(subjectId: number): KeyRow[] {
    return this.#keysOf.all(subjectId) as KeyRow[];
  }

  #addSubject(workspace: string, subject: string, state: SubjectRow['state']): SubjectRow {
    const { lastInsertRowid } = this.#insertSubject.run(workspace, subject, state);
    return { id: Number(lastInsertRowid), state };
  }

  #makeKey(subjectId: number, ref: KeyRef, workspaceKey: Buffer): void {
    const key = this.random(KEY_BYTES);
    const fingerprint = fingerprintOf(key);
    // Only a broken source of randomness, or a machine set back to an old image, brings a key a second time.
    if (this.#wasDestroyed.get(fingerprint) !== undefined) throw new CrmError('KEY_DESTROYED');
    this.#insertKey.run(subjectId, ref.class, fingerprint, wrapKey(workspaceKey, subjectPlace(ref), key, this.random));
    key.fill(0);
  }
}
