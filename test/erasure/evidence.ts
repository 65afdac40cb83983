import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../src/app/dataDir.js';
import { allEvents } from '../../src/app/events.js';
import { readModelFileIn } from '../../src/app/readModelFiles.js';
import { openSqliteEventReader } from '../../src/eventstore/sqlite.js';
import type { StoredEvent } from '../../src/kernel/envelope.js';
import type { RetentionClass } from '../../src/kernel/personal.js';
import { readLiveRows } from '../../src/readstore/sqliteInspection.js';
import type { Found } from '../../src/remains/scan.js';
import { openDatabase } from '../../src/sqlite/database.js';
import type { DerivedKeys } from '../../src/vault/keys.js';
import { openSqliteKeyReader } from '../../src/vault/sqlite.js';
import { eventually } from '../support/eventually.js';
import type { TestServer } from '../support/server.js';
import type { Canary } from './canary.js';

/** Node's own switch: a signal makes a process write what is in its memory. Long texts are not cut. */
export const snapshotOptions = (directory: string): string[] => [
  '--heapsnapshot-signal=SIGUSR2',
  `--diagnostic-dir=${directory}`,
  '--heap-snapshot-string-limit=1000000000',
];

const SNAPSHOT_MS = 240_000;

const endOf = (file: string): string => {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(8);
    readSync(descriptor, bytes, 0, bytes.length, Math.max(0, fstatSync(descriptor).size - bytes.length));
    return bytes.toString();
  } finally {
    closeSync(descriptor);
  }
};

/** What is in the memory of a server that was started with `snapshotOptions`. */
export const memoryOf = async (server: TestServer, directory: string): Promise<Buffer> => {
  process.kill(server.pid, 'SIGUSR2');
  const file = await eventually(
    'the snapshot',
    () => {
      const [name] = readdirSync(directory).filter((each) => each.endsWith('.heapsnapshot'));
      if (name === undefined) return false;
      return endOf(join(directory, name)).trimEnd().endsWith(']}') && name;
    },
    SNAPSHOT_MS,
  );
  const bytes = readFileSync(join(directory, file));
  rmSync(join(directory, file));
  return bytes;
};

/** A key of a person's, with the bytes that it is kept as. */
export interface KeptKey {
  readonly subject: string;
  readonly class: RetentionClass;
  readonly key: Buffer;
  readonly wrapped: Buffer;
}

/** The keys of these subjects, beside a running server; the harness keeps them. A file of read models is a subject too. */
export const keysOfSubjects = async (
  dataDir: string,
  keys: DerivedKeys,
  subjects: readonly string[],
): Promise<KeptKey[]> => {
  const { vault } = filesIn(dataDir);
  const database = openDatabase({ file: vault, fileKey: keys.vault, durability: 'full', readonly: true });
  const reader = openSqliteKeyReader({ file: vault, fileKey: keys.vault, wrapKey: keys.wrap });
  try {
    const rows = database
      .prepare(
        'SELECT s.workspace, s.subject, k.class, k.wrapped FROM keys k JOIN subjects s ON s.id = k.subject WHERE k.destroyed = 0',
      )
      .all() as { workspace: string; subject: string; class: RetentionClass; wrapped: Buffer }[];
    const wanted = rows.filter(({ subject }) => subjects.includes(subject));
    const kept: KeptKey[] = [];
    for (const { workspace, subject, class: of, wrapped } of wanted) {
      const [key] = await reader.openingKeys([{ workspace, subject, class: of }]);
      kept.push({ subject, class: of, key: Buffer.from(key!), wrapped });
    }
    return kept;
  } finally {
    await reader.shut();
    database.close();
  }
};

/** By a name that may be shown, what must not be found of keys. */
export const secretsOf = (kept: readonly KeptKey[]): Map<string, Uint8Array> =>
  new Map(
    kept.flatMap(({ subject, class: of, key, wrapped }) => [
      [`key of ${subject}, ${of}`, key] as const,
      [`wrapped key of ${subject}, ${of}`, wrapped] as const,
    ]),
  );

/** Every row of every live read model, and its words and facets, of an installation that nobody writes to. */
export const rowsOf = async (dataDir: string, keys: DerivedKeys): Promise<Map<string, string>> =>
  readLiveRows((await readModelFileIn(dataDir, keys))!);

/** The events of some subjects, as they are stored. */
export const eventsOf = async (
  dataDir: string,
  keys: DerivedKeys,
  subjects: readonly string[],
): Promise<StoredEvent[]> => {
  const { events } = filesIn(dataDir);
  const reader = openSqliteEventReader({
    file: events,
    fileKey: keys.events,
    upcast: (event) => allEvents.upcast(event),
  });
  try {
    const found = await reader.readAll({ after: '', limit: 100_000 });
    return found.events.filter(({ subject }) => subjects.includes(subject));
  } finally {
    await reader.close();
  }
};

/** Types of a person's events with something sealed that come after the fact of their erasure, in the order of the log. */
export const writtenLate = (events: readonly StoredEvent[]): string[] => {
  const erased = new Set<string>();
  return events.flatMap(({ type, subject, sealed }) => {
    if (type === 'SubjectErased') erased.add(subject);
    return erased.has(subject) && Object.keys(sealed).length > 0 ? [type] : [];
  });
};

/** For a failure that can be read: what was found where, each once. */
export const told = (found: readonly Found[], canary: Canary): string[] => [
  ...new Set(found.map(({ where, marker, form }) => `${where}: ${canary.placeOf(marker)} (${form})`)),
];
