import { everyEvent } from '../eventstore/everyEvent.js';
import { openSqliteEventReader } from '../eventstore/sqlite.js';
import { openEvents } from '../kernel/openEvent.js';
import { Erased } from '../kernel/personal.js';
import type { Needles } from '../remains/needles.js';
import { type Found, scanBytes, scanDatabase, scanDirectory } from '../remains/scan.js';
import type { DerivedKeys } from '../vault/keys.js';
import { openSqliteKeyReader } from '../vault/sqlite.js';
import type { Config } from './config.js';
import { filesIn } from './dataDir.js';
import { allEvents } from './events.js';
import { readModelFileIn } from './readModelFiles.js';

type Directories = Pick<Config, 'dataDir' | 'erasureLedgerDir' | 'erasureLedgerCopy'>;

/** Every file of an installation and of its erasure ledger, as it lies there. */
export const scanFiles = ({ dataDir, erasureLedgerDir, erasureLedgerCopy }: Directories, needles: Needles): Found[] =>
  [dataDir, erasureLedgerDir, erasureLedgerCopy].flatMap((directory) =>
    directory === undefined ? [] : scanDirectory(directory, needles),
  );

/** The four databases of an installation that nobody writes to, decrypted, with their logs; nothing is written. */
export const scanPages = async (dataDir: string, keys: DerivedKeys, needles: Needles): Promise<Found[]> => {
  const { events, vault, state } = filesIn(dataDir);
  const readModels = await readModelFileIn(dataDir, keys);
  return [
    ...scanDatabase(events, keys.events, needles),
    ...scanDatabase(vault, keys.vault, needles),
    ...scanDatabase(state, keys.state, needles),
    ...(readModels === null ? [] : scanDatabase(readModels.file, readModels.fileKey, needles)),
  ];
};

/** Everything in the history that opens with the keys there are. */
export const scanHistory = async (dataDir: string, keys: DerivedKeys, needles: Needles): Promise<Found[]> => {
  const found: Found[] = [];
  const { events, vault } = filesIn(dataDir);
  const keyReader = openSqliteKeyReader({ file: vault, fileKey: keys.vault, wrapKey: keys.wrap });
  const reader = openSqliteEventReader({
    file: events,
    fileKey: keys.events,
    upcast: (event) => allEvents.upcast(event),
  });
  try {
    for await (const stored of everyEvent(reader)) {
      const [opened] = await openEvents([stored], keyReader);
      const said = Object.fromEntries(Object.entries(opened!.data).filter(([, value]) => value !== Erased));
      found.push(...scanBytes(`${stored.type} at ${stored.position}`, Buffer.from(JSON.stringify(said)), needles));
    }
    return found;
  } finally {
    await reader.close();
    await keyReader.shut();
  }
};
