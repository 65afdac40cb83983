import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrmError, isCrmError } from '../errors.js';
import { everyEvent } from '../eventstore/everyEvent.js';
import { openSqliteEventReader } from '../eventstore/sqlite.js';
import { instant, systemClock } from '../kernel/clock.js';
import type { StoredEvent } from '../kernel/envelope.js';
import { pooledRandomBytes } from '../kernel/ids.js';
import { openEvents } from '../kernel/openEvent.js';
import { Erased } from '../kernel/personal.js';
import { readChain } from '../ledger/entry.js';
import { LEDGER_FILE } from '../ledger/file.js';
import type { LedgerEntry } from '../ledger/port.js';
import { CertificateKey, isSignedBy } from '../privacy/erasure/certificateKey.js';
import { isOver } from '../privacy/retention/kept.js';
import { readLiveRows } from '../readstore/sqliteInspection.js';
import { MIN_BYTES, Needles } from '../remains/needles.js';
import type { Found } from '../remains/scan.js';
import { readSqliteEntry } from '../statestore/sqlite.js';
import type { DerivedKeys } from '../vault/keys.js';
import { openSqliteKeyReader } from '../vault/sqlite.js';
import { type KeyOnFile, readKeysOnFile } from '../vault/sqliteInspection.js';
import type { Config } from './config.js';
import { filesIn, holdsData, lockDataDir } from './dataDir.js';
import { allEvents } from './events.js';
import { readModelFileIn } from './readModelFiles.js';
import { scanFiles, scanHistory, scanPages } from './remains.js';
import { loadKeys } from './rootKey.js';
import { isEmbedded } from './storeUrls.js';

/** One thing that was looked at: what was found against the erasure, and what was counted. */
export interface Looked {
  readonly at: string;
  readonly found: readonly string[];
  readonly counted: string;
}

export interface Proof {
  readonly contact: string;
  readonly looked: readonly Looked[];
}

/** What the history says of the erasure of one contact. */
interface History {
  readonly contact: string;
  readonly fact: StoredEvent | undefined;
  readonly certified: readonly StoredEvent[];
  /** What was sealed for the person, and after an erasure of the record, for the record. */
  readonly sealed: readonly StoredEvent[];
}

const usage = (reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { reason });

/**
 * Looks whether a contact is gone from an installation that nobody has open; writes nothing. `markers` are values that are
 * known of the person, which are then looked for everywhere in every form; they are named by their number.
 * Errors: DATA_DIR_LOCKED, WRONG_MASTER_KEY, CORRUPT_STORE, BAD_CONFIGURATION.
 */
export const proveErasure = async (config: Config, contact: string, markers: readonly string[]): Promise<Proof> => {
  if (!isEmbedded(config.stores))
    throw usage('Remains are looked for in stores in files; other engines have their own.');
  if (!holdsData(config.dataDir)) throw usage('There is no installation in DATA_DIR.');
  if (markers.some((text) => Buffer.byteLength(text) < MIN_BYTES)) {
    throw usage(`A marker has at least ${MIN_BYTES} bytes: shorter ones stand anywhere by chance.`);
  }
  const lock = lockDataDir(config.dataDir);
  try {
    const keys = await loadKeys(config);
    const record = await recordOf(contact, config, keys);
    if (record.fact === undefined) {
      const found = ['The history has no erasure of this contact.'];
      return { contact, looked: [{ at: 'the history', found, counted: 'nothing' }] };
    }
    const erased = { ...record, fact: record.fact };
    const kept = keptByLaw(erased, config);
    return {
      contact,
      looked: [
        await certificates(erased, config, keys),
        vault(erased, kept, config, keys),
        ledger(erased, config),
        await ciphertext(erased, kept, config, keys),
        await readModels(erased, config, keys),
        ...(markers.length === 0 ? [] : [await known(markers, config, keys)]),
      ],
    };
  } finally {
    lock.release();
  }
};

type ErasedRecord = History & { readonly fact: StoredEvent };

const recordOf = async (contact: string, { dataDir }: Config, keys: DerivedKeys): Promise<History> => {
  const reader = openSqliteEventReader({
    file: filesIn(dataDir).events,
    fileKey: keys.events,
    upcast: (event) => allEvents.upcast(event),
  });
  try {
    let fact: StoredEvent | undefined;
    for await (const event of everyEvent(reader, { types: ['SubjectErased'] })) {
      // An anonymised contact may be erased as well: the last word counts.
      if (event.open.record === contact && event.open.recordKind === 'CONTACT') fact = event;
    }
    const [certified, sealed]: [StoredEvent[], StoredEvent[]] = [[], []];
    if (fact !== undefined) {
      const subjects = subjectsOf(contact, fact);
      for await (const event of everyEvent(reader)) {
        if (event.type === 'ErasureCertified' && event.open.target === fact.subject) certified.push(event);
        if (subjects.includes(event.subject) && Object.keys(event.sealed).length > 0) sealed.push(event);
      }
    }
    return { contact, fact, certified, sealed };
  } finally {
    await reader.close();
  }
};

/** Whose keys went: an anonymisation leaves the record its own. */
const subjectsOf = (contact: string, { subject, open }: StoredEvent): readonly string[] =>
  open.kind === 'ERASE' ? [subject, contact] : [subject];

const certificates = async ({ certified }: ErasedRecord, { dataDir }: Config, keys: DerivedKeys): Promise<Looked> => {
  const at = 'certificate';
  const { state } = filesIn(dataDir);
  const get = async (space: string, key: string) => readSqliteEntry(state, keys.state, space, key);
  const reading = { get, compareAndSet: async () => false };
  const found: string[] = [];
  if (certified.length === 0) found.push('There is no certificate: the erasure is not through.');
  else {
    const jwk = await new CertificateKey(reading, pooledRandomBytes).publicJwk();
    for (const { position, open } of certified) {
      const { certificate, signature } = open as { certificate: string; signature: string };
      if (!isSignedBy(jwk, certificate, signature))
        found.push(`The one at ${position} is not signed by the installation.`);
    }
  }
  return { at, found, counted: `${certified.length} signed` };
};

/** Fingerprints of the certificates, as the vault has to have them: destroyed, overwritten, and nobody else's. */
const vault = (
  { contact, fact, certified }: ErasedRecord,
  kept: readonly string[],
  { dataDir }: Config,
  keys: DerivedKeys,
): Looked => {
  const all = readKeysOnFile(filesIn(dataDir).vault, keys.vault);
  const subjects = subjectsOf(contact, fact);
  const named = certified.flatMap(({ open }) =>
    (JSON.parse(open.certificate as string) as { keysDestroyed: { fingerprint: string }[] }).keysDestroyed.map(
      ({ fingerprint }) => fingerprint,
    ),
  );
  const theirs = all.filter(({ subject, fingerprint }) => subjects.includes(subject) || named.includes(fingerprint));
  const isKept = ({ subject, class: of, fingerprint }: KeyOnFile) =>
    subject === fact.subject && kept.includes(of) && !named.includes(fingerprint);
  const isLeft = (key: KeyOnFile) => (!key.destroyed || !key.isOverwritten) && !isKept(key);
  return {
    at: 'keys in the vault',
    found: [
      ...theirs.filter(isLeft).map(({ class: of, fingerprint }) => `A key of class ${of} is there: ${fingerprint}.`),
      ...named
        .filter((each) => !theirs.some(({ fingerprint }) => fingerprint === each))
        .map((each) => `The vault knows nothing of a key that is certified as destroyed: ${each}.`),
    ],
    counted: `${theirs.filter(({ destroyed }) => destroyed).length} destroyed${keptInWords(kept)}`,
  };
};

const ledger = ({ contact, fact: { subject } }: ErasedRecord, config: Config): Looked => {
  const directories = [config.erasureLedgerDir, ...(config.erasureLedgerCopy ? [config.erasureLedgerCopy] : [])];
  const found = directories.flatMap((directory) => {
    const entries = entriesIn(join(directory, LEDGER_FILE));
    if (entries === null) return [`A ledger is missing or broken: ${directory}.`];
    const begun = entries.flatMap(({ record }) =>
      record.kind === 'ErasureBegun' && record.record === contact && record.subject === subject ? [record.erasure] : [],
    );
    const isThrough = entries.some(
      ({ record }) => record.kind === 'ErasureCompleted' && begun.includes(record.erasure),
    );
    if (begun.length === 0) return ['The erasure is not in the ledger: a restored backup would bring the person back.'];
    return isThrough ? [] : ['By the ledger the erasure was not completed.'];
  });
  return { at: 'erasure ledger', found, counted: `${directories.length} read, each link checked` };
};

/** Classes of keys that a law keeps until a day that is not over, as the erasure's own entry in the ledger has it. */
const keptByLaw = ({ contact, fact: { subject } }: ErasedRecord, { erasureLedgerDir }: Config): readonly string[] => {
  const now = instant(systemClock.now());
  const entries = entriesIn(join(erasureLedgerDir, LEDGER_FILE)) ?? [];
  return entries.flatMap(({ record }) =>
    record.kind === 'ErasureBegun' && record.record === contact && record.subject === subject
      ? (record.kept ?? []).filter(({ until }) => !isOver(until, now)).map((each) => each.class)
      : [],
  );
};

const keptInWords = (kept: readonly string[]): string =>
  kept.length === 0 ? '' : `; kept by a law for now: ${kept.join(', ')}`;

const entriesIn = (file: string): readonly LedgerEntry[] | null => {
  if (!existsSync(file)) return null;
  try {
    return readChain(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isCrmError(error, 'LEDGER_BROKEN')) return null;
    throw error;
  }
};

const ciphertext = async (
  { sealed, fact }: ErasedRecord,
  kept: readonly string[],
  { dataDir }: Config,
  keys: DerivedKeys,
): Promise<Looked> => {
  const reader = openSqliteKeyReader({ file: filesIn(dataDir).vault, fileKey: keys.vault, wrapKey: keys.wrap });
  const found: string[] = [];
  let fields = 0;
  try {
    for (const event of sealed) {
      const [opened] = await openEvents([event], reader);
      for (const [field, { bytes, class: of }] of Object.entries(event.sealed)) {
        if (event.subject === fact.subject && kept.includes(of)) continue;
        // What was compacted away has left a digest.
        if (bytes !== null) fields++;
        if (opened!.data[field] !== Erased) found.push(`${field} of ${event.type} at ${event.position} opens.`);
      }
    }
  } finally {
    await reader.shut();
  }
  return { at: 'ciphertext', found, counted: fields === 0 ? 'none is left' : `${fields} fields, which nothing opens` };
};

/** That the person is in the history under their ids is no secret; no other read model may know of them. */
const HISTORY = /^history /;

const readModels = async ({ contact, fact }: ErasedRecord, { dataDir }: Config, keys: DerivedKeys): Promise<Looked> => {
  const at = 'rows and index terms';
  const file = await readModelFileIn(dataDir, keys);
  if (file === null) return { at, found: [], counted: 'no read models' };
  const rows = [...readLiveRows(file)].filter(([where]) => !HISTORY.test(where));
  // Of an anonymised contact the row stays, under its id and without a word of the person.
  const ids = fact.open.kind === 'ERASE' ? [fact.subject, contact] : [];
  const theirs = rows.filter(([where, what]) => ids.some((id) => where.includes(id) || what.includes(id)));
  return { at, found: theirs.map(([where]) => `${where} names the person.`), counted: `${rows.length} read` };
};

const known = async (markers: readonly string[], config: Config, keys: DerivedKeys): Promise<Looked> => {
  const needles = Needles.of(markers);
  const seen: readonly Found[] = [
    ...scanFiles(config, needles),
    ...(await scanPages(config.dataDir, keys, needles)),
    ...(await scanHistory(config.dataDir, keys, needles)),
  ];
  const found = seen.map(({ where, marker, form }) => `Marker ${markers.indexOf(marker) + 1} as ${form} in ${where}.`);
  return {
    at: 'files, pages and history',
    found: [...new Set(found)],
    counted: `${markers.length} markers looked for`,
  };
};

/** One value a line; empty lines are left out. Error: BAD_CONFIGURATION where the file cannot be read. */
export const markersIn = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (cause) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'The file of markers cannot be read.' }, { cause });
  }
};
