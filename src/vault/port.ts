import type { KeyRef, RetentionClass } from '../kernel/personal.js';

/** 32 bytes. Zeroed by the vault when it is destroyed or evicted: never keep a copy, ask again. */
export type SubjectKey = Uint8Array;

/** The right to seal for one subject. While it is out the subject cannot be fenced off; release it as soon as the append is done. */
export interface SealingLease {
  key(retentionClass: RetentionClass): SubjectKey;
  /**
   * To be asked right before what was sealed leaves this process: where several share the vault, a lease that its holder
   * has not kept alive ends by time. Error: STORE_UNREACHABLE where it has ended.
   */
  assertHeld(): void;
  /** Idempotent. */
  release(): void;
}

export type SubjectState = 'unknown' | 'active' | 'closing' | 'destroyed';

/** What is left of a destroyed key: enough to prove which it was, nothing to rebuild it from. */
export interface DestroyedKey extends KeyRef {
  /** SHA-256 of the key under a label of its own, hex. Refused for ever after. */
  readonly fingerprint: string;
}

/** What is left of a workspace's key. */
export interface DestroyedWorkspaceKey {
  readonly workspace: string;
  /** As of a subject's key; `null` where the workspace never had one. */
  readonly fingerprint: string | null;
}

/**
 * The keys of subjects, per retention class, wrapped by their workspace's key, that by the master key.
 * A subject goes from active to closing to destroyed, by compare-and-set, and never back; so does a workspace, and its
 * subjects with it. What was destroyed is refused for ever, whoever brings it back.
 *
 * How far the fence reaches is the adapter's to say. In SQLite leases are held in memory: the fence holds among all
 * writers of the one process that has the file open for writing, which the lock of the data directory makes sure of.
 * In MongoDB it holds among all processes that share the vault.
 * Every adapter passes `test/contract/vault.ts`.
 */
export interface Vault {
  /**
   * Keys to seal with; those that are missing are made, and are on disk when this resolves.
   * Error: SUBJECT_ERASED where the subject is closing or destroyed.
   */
  lease(workspace: string, subject: string, classes: readonly RetentionClass[]): Promise<SealingLease>;

  /** Keys to open with, in the order asked for; `null` where a key was destroyed or never was. */
  openingKeys(refs: readonly KeyRef[]): Promise<readonly (SubjectKey | null)[]>;

  state(workspace: string, subject: string): Promise<SubjectState>;

  /**
   * Whether each of these keys was destroyed, in the order asked for: by itself, with its subject or with its workspace.
   * That is known for certain: a key that merely is not there was not.
   */
  areDestroyed(refs: readonly KeyRef[]): Promise<readonly boolean[]>;

  /** Fences the subject: no new lease is given, and this resolves once those that are out have come back. Idempotent. */
  close(workspace: string, subject: string): Promise<void>;

  /**
   * Destroys the keys of these classes, in the file (overwritten in place) and in memory; of all classes where none is
   * named. The subject has to be closing. Idempotent: answers alike when repeated.
   */
  destroy(workspace: string, subject: string, classes?: readonly RetentionClass[]): Promise<readonly DestroyedKey[]>;

  /** Fences every subject of a workspace, known or not, as `close` does one. Idempotent. */
  closeWorkspace(workspace: string): Promise<void>;

  /**
   * Destroys a workspace's key, and with that one act every subject's under it, in the file and in memory. The workspace
   * has to be closing. Idempotent: answers alike when repeated.
   */
  destroyWorkspace(workspace: string): Promise<DestroyedWorkspaceKey>;

  /**
   * Gives a workspace a new key and wraps every key under it, while sealing and opening go on; no event is touched.
   * After a crash at any point it goes on where it was. Errors: NOT_FOUND, SUBJECT_ERASED.
   */
  rotateWorkspaceKey(workspace: string): Promise<void>;

  /** Finishes what was accepted, zeroes every key in memory, releases the file. */
  shut(): Promise<void>;
}
