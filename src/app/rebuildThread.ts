import { type ResourceLimits, Worker } from 'node:worker_threads';
import { CrmError } from '../errors.js';
import type { RebuildOrder } from './rebuildWorker.js';

/**
 * V8 lets a thread's heap grow as long as the machine has memory. With this it stays small, for about a tenth more
 * processor time.
 */
const REBUILD_HEAP: ResourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 };

/** Runs `rebuildWorker.ts`, once more without a bound on its heap where rows are too large for it. Rejects with what it fails of. */
export const rebuildInThread = async ({ dataDir, projection, readModels, keys }: RebuildOrder): Promise<void> => {
  const { events, vault, wrap } = keys;
  const { file, fileKey } = readModels;
  const order = () => ({
    dataDir,
    projection,
    ...structuredClone({ readModels: { file, fileKey }, keys: { events, vault, wrap } }),
  });
  try {
    await runThread(order(), REBUILD_HEAP);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
    await runThread(order(), {});
  }
};

const runThread = (workerData: RebuildOrder, resourceLimits: ResourceLimits): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./rebuildWorker.js', import.meta.url), { workerData, resourceLimits });
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new CrmError('STORE_FAILED'))));
  });
