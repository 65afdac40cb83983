import { CrmError } from '../errors.js';
import { BoundedMap } from '../kernel/memory.js';
import type { KeyRef } from '../kernel/personal.js';
import { joined } from '../mongodb/texts.js';
import type { MongoSubjectKeys, SubjectDocument } from './mongodbKeys.js';
import type { MongoWorkspaceKeys, WorkspaceDocument } from './mongodbWorkspaces.js';
import type { SubjectKey } from './port.js';
import { subjectPlace, unwrapByEither, type WorkspaceKeys, zeroKeys } from './storedKeys.js';

/** Workspaces remembered, as they are stored: wrapped. */
const MAX_WORKSPACES = 1_000;
/** Another process may change a workspace's key between two reads; more than once in a row only by a bug. */
const ATTEMPTS = 3;

/** One text for one key. */
export const nameOf = ({ workspace, subject, class: each }: KeyRef): string => joined(workspace, joined(subject, each));

/** Finds keys in the store and unwraps them. What was destroyed is refused, whoever has put it back there. */
export class MongoKeyReader {
  #known = new BoundedMap<string, WorkspaceDocument>(MAX_WORKSPACES);
  #forgotten = 0;

  constructor(
    private readonly subjects: MongoSubjectKeys,
    private readonly workspaces: MongoWorkspaceKeys,
  ) {}

  /**
   * The keys by name; `null` where one was destroyed or never was. They are the caller's.
   * Error: CORRUPT_STORE where one does not unwrap.
   */
  async read(refs: readonly KeyRef[]): Promise<Map<string, SubjectKey | null>> {
    for (let attempt = 1; ; attempt++) {
      const subjects = await this.#subjectsOf(refs);
      const workspaces = await this.#workspacesOf(refs);
      const destroyed = await this.subjects.destroyedAmong(fingerprintsIn(refs, subjects, workspaces));
      const read = new Map<string, SubjectKey | null>();
      const broken = this.#unwrapAll(refs, { subjects, workspaces, destroyed }, read);
      if (broken === undefined) return read;
      for (const key of read.values()) key?.fill(0);
      if (attempt === ATTEMPTS) throw new CrmError('CORRUPT_STORE');
      this.forget(broken.workspace);
    }
  }

  /** Whether each of these keys was destroyed, by itself, with its subject or with its workspace: as it is stored now. */
  async areDestroyed(refs: readonly KeyRef[]): Promise<readonly boolean[]> {
    const subjects = await this.#subjectsOf(refs);
    const workspaces = new Set<string>();
    for (const name of new Set(refs.map(({ workspace }) => workspace))) {
      if ((await this.workspaces.find(name))?.state === 'destroyed') workspaces.add(name);
    }
    return refs.map((ref) => {
      const { state, keys } = subjects.get(idOf(ref)) ?? {};
      const isGone = state === 'destroyed' || (state === 'closing' && keys?.[ref.class]?.wrapped === null);
      return isGone || workspaces.has(ref.workspace);
    });
  }

  /** The workspace as it is stored, and as it was when nobody has called for it to be forgotten since. */
  async workspace(workspace: string): Promise<WorkspaceDocument | null> {
    const known = this.#known.get(workspace);
    if (known !== undefined) return known;
    const forgotten = this.#forgotten;
    const found = await this.workspaces.find(workspace);
    if (found !== null && forgotten === this.#forgotten) this.#known.set(workspace, found);
    return found;
  }

  forget(workspace: string): void {
    this.#forgotten++;
    this.#known.delete(workspace);
  }

  forgetAll(): void {
    this.#forgotten++;
    this.#known = new BoundedMap(MAX_WORKSPACES);
  }

  /** By `_id`. */
  async #subjectsOf(refs: readonly KeyRef[]): Promise<ReadonlyMap<string, SubjectDocument>> {
    const found = await this.subjects.findAll([...new Set(refs.map(idOf))]);
    return new Map(found.map((document) => [document._id, document]));
  }

  async #workspacesOf(refs: readonly KeyRef[]): Promise<ReadonlyMap<string, WorkspaceDocument | null>> {
    const names = [...new Set(refs.map(({ workspace }) => workspace))];
    return new Map(await Promise.all(names.map(async (name) => [name, await this.workspace(name)] as const)));
  }

  /** Into `read`, and each workspace's own keys once. Answers with the first that does not unwrap. */
  #unwrapAll(refs: readonly KeyRef[], found: Found, read: Map<string, SubjectKey | null>): KeyRef | undefined {
    const opened = new Map<string, WorkspaceKeys | null>();
    const keysOf = (workspace: WorkspaceDocument): WorkspaceKeys | null => {
      const keys = opened.get(workspace._id) ?? this.workspaces.opened(workspace);
      opened.set(workspace._id, keys);
      return keys;
    };
    try {
      return refs.find((ref) => {
        const name = nameOf(ref);
        if (read.has(name)) return false;
        const key = unwrapped(ref, found, keysOf);
        read.set(name, key === 'broken' ? null : key);
        return key === 'broken';
      });
    } finally {
      for (const keys of opened.values()) zeroKeys(keys);
    }
  }
}

/** What the store has about some keys. */
interface Found {
  readonly subjects: ReadonlyMap<string, SubjectDocument>;
  readonly workspaces: ReadonlyMap<string, WorkspaceDocument | null>;
  readonly destroyed: ReadonlySet<string>;
}

const unwrapped = (
  ref: KeyRef,
  { subjects, workspaces, destroyed }: Found,
  keysOf: (workspace: WorkspaceDocument) => WorkspaceKeys | null,
): SubjectKey | null | 'broken' => {
  const key = subjects.get(idOf(ref))?.keys?.[ref.class];
  const workspace = workspaces.get(ref.workspace);
  if (!key?.wrapped || !workspace?.wrapped) return null;
  if (destroyed.has(key.fingerprint) || destroyed.has(workspace.fingerprint ?? '')) return null;
  const keys = keysOf(workspace);
  if (keys === null) return null;
  return unwrapByEither(keys, subjectPlace(ref), Buffer.from(key.wrapped, 'base64')) ?? 'broken';
};

const idOf = ({ workspace, subject }: KeyRef): string => joined(workspace, subject);

const fingerprintsIn = (
  refs: readonly KeyRef[],
  subjects: ReadonlyMap<string, SubjectDocument>,
  workspaces: ReadonlyMap<string, WorkspaceDocument | null>,
): readonly string[] => {
  const ofKeys = refs.map((ref) => subjects.get(idOf(ref))?.keys?.[ref.class]?.fingerprint);
  const ofWorkspaces = [...workspaces.values()].map((workspace) => workspace?.fingerprint);
  return [...new Set([...ofKeys, ...ofWorkspaces])].filter((each) => typeof each === 'string');
};
