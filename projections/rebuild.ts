import { setImmediate } from 'node:timers/promises';
import type { EventStore } from '../src/eventstore/port.js';
import type { Position, StoredEvent } from '../src/kernel/envelope.js';
import { type KeySource, openEvents, unopened } from '../src/kernel/openEvent.js';
import type { Build, ReadStore } from '../src/readstore/port.js';
import { changesOf, foldBatch } from './foldBatch.js';
import { EVERY_EVENT, type Projection } from './projection.js';

export interface RebuildParts {
  readonly eventStore: Pick<EventStore, 'readAll'>;
  readonly readStore: ReadStore;
  readonly keys: KeySource;
}

/** Events a transaction: enough to spread its cost, few enough that another writer does not wait long for its turn. */
const BATCH_SIZE = 1_000;

/**
 * Fills a projection's tables anew from the history, beside the live ones, and switches once there is nothing left to
 * read: readers see the old rows until then, and the new ones after. Events that come meanwhile are read too; what comes
 * after the switch is the runner's.
 * Errors: what `apply` throws, and the stores'; the live tables stay as they were.
 */
export const rebuild = async (projection: Projection, parts: RebuildParts): Promise<Build> => {
  const { eventStore, readStore } = parts;
  const types = typesOf(projection);
  let build = await readStore.startBuild(projection);
  let indexed = false;
  for (;;) {
    const page = await eventStore.readAll({ after: build.checkpoint, types, limit: BATCH_SIZE });
    if (page.position <= build.checkpoint) {
      if (indexed) break;
      // Making the index takes a while; what has happened meanwhile is read after it, so that the switch misses nothing.
      await readStore.indexBuild(build);
      indexed = true;
      continue;
    }
    build = await applyTo(build, projection, page.events, page.position, parts);
  }
  await readStore.switchTo(build);
  return build;
};

/** The types of event that a projection is to be given; `undefined`: all. */
export const typesOf = (projection: Projection): readonly string[] | undefined =>
  EVERY_EVENT in projection.apply ? undefined : Object.keys(projection.apply);

/**
 * Applies events to a build that nobody else writes to, and sets its checkpoint. Ends with a turn of the event loop: where
 * every store answers at once there would be none until all is done, and a vault zeroes the keys of a batch only then.
 */
export const applyTo = async (
  build: Build,
  projection: Projection,
  events: readonly StoredEvent[],
  to: Position,
  { readStore, keys }: RebuildParts,
): Promise<Build> => {
  const opened = projection.personal === false ? unopened(events) : await openEvents(events, keys);
  const changes = opened.flatMap((event) => changesOf(projection, event));
  const rows = await foldBatch(changes, readStore, build);
  await readStore.write([{ build, from: build.checkpoint, to, rows }]);
  await setImmediate();
  return { ...build, checkpoint: to };
};
