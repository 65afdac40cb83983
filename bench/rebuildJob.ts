import { Worker } from 'node:worker_threads';
import { allProjections } from '../projections/all.js';
import type { RebuildOrder } from '../src/app/rebuildWorker.js';
import { keysOf } from './dataset.js';
import { answerJob, built, type Home } from './processes.js';

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

/** One projection by the product's own worker. */
const rebuildOne = (order: RebuildOrder): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(built('src/app/rebuildWorker.js'), { workerData: order });
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`The rebuild ended with ${code}.`))));
  });

answerJob<RebuildJob, RebuildReport>(async ({ home }) => {
  let peak = 0;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const seconds: Record<string, number> = {};
  const before = process.cpuUsage();
  const { events, readModels, vault, wrap } = keysOf(home);
  for (const { name } of allProjections) {
    const began = performance.now();
    const keys = structuredClone({ events, readModels, vault, wrap });
    await rebuildOne({ dataDir: home.dataDir, projection: name, keys });
    seconds[name] = (performance.now() - began) / 1000;
  }
  clearInterval(sampling);
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes: peak / 1e6 };
});
