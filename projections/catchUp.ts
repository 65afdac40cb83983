import type { Position } from '../src/kernel/envelope.js';
import type { Build } from '../src/readstore/port.js';
import type { Projection } from './projection.js';
import { applyTo, type RebuildParts, typesOf } from './rebuild.js';

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
  parts: RebuildParts,
): Promise<Build> => {
  const types = typesOf(projection);
  let build = from;
  while (build.checkpoint < to) {
    const page = await parts.eventStore.readAll({ after: build.checkpoint, types, limit: BATCH_SIZE });
    const events = page.events.filter(({ position }) => position <= to);
    // Where nothing is left before `to` the history ends there, whatever the filter has let through.
    const reached = page.position > to || page.position <= build.checkpoint ? to : page.position;
    build = await applyTo(build, projection, events, reached, parts);
  }
  return build;
};
