import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BareRebuildJob, BareRebuildReport } from './bareRebuildJob.js';
import { type History, rebuild } from './histories.js';
import { inProcess } from './processes.js';
import type { RebuildReport } from './rebuildJob.js';
import { type Bench, inTurns, type Line, rounded, type Setting } from './table.js';

const totalOf = ({ seconds }: RebuildReport): number => Object.values(seconds).reduce((sum, each) => sum + each, 0);

/** One rebuild in MB at the most, whatever the number of events. */
const MEMORY_LIMIT_MB = 300;
/** What "flat" allows: ten times the events may not take a quarter more. */
const FLAT = 1.25;

const bare = async ({ home }: History, directory: string): Promise<BareRebuildReport> => {
  const target = join(directory, 'bare-read-models.db');
  try {
    return await inProcess<BareRebuildJob, BareRebuildReport>('bench/bareRebuildJob.js', { home, target });
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(target + suffix, { force: true });
  }
};

const bareSeconds = ({ readSeconds, insertSeconds }: BareRebuildReport): number => readSeconds + insertSeconds;

/**
 * The large history is rebuilt once, because that takes minutes; how the ratio spreads is told by the rounds over a tenth
 * of it. The ratio is of speeds: the bare loop's seconds by ours.
 */
const speed = async (setting: Setting, small: History, large: History, events: number): Promise<Line> => {
  const { directory, rounds } = setting;
  const inTenth = await inTurns(
    Math.min(rounds, 3),
    async () => totalOf(await rebuild(small.home)),
    async () => bareSeconds(await bare(small, directory)),
  );
  const report = await bare(large, directory);
  const { readSeconds, insertSeconds, cpuSeconds, fieldsOpened, rowsInserted } = report;
  const ours = totalOf(large.rebuilt);
  const against = bareSeconds(report);
  const parts = Object.entries(large.rebuilt.seconds).map(([name, seconds]) => `${name} ${rounded(seconds)} s`);
  return {
    measured: `rebuilding every projection, ${events.toLocaleString('en')} events`,
    figures: {
      ours: `${rounded(ours)} s`,
      against: `${rounded(against)} s`,
      ratio: against / ours,
    },
    required: { atLeast: 0.5 },
    remarkable: { atLeast: 0.8 },
    note: [
      `ours: ${parts.join(', ')}`,
      `bare: ${rounded(readSeconds)} s to read and open ${fieldsOpened.toLocaleString('en')} fields once, ${rounded(insertSeconds)} s to insert ${rowsInserted.toLocaleString('en')} rows of SQLite's`,
      `by processor time ${rounded(cpuSeconds / large.rebuilt.cpuSeconds)} ×`,
      `one round; over a tenth of the events the median of ${inTenth.all.ours.length} rounds is ${rounded(1 / inTenth.ratio)} ×`,
    ].join('; '),
  };
};

const memory = (small: History, large: History): Line => {
  const { peakMegabytes: ours } = large.rebuilt;
  const { peakMegabytes: against } = small.rebuilt;
  const within = ours <= MEMORY_LIMIT_MB ? 'within' : 'NOT within';
  return {
    measured: 'memory of that rebuild: peak RSS of its process',
    figures: { ours: `${rounded(ours)} MB`, against: `${rounded(against)} MB`, ratio: ours / against },
    required: { atMost: FLAT },
    note: `${within} ${MEMORY_LIMIT_MB} MB; the other figure is that of a tenth of the events`,
  };
};

export const rebuildBench: Bench = {
  name: 'rebuild',
  async run(setting) {
    const events = 1_000_000 * setting.scale;
    const small = await setting.histories.of(events / 10);
    const large = await setting.histories.of(events);
    return [await speed(setting, small, large, events), memory(small, large)];
  },
};
