import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BackupPlan, backUp, type Restored, restore } from '../src/app/backups.js';
import type { Backup } from '../src/backup/take.js';
import { systemClock } from '../src/kernel/clock.js';
import { opened } from './erase.js';
import type { History } from './histories.js';
import { type Bench, inTurns, type Line, rounded, type Setting } from './table.js';

/** People erased after the backup, whom a restore has to erase again. */
const ERASED_SINCE = 50;
/** A restore that fills read models takes minutes. */
const MOST_ROUNDS = 3;

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

/** The plain way: the files of the backup as they are, each on disk when it is copied. Checks, opens and erases nothing. */
const copied = async ({ data, keys }: Backup, to: string): Promise<void> => {
  mkdirSync(to);
  for (const { directory, manifest } of [data, keys]) {
    for (const { name } of manifest.files) {
      const target = join(to, basename(name));
      await copyFile(join(directory, name), target);
      const handle = await open(target, 'r+');
      await handle.sync();
      await handle.close();
    }
  }
};

/** Into an empty directory, beside a copy of the ledger: a restore writes to it. */
const restored = async ({ home }: History, { data, keys }: Backup, into: string): Promise<Restored> => {
  const { masterKeyFile } = home;
  const there = { masterKeyFile, dataDir: join(into, 'data'), erasureLedgerDir: join(into, 'ledger') };
  return restore(there, { from: data.directory, keysFrom: keys.directory }, systemClock);
};

const compare = async (
  { directory, rounds }: Setting,
  history: History,
  backup: Backup,
  measured: string,
): Promise<Line> => {
  const [into, copies] = [join(directory, 'restored'), join(directory, 'copied')];
  const bytes = [backup.data, backup.keys]
    .flatMap(({ manifest }) => manifest.files)
    .reduce((sum, { bytes: each }) => sum + each, 0);
  let erasures = 0;
  const { ours, against, all } = await inTurns(
    Math.min(rounds, MOST_ROUNDS),
    async () => {
      cpSync(history.home.erasureLedgerDir, join(into, 'ledger'), { recursive: true });
      const seconds = await secondsOf(async () => {
        ({ erasures } = await restored(history, backup, into));
      });
      rmSync(into, { recursive: true });
      return seconds;
    },
    async () => {
      const seconds = await secondsOf(() => copied(backup, copies));
      rmSync(copies, { recursive: true });
      return seconds;
    },
  );
  return {
    measured,
    figures: { ours: `${rounded(ours)} s`, against: `${rounded(against)} s`, ratio: against / ours },
    required: { atLeast: 0.5 },
    note: `${rounded(bytes / 1e6)} MB, ${erasures} erasures carried out again, median of ${all.ours.length}; against copying the backup's files and syncing them, which decrypts, checks and counts nothing`,
  };
};

/** Restoring a backup, with nothing and with something in the ledger to be carried out again, against copying files. */
export const restoreBench: Bench = {
  name: 'restore',
  async run(setting) {
    const events = 1_000_000 * setting.scale;
    const history = await setting.histories.of(events);
    const own = join(setting.directory, 'restore');
    const plan: BackupPlan = { to: join(own, 'data'), keysTo: join(own, 'keys'), keepDays: null, keepKeysDays: 7 };
    const backup = await backUp(history.home, plan, systemClock);
    const size = events.toLocaleString('en');
    const nothing = await compare(setting, history, backup, `restoring a backup of ${size} events`);
    const { erase, close } = await opened(history);
    for (let number = 0; number < ERASED_SINCE; number++) await erase(number);
    await close();
    const replayed = await compare(setting, history, backup, `the same with ${ERASED_SINCE} erasures in the ledger`);
    rmSync(own, { recursive: true });
    return [nothing, replayed];
  },
};
