import { everyEvent } from '../eventstore/everyEvent.js';
import type { CompactionProgress, Recorded } from '../privacy/compaction/compactions.js';
import type { CompactionResult } from '../privacy/compaction/decider.js';
import type { Config } from './config.js';
import { askRunning } from './controlSocket.js';
import type { Installation } from './installation.js';
import { compactionInWords, progressBar } from './terminal.js';

/** How often somebody who looks at a terminal is told how far it is. */
const LOOK_MS = 500;

/** Answers whether a server runs on the directory, and if so has it compact its history. Errors: as `Compactions.run`. */
export const compactRunning = async ({ dataDir }: Pick<Config, 'dataDir'>): Promise<boolean> => {
  const progress = () => askRunning<CompactionProgress | null>(dataDir, 'compaction');
  return tell(await watched(askRunning<Recorded>(dataDir, 'compact'), progress));
};

/** Compacts the history of an installation that this process has open. Errors: as `Compactions.run`. */
export const compactHere = async ({ compactions }: Pick<Installation, 'compactions'>): Promise<void> => {
  tell(await watched(compactions.run(), async () => compactions.progress));
};

/** Every compaction so far, the oldest first. */
export const pastCompactions = async ({
  eventStore,
}: Pick<Installation, 'eventStore'>): Promise<readonly Recorded[]> => {
  const past: Recorded[] = [];
  for await (const { recordedAt, open } of everyEvent(eventStore, { types: ['HistoryCompacted'] })) {
    past.push({ ...(open as unknown as CompactionResult), recordedAt });
  }
  return past;
};

const tell = (recorded: Recorded | undefined): boolean => {
  if (recorded !== undefined) process.stdout.write(`${compactionInWords(recorded)}\n`);
  return recorded !== undefined;
};

/** Shows how far some work is until it is done. */
const watched = async <T>(
  work: Promise<T>,
  progress: () => Promise<CompactionProgress | null | undefined>,
): Promise<T> => {
  const bar = progressBar('compacting');
  let shown = false;
  const looking = setInterval(() => {
    progress().then(
      (now) => {
        if (!now) return;
        shown = true;
        bar.update(now.done, now.total);
      },
      () => undefined,
    );
  }, LOOK_MS);
  try {
    return await work;
  } finally {
    clearInterval(looking);
    if (shown) bar.end();
  }
};
