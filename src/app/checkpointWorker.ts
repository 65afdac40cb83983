import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../sqlite/database.js';

/** What the thread is started with. The key is a copy of its own, which it zeroes. */
export interface CheckpointOrder {
  readonly file: string;
  readonly fileKey: Uint8Array;
}

const { file, fileKey } = workerData as CheckpointOrder;
const database = openDatabase({ file, fileKey, durability: 'normal', cacheMiB: 1 });
fileKey.fill(0);

/**
 * The log begins anew only where a commit finds all of it copied. So what was written meanwhile is copied too, each
 * pass being shorter than the one before.
 */
const PASSES = 4;

const copy = (): void => {
  let before = -1;
  for (let pass = 0; pass < PASSES; pass++) {
    // PASSIVE waits for nobody: what another connection is in the way of is copied the next time.
    const [result] = database.pragma('wal_checkpoint(PASSIVE)') as { checkpointed: number }[];
    if (result === undefined || result.checkpointed === before) return;
    before = result.checkpointed;
  }
};

parentPort!.on('message', (what: 'copy' | 'close') => {
  if (what === 'copy') {
    copy();
    parentPort!.postMessage('copied');
    return;
  }
  database.close();
  parentPort!.close();
});
