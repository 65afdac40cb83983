import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DrillResult, restoreDrillDecider } from '../audit/restoreDrills/decider.js';
import { everyEvent } from '../eventstore/everyEvent.js';
import type { EventStore } from '../eventstore/port.js';
import type { Clock } from '../kernel/clock.js';
import { type KeyRef, type RetentionClass, retentionClasses } from '../kernel/personal.js';
import { OPERATOR } from '../kernel/workspace.js';
import { readChain } from '../ledger/entry.js';
import { LEDGER_FILE } from '../ledger/file.js';
import type { ErasureBegun, KeysDestroyed, LedgerEntry } from '../ledger/port.js';
import type { Vault } from '../vault/port.js';
import { restore } from './backups.js';
import type { Config } from './config.js';
import type { Installation } from './installation.js';
import { openInstallation } from './openInstallation.js';

/**
 * Restores a backup where nobody can reach it, beside a copy of the ledger, as it would be done after a loss, and looks
 * whether everything is there that was, and nobody who was erased. What was made is removed again. Errors: as `restore`.
 */
export const drill = async (config: Config, from: string, clock: Clock): Promise<DrillResult> => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-restore-drill-'));
  try {
    const { masterKeyFile, keyringFile, kms } = config;
    const [dataDir, erasureLedgerDir] = [join(directory, 'data'), join(directory, 'ledger')];
    cpSync(config.erasureLedgerDir, erasureLedgerDir, { recursive: true });
    const there = { masterKeyFile, keyringFile, kms, dataDir, erasureLedgerDir };
    const { id: backup, events: expected } = await restore(there, { from }, clock);
    const { installation, close } = await openInstallation(there, { clock });
    try {
      await installation.caughtUp();
      const entries = readChain(readFileSync(join(erasureLedgerDir, LEDGER_FILE), 'utf8'));
      const found = await countEvents(installation.eventStore);
      return { backup, expected, found, ...(await whoCameBack(entries, installation.keys)) };
    } finally {
      await close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

/** Subjects whose erasure the ledger knows of, and how many of them have a key that opens. */
export const whoCameBack = async (
  entries: readonly LedgerEntry[],
  keys: Pick<Vault, 'openingKeys'>,
): Promise<Pick<DrillResult, 'erased' | 'readable'>> => {
  const subjects = new Map<string, Map<RetentionClass, KeyRef>>();
  for (const { record } of entries) {
    if (record.kind !== 'ErasureBegun' && record.kind !== 'KeysDestroyed') continue;
    const { workspace, subject } = record;
    const gone = subjects.get(`${workspace} ${subject}`) ?? new Map();
    for (const each of goneIn(record)) gone.set(each, { workspace, subject, class: each });
    subjects.set(`${workspace} ${subject}`, gone);
  }
  let readable = 0;
  for (const gone of subjects.values()) {
    const found = await keys.openingKeys([...gone.values()]);
    if (found.some((key) => key !== null)) readable += 1;
  }
  return { erased: subjects.size, readable };
};

/** Of the keys that a law keeps for now there is no telling that they must not open. */
const goneIn = (record: ErasureBegun | KeysDestroyed): readonly RetentionClass[] => {
  if (record.kind === 'ErasureBegun') return record.classes ?? retentionClasses;
  const gone = new Set<string>(record.keys.map(({ class: each }) => each));
  return retentionClasses.filter((each) => gone.has(each));
};

const countEvents = async (eventStore: EventStore): Promise<number> => {
  let count = 0;
  for await (const _ of everyEvent(eventStore)) count += 1;
  return count;
};

/** Records a drill, passed or not, in the history of the installation itself. Answers when. */
export const recordDrill = async ({ handler, ids, eventStore }: Installation, result: DrillResult): Promise<string> => {
  const id = ids.next();
  const context = { workspace: OPERATOR, controller: OPERATOR, actor: OPERATOR, commandId: null, correlationId: id };
  const command = { type: 'RecordDrill', subject: id, ...result } as const;
  const { stream } = await handler.handle(restoreDrillDecider, id, command, context);
  const [recorded] = await eventStore.readStream(stream);
  return recorded!.recordedAt;
};

/** Every drill so far, the oldest first. */
export const pastDrills = async ({
  eventStore,
}: Installation): Promise<readonly (DrillResult & { readonly recordedAt: string })[]> => {
  const past: (DrillResult & { readonly recordedAt: string })[] = [];
  for await (const { recordedAt, open } of everyEvent(eventStore, { types: ['RestoreDrilled'] })) {
    past.push({ ...(open as unknown as DrillResult), recordedAt });
  }
  return past;
};
