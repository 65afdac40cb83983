import { allProjections } from '../projections/all.js';
import { rebuildInThread } from '../src/app/rebuildThread.js';
import { keysOf, readModelsOf } from './dataset.js';
import { answerJob, type Home } from './processes.js';

export interface RebuildJob {
  readonly home: Home;
}

export interface RebuildReport {
  /** By projection. */
  readonly seconds: { readonly [projection: string]: number };
  /** Processor time of all of them together. */
  readonly cpuSeconds: number;
  /** The most that the process held at any time, in MB (10^6 bytes). */
  readonly peakMegabytes: number;
}

const SAMPLE_MS = 25;

answerJob<RebuildJob, RebuildReport>(async ({ home }) => {
  let peak = 0;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const seconds: Record<string, number> = {};
  const before = process.cpuUsage();
  const readModels = await readModelsOf(home);
  const keys = await keysOf(home);
  for (const { name } of allProjections) {
    const began = performance.now();
    await rebuildInThread({ dataDir: home.dataDir, projection: name, readModels, keys });
    seconds[name] = (performance.now() - began) / 1000;
  }
  clearInterval(sampling);
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes: peak / 1e6 };
});
