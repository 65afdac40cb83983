import { copyInto } from '../mongodb/copyInto.js';
import type { Stored } from '../mongodb/database.js';
import { joined } from '../mongodb/texts.js';
import type { SqliteDatabase } from '../sqlite/database.js';
import { readOnce } from '../sqlite/readOnce.js';
import { openMongoVault } from './mongodb.js';
import type { StoredKey, SubjectDocument } from './mongodbKeys.js';
import type { WorkspaceDocument } from './mongodbWorkspaces.js';
import { openSqliteVault, type SqliteVaultOptions } from './sqlite.js';
import { NO_KEY } from './storedKeys.js';

/**
 * Copies a vault from its file into MongoDB: keys as they are wrapped, what was closed or destroyed as such, the
 * fingerprints of what may never come back. No key is unwrapped but to see that the wrapping key opens both. Answers how
 * many workspaces and subjects there are. Errors: as `copyInto`, and those of both vaults.
 */
export const moveVault = async (
  from: SqliteVaultOptions,
  url: string,
  progress: (done: number, total: number) => void,
): Promise<number> => {
  const { destroyed, workspaces, subjects } = await storedIn(from);
  const copies = [
    // First, so that nothing can be there that was destroyed and is not known to be.
    { collection: 'vault.destroyed', documents: destroyed },
    { collection: 'vault.workspaces', documents: workspaces },
    { collection: 'vault.subjects', documents: subjects },
  ];
  await copyInto({ url, kept: 'vault' }, copies, progress);
  await (await openMongoVault({ url, wrapKey: from.wrapKey, random: from.random })).shut();
  return workspaces.length + subjects.length;
};

interface Vaulted {
  readonly destroyed: readonly Stored[];
  readonly workspaces: readonly WorkspaceDocument[];
  readonly subjects: readonly SubjectDocument[];
}

/** Opened as a vault first: that checks the file, and the key that wraps its own. */
const storedIn = async (options: SqliteVaultOptions): Promise<Vaulted> => {
  await openSqliteVault(options).shut();
  return readOnce(options.file, options.fileKey, (database) => {
    const workspaces = workspacesIn(database);
    const subjects = subjectsIn(database);
    const gone = [
      ...workspaces.filter(({ state }) => state === 'destroyed').map(({ fingerprint }) => fingerprint),
      ...subjects
        .flatMap(({ keys = {} }) => Object.values(keys))
        .flatMap((key) => (key.wrapped ? [] : [key.fingerprint])),
    ];
    const destroyed = [...new Set(gone)].flatMap((_id) => (_id === null ? [] : [{ _id }]));
    return { destroyed, workspaces, subjects };
  });
};

interface WorkspaceRow {
  readonly workspace: string;
  readonly closing: 0 | 1;
  readonly destroyed: 0 | 1;
  readonly fingerprint: Buffer;
  readonly wrapped: Buffer;
  readonly next: Buffer;
}

const workspacesIn = (database: SqliteDatabase): WorkspaceDocument[] => {
  const rows = database
    .prepare('SELECT workspace, closing, destroyed, fingerprint, wrapped, next FROM workspaces')
    .all();
  return (rows as WorkspaceRow[]).map(({ workspace, closing, destroyed, fingerprint, wrapped, next }) => ({
    _id: workspace,
    state: destroyed === 1 ? 'destroyed' : closing === 1 ? 'closing' : 'active',
    // Zeros stand for a workspace that never had a key.
    fingerprint: fingerprint.every((byte) => byte === 0) ? null : fingerprint.toString('hex'),
    wrapped: wrappedText(wrapped),
    next: wrappedText(next),
  }));
};

const wrappedText = (wrapped: Buffer): string | null => (wrapped.equals(NO_KEY) ? null : wrapped.toString('base64'));

interface KeyRow {
  readonly workspace: string;
  readonly subject: string;
  readonly state: SubjectDocument['state'];
  /** `null` where the subject has no key. */
  readonly class: string | null;
  readonly destroyed: 0 | 1;
  readonly fingerprint: Buffer;
  readonly wrapped: Buffer;
}

const subjectsIn = (database: SqliteDatabase): SubjectDocument[] => {
  const rows = database
    .prepare(
      `SELECT s.workspace, s.subject, s.state, k.class, k.destroyed, k.fingerprint, k.wrapped
       FROM subjects s LEFT JOIN keys k ON k.subject = s.id`,
    )
    .iterate() as IterableIterator<KeyRow>;
  const subjects = new Map<string, SubjectDocument & { keys?: { [each: string]: StoredKey } }>();
  for (const { workspace, subject, state, class: each, destroyed, fingerprint, wrapped } of rows) {
    const _id = joined(workspace, subject);
    const document = subjects.get(_id) ?? { _id, workspace, subject, state };
    subjects.set(_id, document);
    if (each === null) continue;
    document.keys ??= {};
    const key = destroyed === 1 ? null : wrappedText(wrapped);
    document.keys[each] = { fingerprint: fingerprint.toString('hex'), wrapped: key };
  }
  return [...subjects.values()];
};
