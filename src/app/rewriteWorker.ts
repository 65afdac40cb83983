import { parentPort, workerData } from 'node:worker_threads';
import { allProjections } from '../../projections/all.js';
import { catchUp } from '../../projections/catchUp.js';
import { openSqliteEventReader } from '../eventstore/sqlite.js';
import type { Position } from '../kernel/envelope.js';
import { openSqliteReadStore } from '../readstore/sqlite.js';
import { copyReadModels } from '../readstore/sqliteCopy.js';
import type { KeyedFile } from '../sqlite/copy.js';
import { openSqliteKeyReader } from '../vault/sqlite.js';
import { filesIn } from './dataDir.js';
import { allEvents } from './events.js';

/** What the thread is started with. The keys are copies of its own, which it zeroes. */
export interface RewriteOrder {
  readonly dataDir: string;
  readonly from: KeyedFile;
  readonly to: KeyedFile;
  readonly keys: { readonly events: Uint8Array; readonly vault: Uint8Array; readonly wrap: Uint8Array };
}

/** How far each projection is to be brought, by its name. */
export type Checkpoints = { readonly [projection: string]: Position };

/** Asks whoever started the thread how far to go. */
export type AskHowFar = (question: { readonly copiedUpTo: Position; readonly last: boolean }) => Promise<Checkpoints>;

const CACHE_MIB = 64;

/**
 * Copies the read models into the new file and brings them level: first with where they are when they are copied, which
 * may take a while, then, asked a last time, with where they have been stopped for the switch.
 */
export const rewrite = async ({ dataDir, from, to, keys }: RewriteOrder, howFar: AskHowFar): Promise<void> => {
  const copiedUpTo = copyReadModels(
    from,
    to,
    allProjections.map(({ name }) => name),
  );
  const files = filesIn(dataDir);
  const upcast = (event: Parameters<typeof allEvents.upcast>[0]) => allEvents.upcast(event);
  const eventStore = openSqliteEventReader({ file: files.events, fileKey: keys.events, upcast });
  const keyReader = openSqliteKeyReader({ file: files.vault, fileKey: keys.vault, wrapKey: keys.wrap });
  const readStore = openSqliteReadStore({ ...to, cacheMiB: CACHE_MIB });
  try {
    for (const last of [false, true]) {
      const checkpoints = await howFar({ copiedUpTo, last });
      for (const projection of allProjections) {
        const checkpoint = checkpoints[projection.name];
        if (checkpoint === undefined) continue;
        await readStore.register(projection);
        const build = (await readStore.builds(projection.name)).find((each) => each.live)!;
        await catchUp(projection, build, checkpoint, { eventStore, readStore, keys: keyReader });
      }
    }
  } finally {
    await eventStore.close();
    await readStore.close();
    await keyReader.shut();
  }
};

const run = async (order: RewriteOrder): Promise<void> => {
  const port = parentPort!;
  const ask: AskHowFar = (question) =>
    new Promise((resolve) => {
      port.once('message', resolve);
      port.postMessage(question);
    });
  try {
    await rewrite(order, ask);
  } finally {
    const { from, to, keys } = order;
    for (const key of [from.fileKey, to.fileKey, ...Object.values(keys)]) key.fill(0);
  }
};

if (parentPort !== null) await run(workerData as RewriteOrder);
