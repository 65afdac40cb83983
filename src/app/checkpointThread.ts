import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { CheckpointOrder } from './checkpointWorker.js';

/** A row changes some 20 pages of 4 KiB; so many rows fill as much of the log as is worth the two flushes of a copy. */
const ROWS_A_COPY = 200;
/** The thread reads nothing and holds next to nothing. */
const HEAP = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/**
 * Copies a database's write-ahead log into its file in a thread of its own (https://sqlite.org/wal.html section 3.2),
 * because the commit that does it holds the event loop for up to 160 ms, measured. The store keeps a limit of its own, a
 * higher one, for when this does not keep up: what was copied here it need not copy again.
 */
export class CheckpointThread {
  #worker: Worker | undefined;
  #rows = 0;
  #busy = false;

  /** The key is this thread's own to zero. */
  constructor(private readonly order: CheckpointOrder) {}

  /** To be called after a commit, with the number of rows that it changed. */
  wrote(rows: number): void {
    this.#rows += rows;
    if (this.#busy || this.#rows < ROWS_A_COPY) return;
    this.#rows = 0;
    this.#busy = true;
    this.#started().postMessage('copy');
  }

  /** Resolves when the thread has released the file. */
  async close(): Promise<void> {
    this.order.fileKey.fill(0);
    this.#busy = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = once(worker, 'exit');
    worker.ref();
    worker.postMessage('close');
    await exited;
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { file, fileKey } = this.order;
    const workerData: CheckpointOrder = { file, fileKey: Uint8Array.from(fileKey) };
    const worker = new Worker(new URL('./checkpointWorker.js', import.meta.url), { workerData, resourceLimits: HEAP });
    worker.on('message', () => {
      this.#busy = false;
    });
    // It stays busy then, and the store copies its log itself.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#worker = undefined;
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }
}
