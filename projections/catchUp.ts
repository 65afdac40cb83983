import type { Position } from '../src/kernel/envelope.js';
import { openEvents } from '../src/kernel/openEvent.js';
import type { Build } from '../src/readstore/port.js';
import { changesOf, foldBatch } from './foldBatch.js';
import { EVERY_EVENT, type Projection } from './projection.js';
import type { RebuildParts } from './rebuild.js';

/** Events a transaction. */
const BATCH_SIZE = 1_000;

/**
 * Brings a build that nobody else writes to from its checkpoint to a position of the history, and no further.
 * Errors: what `apply` throws, and the stores'.
 */
export const catchUp = async (
  projection: Projection,
  from: Build,
  to: Position,
  { eventStore, readStore, keys }: RebuildParts,
): Promise<Build> => {
  const types = EVERY_EVENT in projection.apply ? undefined : Object.keys(projection.apply);
  let build = from;
  while (build.checkpoint < to) {
    const page = await eventStore.readAll({ after: build.checkpoint, types, limit: BATCH_SIZE });
    const events = page.events.filter(({ position }) => position <= to);
    const opened = await openEvents(events, keys);
    const changes = opened.flatMap((event) => changesOf(projection, event));
    const rows = await foldBatch(changes, readStore, build);
    // Where nothing is left before `to` the history ends there, whatever the filter has let through.
    const reached = page.position > to || page.position <= build.checkpoint ? to : page.position;
    await readStore.write([{ build, from: build.checkpoint, to: reached, rows }]);
    build = { ...build, checkpoint: reached };
  }
  return build;
};
