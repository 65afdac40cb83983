import { copyInto } from '../mongodb/copyInto.js';
import { joined } from '../mongodb/texts.js';
import { readOnce } from '../sqlite/readOnce.js';
import type { Entry } from './mongodb.js';
import { openMongoStateStore } from './mongodb.js';
import type { Claim } from './mongodbClaims.js';
import { openSqliteStateStore, type SqliteStateStoreOptions } from './sqlite.js';

/**
 * Copies a state store from its file into MongoDB, as it is: what has expired counts for nothing there either. Answers how
 * many entries and claims there are. Errors: as `copyInto`, and those of both stores.
 */
export const moveState = async (
  from: SqliteStateStoreOptions,
  url: string,
  progress: (done: number, total: number) => void,
): Promise<number> => {
  const { entries, claims } = await storedIn(from);
  await (await openMongoStateStore({ url, clock: from.clock })).close();
  const copies = [
    { collection: 'state.entries', documents: entries },
    { collection: 'state.claims', documents: claims },
  ];
  return copyInto({ url, kept: 'state store' }, copies, progress);
};

interface Row {
  readonly space: string;
  readonly key: string;
  readonly expires_at: number | null;
}

/** Opened as a store first: that checks the file and brings its form up to date. */
const storedIn = async (
  options: SqliteStateStoreOptions,
): Promise<{ readonly entries: readonly Entry[]; readonly claims: readonly Claim[] }> => {
  await openSqliteStateStore(options).close();
  return readOnce(options.file, options.fileKey, (database) => {
    const entries = database.prepare('SELECT space, key, value, expires_at FROM entries').all();
    const claims = database.prepare('SELECT space, key, owner, expires_at FROM claims').all();
    return {
      entries: (entries as (Row & { value: string })[]).map((row) => ({ ...placeOf(row), value: row.value })),
      claims: (claims as (Row & { owner: string })[]).map((row) => ({ ...placeOf(row), owner: row.owner })),
    };
  });
};

const placeOf = ({ space, key, expires_at }: Row) => ({ _id: joined(space, key), expiresAt: expires_at });
