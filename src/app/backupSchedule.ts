import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { takenAt } from '../backup/id.js';
import { backupsIn } from '../backup/open.js';
import type { Clock } from '../kernel/clock.js';
import type { Config } from './config.js';

const HOUR_MS = 3_600_000;
/** After one that failed: whatever was in its way may pass. */
const RETRY_MS = 600_000;
export const TICK_MS = 60_000;

export interface BackupScheduleParts {
  readonly everyMs: number;
  /** When the latest backup was taken; `null` where there is none. */
  readonly latest: () => number | null;
  readonly take: () => Promise<unknown>;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/** Takes a backup whenever the latest has become old enough, one at a time ([P5.4]). */
export class BackupSchedule {
  #underWay: Promise<void> | undefined;
  #notBefore = 0;

  constructor(private readonly parts: BackupScheduleParts) {}

  /** To be called every so often. Resolves when there is nothing to do, or it is done or reported. */
  tick(): Promise<void> {
    this.#underWay ??= this.#takeIfDue().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #takeIfDue(): Promise<void> {
    const { everyMs, latest, take, clock, report } = this.parts;
    const now = clock.now();
    if (now < this.#notBefore || now - (latest() ?? 0) < everyMs) return;
    try {
      await take();
    } catch (error) {
      this.#notBefore = now + RETRY_MS;
      report(error);
    }
  }
}

/** As configured, by the command line in a process of its own: a copy would hold the event loop. `null` where none is wanted. */
export const backupScheduleOf = (
  { backup: { directory, everyHours } }: Config,
  clock: Clock,
  report: (error: unknown) => void,
): BackupSchedule | null => {
  if (directory === undefined || everyHours === null) return null;
  const cli = fileURLToPath(new URL('./cli.js', import.meta.url));
  return new BackupSchedule({
    everyMs: everyHours * HOUR_MS,
    latest: () => {
      const latest = backupsIn(directory).at(-1);
      return latest === undefined ? null : takenAt(latest);
    },
    take: () => promisify(execFile)(process.execPath, [cli, 'backup']),
    clock,
    report,
  });
};
