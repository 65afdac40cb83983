import type { KeyRef, RetentionClass } from '../kernel/personal.js';
import { lengthPrefixed } from './hkdf.js';
import type { SubjectKey } from './port.js';

/** What this process knows of one subject. */
export class CachedSubject {
  readonly keys = new Map<RetentionClass, SubjectKey>();
  /** `unread`: the file has to be asked. `active`: it said so, and nothing since. `fenced`: nothing is sealed any more. */
  standing: 'unread' | 'active' | 'fenced' = 'unread';
  /** Leases out. */
  leases = 0;
  /** Leases and calls under way that need this very object; while there is one, it is not evicted. */
  holds = 0;
  /** The fencing off under way, shared by all who ask for it. */
  closing: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  constructor(readonly id: string) {}

  leaseReturned(): void {
    this.leases--;
    if (this.leases === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves once no lease is out. For whoever is closing the subject or its workspace, after which none is given. */
  drained(): Promise<void> {
    if (this.leases === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}

/**
 * Unwrapped keys in memory: of the subjects used last, up to a number of keys.
 *
 * Who may still use a key when it is to be zeroed? A lease holds its subject, and a held subject is not evicted. A key
 * to open with is held by nobody, but is good until the turn of the event loop in which it was handed out has ended:
 * zeroing always waits for a turn of its own, and no turn begins before all that was promised in the last is done.
 */
export class SubjectCache {
  readonly #subjects = new Map<string, CachedSubject>();
  readonly #doomed: SubjectKey[] = [];
  #zeroing: Promise<void> | undefined;
  #keyCount = 0;

  /** `maxKeys` may be exceeded by the keys of held subjects, and by those alone. */
  constructor(private readonly maxKeys: number) {}

  get keyCount(): number {
    return this.#keyCount;
  }

  /** The key, where it is in memory; its subject counts as just used. */
  key(ref: KeyRef): SubjectKey | undefined {
    const subject = this.#subjects.get(idOf(ref.workspace, ref.subject));
    if (subject === undefined) return undefined;
    this.#touch(subject);
    return subject.keys.get(ref.class);
  }

  /** The subject, kept until `letGo` is called as often as this. */
  hold(workspace: string, subject: string): CachedSubject {
    const held = this.#of(idOf(workspace, subject));
    held.holds++;
    return held;
  }

  /** Does something with the subject, which is kept until that is done. Begins in this turn. */
  async holding<T>(workspace: string, subject: string, work: (held: CachedSubject) => Promise<T>): Promise<T> {
    const held = this.hold(workspace, subject);
    try {
      return await work(held);
    } finally {
      this.letGo(held);
    }
  }

  /** Everybody who is in memory. */
  get all(): CachedSubject[] {
    return [...this.#subjects.values()];
  }

  /** Everybody of a workspace who is in memory. */
  ofWorkspace(workspace: string): CachedSubject[] {
    const prefix = lengthPrefixed(workspace);
    return this.all.filter(({ id }) => id.startsWith(prefix));
  }

  letGo(subject: CachedSubject): void {
    subject.holds--;
    this.#forgetIfEmpty(subject);
    this.#evict();
  }

  /** Takes over an unwrapped key. Error: if there is one already, which others may be using. */
  put(ref: KeyRef, key: SubjectKey): void {
    const subject = this.#of(idOf(ref.workspace, ref.subject));
    if (subject.keys.has(ref.class)) throw new Error('The key is in memory already.');
    subject.keys.set(ref.class, key);
    this.#keyCount++;
    this.#evict();
  }

  /** Forgets these keys of a subject, or all; resolves when they are zeroed. */
  drop(subject: CachedSubject, classes: Iterable<RetentionClass> = [...subject.keys.keys()]): Promise<void> {
    for (const each of classes) {
      const key = subject.keys.get(each);
      if (key === undefined) continue;
      subject.keys.delete(each);
      this.#keyCount--;
      this.#doomed.push(key);
    }
    this.#forgetIfEmpty(subject);
    return this.#zeroDoomed();
  }

  /** Forgets every key, held or not; resolves when they are zeroed. */
  clear(): Promise<void> {
    for (const subject of this.all) this.drop(subject);
    return this.#zeroDoomed();
  }

  #of(id: string): CachedSubject {
    const known = this.#subjects.get(id);
    if (known !== undefined) {
      this.#touch(known);
      return known;
    }
    const subject = new CachedSubject(id);
    this.#subjects.set(id, subject);
    return subject;
  }

  /** The map is in order of use: whoever was used last stands last. */
  #touch(subject: CachedSubject): void {
    this.#subjects.delete(subject.id);
    this.#subjects.set(subject.id, subject);
  }

  /** What is neither held nor holds a key need not be remembered: the file says the same. */
  #forgetIfEmpty(subject: CachedSubject): void {
    if (subject.holds === 0 && subject.keys.size === 0) this.#subjects.delete(subject.id);
  }

  #evict(): void {
    if (this.#keyCount <= this.maxKeys) return;
    let left = this.#subjects.size;
    for (const subject of this.#subjects.values()) {
      if (this.#keyCount <= this.maxKeys || left-- === 0) return;
      // A held one goes to the end, so that the next search does not meet it first again.
      if (subject.holds > 0) this.#touch(subject);
      else this.drop(subject);
    }
  }

  #zeroDoomed(): Promise<void> {
    if (this.#doomed.length === 0) return this.#zeroing ?? Promise.resolve();
    this.#zeroing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#zeroing = undefined;
        for (const key of this.#doomed.splice(0)) key.fill(0);
        resolve();
      });
    });
    return this.#zeroing;
  }
}

const idOf = (workspace: string, subject: string): string => lengthPrefixed(workspace, subject);
