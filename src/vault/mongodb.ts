import { randomUUID } from 'node:crypto';
import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { KeyRef, RetentionClass } from '../kernel/personal.js';
import { connectMongo, type MongoDatabase } from '../mongodb/database.js';
import { MongoKeyReader, nameOf } from './mongodbKeyReader.js';
import { MongoSubjectKeys } from './mongodbKeys.js';
import { evenTime, type Recall, VaultProcesses, type VaultProcessesParts } from './mongodbProcesses.js';
import { rewrapSubjects } from './mongodbRotation.js';
import { MongoWorkspaceKeys } from './mongodbWorkspaces.js';
import type { DestroyedKey, DestroyedWorkspaceKey, SealingLease, SubjectKey, SubjectState, Vault } from './port.js';
import { zeroKeys } from './storedKeys.js';
import { type CachedSubject, SubjectCache } from './subjectCache.js';

export interface MongoVaultOptions {
  /** `mongodb://…` of a replica set. */
  readonly url: string;
  /** 32 bytes; wraps the keys of workspaces. */
  readonly wrapKey: Uint8Array;
  readonly random: RandomBytes;
  /** Unwrapped keys kept in memory; default 20,000. */
  readonly cacheKeys?: number;
  /** Real time, unless it is said. */
  readonly time?: Pick<VaultProcessesParts, 'clock' | 'pause'>;
}

const DEFAULT_CACHE_KEYS = 20_000;

/**
 * The vault in a MongoDB replica set; any number of processes share it, and the fence holds among all of them
 * (`mongodbProcesses.ts`). What is stored are wrapped keys: the root key is not among them.
 * Errors: WRONG_MASTER_KEY, and as `connectMongo`.
 */
export const openMongoVault = async (options: MongoVaultOptions): Promise<Vault> => {
  const database = await connectMongo(options.url, 'vault');
  const vault = new MongoVault(database, options);
  try {
    await vault.start();
    return vault;
  } catch (error) {
    await vault.shut();
    throw error;
  }
};

const shutError = () => new CrmError('STORE_FAILED', { reason: 'The vault is shut.' });

/** The store is the truth about states and keys; the cache adds what only this process knows: the leases that are out. */
class MongoVault implements Vault {
  readonly #subjects: MongoSubjectKeys;
  readonly #workspaces: MongoWorkspaceKeys;
  readonly #reader: MongoKeyReader;
  readonly #processes: VaultProcesses;
  readonly #cache: SubjectCache;
  /** Workspaces that this process lends nothing of any more: the store says so as well, or is about to. */
  readonly #fenced = new Set<string>();
  /** Makings of keys under way, by workspace. */
  readonly #making = new Map<string, Set<Promise<unknown>>>();
  /** Destructions under way: what was accepted is finished before the connection is given back. */
  readonly #destructions = new Set<Promise<unknown>>();
  /** Counts what makes worthless all that was read before. */
  #epoch = 0;
  /** Counts the losses of the right to hold keys: what was lent before one is worth nothing after it. */
  #lapses = 0;
  #leasesOut = 0;
  #shut: Promise<void> | undefined;

  constructor(
    private readonly database: MongoDatabase,
    private readonly options: MongoVaultOptions,
  ) {
    this.#subjects = new MongoSubjectKeys(database, options.random);
    this.#workspaces = new MongoWorkspaceKeys(database, options.wrapKey, options.random);
    this.#reader = new MongoKeyReader(this.#subjects, this.#workspaces);
    this.#cache = new SubjectCache(options.cacheKeys ?? DEFAULT_CACHE_KEYS);
    this.#processes = new VaultProcesses({
      ...(options.time ?? evenTime),
      database,
      newId: randomUUID,
      obey: (recall) => this.#obey(recall),
      lapse: () => this.#lapse(),
    });
  }

  async start(): Promise<void> {
    await this.database.run(async () => {
      const any = await this.#workspaces.any();
      if (any !== null) zeroKeys(this.#workspaces.opened(any));
    });
    await this.#processes.start();
  }

  async lease(workspace: string, subject: string, classes: readonly RetentionClass[]): Promise<SealingLease> {
    this.#refuseShut();
    return this.#cache.holding(workspace, subject, async (held) => {
      while (!this.#isAtHand(held, workspace, classes)) {
        if (!this.#processes.isHeld) await this.#processes.renew();
        await this.#bring(held, workspace, subject, classes);
        this.#refuseShut();
      }
      return this.#grant(held, classes);
    });
  }

  async openingKeys(refs: readonly KeyRef[]): Promise<readonly (SubjectKey | null)[]> {
    this.#refuseShut();
    for (let wanted = this.#notInMemory(refs); ; wanted = refs) {
      if (!this.#processes.isHeld) await this.#processes.renew();
      const epoch = this.#epoch;
      const read = await this.#read(wanted);
      // From here to the caller it is one turn of the event loop, in which no key is zeroed.
      const keys = this.#keep(refs, read, epoch);
      this.#refuseShut();
      if (keys !== null) return keys;
    }
  }

  async state(workspace: string, subject: string): Promise<SubjectState> {
    this.#refuseShut();
    return this.database.run(async () => {
      const ofWorkspace = (await this.#workspaces.find(workspace))?.state;
      if (ofWorkspace === 'closing' || ofWorkspace === 'destroyed') return ofWorkspace;
      return (await this.#subjects.find(workspace, subject))?.state ?? 'unknown';
    });
  }

  async areDestroyed(refs: readonly KeyRef[]): Promise<readonly boolean[]> {
    this.#refuseShut();
    return this.database.run(() => this.#reader.areDestroyed(refs));
  }

  async close(workspace: string, subject: string): Promise<void> {
    this.#refuseShut();
    await this.#cache.holding(workspace, subject, (held) => this.#closeHeld(held, workspace, subject));
  }

  async destroy(
    workspace: string,
    subject: string,
    classes?: readonly RetentionClass[],
  ): Promise<readonly DestroyedKey[]> {
    this.#refuseShut();
    return this.#cache.holding(workspace, subject, async (held) => {
      if (held.closing !== undefined) await held.closing;
      const before = await this.database.run(() => this.#subjects.find(workspace, subject));
      if (before === null || before.state === 'active') throw new Error('A subject has to be closing to be destroyed.');
      // Closing in the store is not enough: somebody may be sealing under a lease of before.
      if (!before.fenced) await this.#closeHeld(held, workspace, subject);
      return this.#finishing(async () => {
        const destroyed = await this.database.run(() => this.#subjects.destroy(before, classes));
        await this.#everywhere({ kind: 'forget', workspace, subject });
        return destroyed;
      });
    });
  }

  async closeWorkspace(workspace: string): Promise<void> {
    this.#refuseShut();
    const isFirst = !this.#fenced.has(workspace);
    this.#fenced.add(workspace);
    try {
      const { fenced } = await this.database.run(() => this.#workspaces.close(workspace));
      const recall = { kind: 'close', workspace, subject: null } as const;
      if (fenced) return await this.#obey(recall);
      await this.#everywhere(recall);
      await this.database.run(() => this.#workspaces.noteFenced(workspace));
    } catch (error) {
      // The store says what holds, and the caller tries again.
      if (isFirst) this.#fenced.delete(workspace);
      this.#reader.forget(workspace);
      throw error;
    }
  }

  async destroyWorkspace(workspace: string): Promise<DestroyedWorkspaceKey> {
    this.#refuseShut();
    const before = await this.database.run(() => this.#workspaces.find(workspace));
    if (before === null || before.state === 'active') {
      throw new Error('A workspace has to be closing to be destroyed.');
    }
    // Closing in the store is not enough: somebody may be sealing under a lease of before.
    if (!before.fenced) await this.closeWorkspace(workspace);
    const { fingerprint } = before;
    return this.#finishing(async () => {
      await this.database.run(async () => {
        await this.#subjects.noteDestroyed(fingerprint === null ? [] : [fingerprint]);
        await this.#workspaces.destroy(workspace);
      });
      await this.#everywhere({ kind: 'forget', workspace, subject: null });
      return { workspace, fingerprint };
    });
  }

  async rotateWorkspaceKey(workspace: string): Promise<void> {
    this.#refuseShut();
    const begun = await this.database.run(() => this.#workspaces.beginRotation(workspace));
    // Once everybody has answered, nobody wraps a key under the old one any more.
    await this.#everywhere({ kind: 'rewrap', workspace, subject: null });
    const keys = this.#workspaces.opened(begun);
    if (!keys?.next) throw new CrmError('CORRUPT_STORE');
    const { current, next } = keys;
    try {
      await this.database.run(() => rewrapSubjects(workspace, { current, next }, this.#subjects, this.options.random));
    } finally {
      zeroKeys(keys);
    }
    await this.database.run(() => this.#workspaces.finishRotation(workspace, begun.next));
    this.#reader.forget(workspace);
  }

  shut(): Promise<void> {
    this.#shut ??= this.#finish();
    return this.#shut;
  }

  async #finish(): Promise<void> {
    await this.#cache.clear();
    // Who waits for a lease that is out would wait for ever.
    const closings = this.#cache.all.filter(({ leases, closing }) => leases === 0 && closing !== undefined);
    await Promise.allSettled([...closings.map(({ closing }) => closing), ...this.#destructions]);
    await this.#processes.stop(this.#leasesOut === 0);
    await this.database.close();
  }

  #refuseShut(): void {
    if (this.#shut !== undefined) throw shutError();
  }

  /** Whether the subject is active and these keys are all in memory, and may be used. Error: SUBJECT_ERASED. */
  #isAtHand(held: CachedSubject, workspace: string, classes: readonly RetentionClass[]): boolean {
    if (held.standing === 'fenced' || this.#fenced.has(workspace)) throw new CrmError('SUBJECT_ERASED');
    return this.#processes.isHeld && held.standing === 'active' && classes.every((each) => held.keys.has(each));
  }

  /** Takes keys from the store, and makes there what is missing. Where they were called back meanwhile, it takes none. */
  async #bring(
    held: CachedSubject,
    workspace: string,
    subject: string,
    classes: readonly RetentionClass[],
  ): Promise<void> {
    const epoch = this.#epoch;
    const refs = classes.map((each) => ({ workspace, subject, class: each }));
    await this.#underWay(workspace, () => this.database.run(() => this.#makeMissing(workspace, subject, classes)));
    const keys = this.#keep(refs, await this.#read(refs), epoch);
    if (keys === null) return;
    // It is active, and has a key that was destroyed: somebody has brought it back.
    if (keys.includes(null)) throw new CrmError('KEY_DESTROYED');
    if (held.standing === 'unread') held.standing = 'active';
  }

  /** Errors: SUBJECT_ERASED where the subject or its workspace is closing; KEY_DESTROYED. */
  async #makeMissing(workspace: string, subject: string, classes: readonly RetentionClass[]): Promise<void> {
    const ofWorkspace = (await this.#reader.workspace(workspace)) ?? (await this.#workspaces.made(workspace));
    const keys = ofWorkspace.state === 'active' ? this.#workspaces.opened(ofWorkspace) : null;
    if (keys === null) throw new CrmError('SUBJECT_ERASED');
    try {
      await this.#subjects.makeMissing(workspace, subject, classes, keys.next ?? keys.current);
    } finally {
      zeroKeys(keys);
    }
  }

  /** Notes what may wrap a key under the workspace's, until it is done. */
  async #underWay(workspace: string, work: () => Promise<void>): Promise<void> {
    const making = work();
    const all = this.#making.get(workspace) ?? new Set();
    this.#making.set(workspace, all.add(making));
    try {
      await making;
    } finally {
      all.delete(making);
      if (all.size === 0 && this.#making.get(workspace) === all) this.#making.delete(workspace);
    }
  }

  #notInMemory(refs: readonly KeyRef[]): readonly KeyRef[] {
    return refs.filter((ref) => this.#cache.key(ref) === undefined);
  }

  async #read(refs: readonly KeyRef[]): Promise<Map<string, SubjectKey | null>> {
    return refs.length === 0 ? new Map() : this.database.run(() => this.#reader.read(refs));
  }

  /** As `#taken`, but where they were called back since `epoch`: `null`. What is not kept is zeroed. */
  #keep(
    refs: readonly KeyRef[],
    read: Map<string, SubjectKey | null>,
    epoch: number,
  ): readonly (SubjectKey | null)[] | null {
    const isGood = epoch === this.#epoch && this.#processes.isHeld && this.#shut === undefined;
    const keys = isGood ? this.#taken(refs, read) : null;
    for (const key of read.values()) key?.fill(0);
    return keys;
  }

  /**
   * The keys in the order asked for, from memory or as they were read just now; those go into memory, and out of `read`.
   * `null` where one has left the memory since, and was not read.
   */
  #taken(refs: readonly KeyRef[], read: Map<string, SubjectKey | null>): readonly (SubjectKey | null)[] | null {
    const taken = new Map<string, SubjectKey | null>();
    for (const ref of refs) {
      const name = nameOf(ref);
      if (taken.has(name)) continue;
      const key = this.#cache.key(ref) ?? read.get(name);
      if (key === undefined) return null;
      taken.set(name, key);
      if (key === null || key !== read.get(name)) continue;
      read.delete(name);
      this.#cache.put(ref, key);
    }
    return refs.map((ref) => taken.get(nameOf(ref))!);
  }

  /** From here the lease counts: there is no await between the last look at the fence and this. */
  #grant(held: CachedSubject, classes: readonly RetentionClass[]): SealingLease {
    held.leases++;
    held.holds++;
    this.#leasesOut++;
    const lapses = this.#lapses;
    let released = false;
    // Others may have taken this process for gone, and fenced the subject off without it.
    const assertHeld = () => {
      if (lapses !== this.#lapses || !this.#processes.isHeld) throw new CrmError('STORE_UNREACHABLE');
    };
    return {
      assertHeld,
      key: (retentionClass) => {
        assertHeld();
        const key = classes.includes(retentionClass) ? held.keys.get(retentionClass) : undefined;
        if (released || key === undefined) throw new Error('The lease does not hold this key.');
        return key;
      },
      release: () => {
        if (released) return;
        released = true;
        this.#leasesOut--;
        held.leaseReturned();
        this.#cache.letGo(held);
      },
    };
  }

  async #closeHeld(held: CachedSubject, workspace: string, subject: string): Promise<void> {
    held.closing ??= this.#fenceOff(held, workspace, subject);
    await held.closing;
  }

  async #fenceOff(held: CachedSubject, workspace: string, subject: string): Promise<void> {
    held.standing = 'fenced';
    held.holds++;
    try {
      const { fenced } = await this.database.run(() => this.#subjects.close(workspace, subject));
      if (fenced) return await held.drained();
      await this.#everywhere({ kind: 'close', workspace, subject });
      await this.database.run(() => this.#subjects.noteFenced(workspace, subject));
    } catch (error) {
      // The store says what holds, and the caller tries again.
      held.standing = 'unread';
      throw error;
    } finally {
      held.closing = undefined;
      this.#cache.letGo(held);
    }
  }

  /** Resolves once this process and every other has done it. */
  async #everywhere(recall: Recall): Promise<void> {
    await Promise.all([this.#obey(recall), this.#processes.recall(recall)]);
  }

  async #obey({ kind, workspace, subject }: Recall): Promise<void> {
    this.#reader.forget(workspace);
    if (kind !== 'close') this.#epoch++;
    if (kind === 'rewrap') await Promise.allSettled(this.#making.get(workspace) ?? []);
    else if (subject === null) {
      if (kind === 'close') this.#fenced.add(workspace);
      const all = this.#cache.ofWorkspace(workspace);
      await Promise.all(all.map((each) => (kind === 'close' ? each.drained() : this.#cache.drop(each))));
    } else {
      await this.#cache.holding(workspace, subject, (held) => {
        if (kind === 'close') held.standing = 'fenced';
        return kind === 'close' ? held.drained() : this.#cache.drop(held);
      });
    }
  }

  /** Others may have fenced off, destroyed and changed what they liked: nothing of before is worth anything. */
  #lapse(): void {
    this.#epoch++;
    this.#lapses++;
    for (const held of this.#cache.all) {
      if (held.standing === 'active') held.standing = 'unread';
    }
    this.#reader.forgetAll();
    void this.#cache.clear();
  }

  /** Work that `shut` waits for. */
  #finishing<T>(work: () => Promise<T>): Promise<T> {
    const destruction = work();
    this.#destructions.add(destruction);
    return destruction.finally(() => this.#destructions.delete(destruction));
  }
}
