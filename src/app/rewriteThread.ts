import { Worker } from 'node:worker_threads';
import { CrmError } from '../errors.js';
import type { AskHowFar, RewriteOrder } from './rewriteWorker.js';

/** Runs `rewriteWorker.ts`, answering what it asks. Rejects with what it fails of, and where the signal ends it. */
export const rewriteInThread = (order: RewriteOrder, howFar: AskHowFar, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new CrmError('STORE_FAILED', { reason: 'The store is closed.' }));
    const worker = new Worker(new URL('./rewriteWorker.js', import.meta.url), { workerData: order });
    worker.on('message', (question: Parameters<AskHowFar>[0]) => {
      howFar(question).then(
        (checkpoints) => worker.postMessage(checkpoints),
        (error: unknown) => {
          reject(error);
          void worker.terminate();
        },
      );
    });
    signal.addEventListener('abort', () => void worker.terminate(), { once: true });
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new CrmError('STORE_FAILED'))));
  });
