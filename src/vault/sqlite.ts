import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { KeyRef, RetentionClass } from '../kernel/personal.js';
import { openDatabase, type SqliteDatabase, storeError } from '../sqlite/database.js';
import { emptyWal } from '../sqlite/emptyWal.js';
import { GroupCommit } from '../sqlite/groupCommit.js';
import { KeyChanges } from './keyChanges.js';
import type { DestroyedKey, DestroyedWorkspaceKey, SealingLease, SubjectKey, SubjectState, Vault } from './port.js';
import { createKeyTables, StoredKeys } from './storedKeys.js';
import { type CachedSubject, SubjectCache } from './subjectCache.js';
import { WorkspaceChanges } from './workspaceChanges.js';

export interface SqliteVaultOptions {
  readonly file: string;
  /** 32 bytes; encrypts the file. */
  readonly fileKey: Uint8Array;
  /** 32 bytes; wraps the keys of workspaces. */
  readonly wrapKey: Uint8Array;
  readonly random: RandomBytes;
  /** Unwrapped keys kept in memory; default 20,000. */
  readonly cacheKeys?: number;
}

const DEFAULT_CACHE_KEYS = 20_000;

/**
 * The vault in an encrypted SQLite file of its own. One process has it open for writing; its worker threads read with
 * `openSqliteKeyReader`. Keys that `openingKeys` hands out are good until the caller's turn of the event loop ends:
 * open what there is to open before awaiting anything else. Errors: WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const openSqliteVault = (options: SqliteVaultOptions): Vault => {
  const database = openDatabase({ file: options.file, fileKey: options.fileKey, durability: 'full' });
  try {
    return new SqliteVault(database, options);
  } catch (error) {
    database.close();
    throw storeError(error);
  }
};

/**
 * The keys to open with, read-only, for a worker thread. Keeps no key beyond the turn in which it was handed out,
 * since nobody tells it when one is destroyed. Errors: WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const openSqliteKeyReader = (
  options: Pick<SqliteVaultOptions, 'file' | 'fileKey' | 'wrapKey'>,
): Pick<Vault, 'openingKeys' | 'shut'> => {
  const database = openDatabase({
    file: options.file,
    fileKey: options.fileKey,
    durability: 'full',
    readonly: true,
  });
  try {
    const stored = new StoredKeys(database, options.wrapKey);
    const cache = new SubjectCache(Number.POSITIVE_INFINITY);
    return {
      async openingKeys(refs) {
        if (!database.open) throw shutError();
        try {
          return readKeys(stored, cache, refs);
        } finally {
          cache.clear();
        }
      },
      async shut() {
        stored.zero();
        await cache.clear();
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw storeError(error);
  }
};

const shutError = () => new CrmError('STORE_FAILED', { reason: 'The vault is shut.' });

const readKeys = (stored: StoredKeys, cache: SubjectCache, refs: readonly KeyRef[]): (SubjectKey | null)[] => {
  const keys = refs.map((ref) => cache.key(ref) ?? null);
  if (!keys.includes(null)) return keys;
  return inStore(() =>
    stored.atOnce(() => keys.map((key, at) => key ?? cache.key(refs[at]!) ?? load(stored, cache, refs[at]!))),
  );
};

const load = (stored: StoredKeys, cache: SubjectCache, ref: KeyRef): SubjectKey | null => {
  const key = stored.read(ref);
  if (key !== null) cache.put(ref, key);
  return key;
};

const inStore = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw storeError(error);
  }
};

/** The file is the truth about states and keys; the cache adds what only this process knows: the leases that are out. */
class SqliteVault implements Vault {
  readonly #group: GroupCommit;
  readonly #stored: StoredKeys;
  readonly #changes: KeyChanges;
  readonly #workspaces: WorkspaceChanges;
  readonly #cache: SubjectCache;
  /** Workspaces that this process has begun to close: the file says so a little later. */
  readonly #fenced = new Set<string>();
  /** Destructions under way: what was accepted is finished before the file is closed. */
  readonly #destructions = new Set<Promise<unknown>>();
  #emptying: Promise<void> | undefined;
  #shut: Promise<void> | undefined;

  constructor(
    private readonly database: SqliteDatabase,
    options: SqliteVaultOptions,
  ) {
    createKeyTables(database);
    this.#group = new GroupCommit(database);
    this.#stored = new StoredKeys(database, options.wrapKey);
    this.#workspaces = new WorkspaceChanges(database, this.#stored, options.wrapKey, options.random);
    this.#changes = new KeyChanges(database, this.#workspaces, options.random);
    this.#cache = new SubjectCache(options.cacheKeys ?? DEFAULT_CACHE_KEYS);
  }

  async lease(workspace: string, subject: string, classes: readonly RetentionClass[]): Promise<SealingLease> {
    this.#refuseShut();
    return this.#cache.holding(workspace, subject, async (held) => {
      if (!this.#findKeys(held, workspace, subject, classes)) {
        await this.#group.submit(() => this.#changes.makeMissing(workspace, subject, classes));
        // Since the job was submitted the subject may have been closed, or the vault shut.
        this.#refuseShut();
        if (!this.#findKeys(held, workspace, subject, classes)) throw new CrmError('CORRUPT_STORE');
      }
      return this.#grant(held, classes);
    });
  }

  async openingKeys(refs: readonly KeyRef[]): Promise<readonly (SubjectKey | null)[]> {
    this.#refuseShut();
    return readKeys(this.#stored, this.#cache, refs);
  }

  async state(workspace: string, subject: string): Promise<SubjectState> {
    this.#refuseShut();
    return inStore(() => this.#changes.state(workspace, subject));
  }

  async areDestroyed(refs: readonly KeyRef[]): Promise<readonly boolean[]> {
    this.#refuseShut();
    return inStore(() => this.#stored.atOnce(() => refs.map((ref) => this.#changes.isDestroyed(ref))));
  }

  async close(workspace: string, subject: string): Promise<void> {
    this.#refuseShut();
    await this.#cache.holding(workspace, subject, (held) => {
      held.closing ??= this.#fenceOff(held, workspace, subject);
      return held.closing;
    });
  }

  async destroy(
    workspace: string,
    subject: string,
    classes?: readonly RetentionClass[],
  ): Promise<readonly DestroyedKey[]> {
    this.#refuseShut();
    return this.#cache.holding(workspace, subject, async (held) => {
      // Closing on disk is not enough: somebody may be sealing under a lease of before.
      if (held.closing !== undefined) await held.closing;
      return this.#finishing(() => this.#destroyHeld(held, workspace, subject, classes));
    });
  }

  async closeWorkspace(workspace: string): Promise<void> {
    this.#refuseShut();
    const isFirst = !this.#fenced.has(workspace);
    this.#fenced.add(workspace);
    try {
      await this.#group.submit(() => this.#workspaces.close(workspace));
    } catch (error) {
      // Nothing was written, so the file says what holds, and the caller tries again.
      if (isFirst) this.#fenced.delete(workspace);
      throw error;
    }
    await Promise.all(this.#cache.ofWorkspace(workspace).map((subject) => subject.drained()));
  }

  async destroyWorkspace(workspace: string): Promise<DestroyedWorkspaceKey> {
    this.#refuseShut();
    // Closing on disk is not enough: somebody may be sealing under a lease of before.
    if (this.#fenced.has(workspace)) await this.closeWorkspace(workspace);
    return this.#finishing(async () => {
      const destroyed = await this.#group.submit(() => this.#workspaces.destroy(workspace));
      this.#stored.forget(workspace);
      await Promise.all(this.#cache.ofWorkspace(workspace).map((subject) => this.#cache.drop(subject)));
      await this.#emptyWal();
      return destroyed;
    });
  }

  async rotateWorkspaceKey(workspace: string): Promise<void> {
    this.#refuseShut();
    const change = async <T>(job: () => T): Promise<T> => {
      const result = await this.#group.submit(job);
      this.#stored.forget(workspace);
      return result;
    };
    await change(() => this.#workspaces.beginRotation(workspace));
    let last = 0;
    for (let next: number | null = 0; next !== null; ) {
      last = next;
      next = await this.#group.submit(() => this.#workspaces.rewrapAfter(workspace, last));
    }
    await change(() => this.#workspaces.finishRotation(workspace, last));
    await this.#emptyWal();
  }

  shut(): Promise<void> {
    this.#shut ??= this.#finish();
    return this.#shut;
  }

  async #finish(): Promise<void> {
    this.#group.close();
    this.#stored.zero();
    await this.#cache.clear();
    await Promise.allSettled(this.#destructions);
    this.database.close();
  }

  #refuseShut(): void {
    if (this.#shut !== undefined) throw shutError();
  }

  /** Whether the subject is active and these keys are all in memory, once the file was asked for what is missing. */
  #findKeys(held: CachedSubject, workspace: string, subject: string, classes: readonly RetentionClass[]): boolean {
    if (held.standing === 'fenced' || this.#fenced.has(workspace)) throw new CrmError('SUBJECT_ERASED');
    if (held.standing === 'active' && classes.every((each) => held.keys.has(each))) return true;
    return inStore(() =>
      this.#stored.atOnce(() => {
        const state = this.#changes.state(workspace, subject);
        if (state === 'closing' || state === 'destroyed') throw new CrmError('SUBJECT_ERASED');
        if (state === 'unknown') return false;
        held.standing = 'active';
        return classes.every(
          (each) =>
            held.keys.has(each) || load(this.#stored, this.#cache, { workspace, subject, class: each }) !== null,
        );
      }),
    );
  }

  /** From here the lease counts: there is no await between the last look at the fence and this. */
  #grant(held: CachedSubject, classes: readonly RetentionClass[]): SealingLease {
    held.leases++;
    held.holds++;
    let released = false;
    return {
      key: (retentionClass) => {
        const key = classes.includes(retentionClass) ? held.keys.get(retentionClass) : undefined;
        if (released || key === undefined) throw new Error('The lease does not hold this key.');
        return key;
      },
      // Nobody else lends keys of this file: it ends when it is given back.
      assertHeld: () => {
        if (this.#shut !== undefined) throw new CrmError('STORE_UNREACHABLE');
      },
      release: () => {
        if (released) return;
        released = true;
        held.leaseReturned();
        this.#cache.letGo(held);
      },
    };
  }

  async #fenceOff(held: CachedSubject, workspace: string, subject: string): Promise<void> {
    held.standing = 'fenced';
    held.holds++;
    try {
      await this.#group.submit(() => this.#changes.close(workspace, subject));
      await held.drained();
    } catch (error) {
      // Nothing was written, so the file says what holds, and the caller tries again.
      held.standing = 'unread';
      throw error;
    } finally {
      held.closing = undefined;
      this.#cache.letGo(held);
    }
  }

  /** Work that `shut` waits for. */
  #finishing<T>(work: () => Promise<T>): Promise<T> {
    const destruction = work();
    this.#destructions.add(destruction);
    return destruction.finally(() => this.#destructions.delete(destruction));
  }

  async #destroyHeld(
    held: CachedSubject,
    workspace: string,
    subject: string,
    classes?: readonly RetentionClass[],
  ): Promise<readonly DestroyedKey[]> {
    const destroyed = await this.#group.submit(() => this.#changes.destroy(workspace, subject, classes));
    await this.#cache.drop(held, classes);
    await this.#emptyWal();
    return destroyed;
  }

  /** One emptying serves all who committed before it is done. */
  #emptyWal(): Promise<void> {
    this.#emptying ??= emptyWal(this.database).finally(() => {
      this.#emptying = undefined;
    });
    return this.#emptying;
  }
}
