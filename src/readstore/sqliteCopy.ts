import { type Position, START } from '../kernel/envelope.js';
import { DatabaseCopy, type KeyedFile } from '../sqlite/copy.js';
import { generationPrefix } from './sqliteTables.js';

interface Live {
  readonly projection: string;
  readonly generation: number;
  readonly checkpoint: Position;
}

/**
 * Copies what readers see now into a new file under another key: the live build of every projection, and nothing of
 * what was deleted, replaced or is still being built. Others may go on reading and writing.
 * Answers how far the copy has come: each of the projections named has passed that position. Errors: as `DatabaseCopy`.
 */
export const copyReadModels = (source: KeyedFile, target: KeyedFile, projections: readonly string[]): Position => {
  const copy = new DatabaseCopy(source, target);
  try {
    copy.pin();
    const live = copy.rows(
      `SELECT projection, generation, checkpoint FROM source.builds WHERE state = 'live'`,
    ) as Live[];
    const checkpoints = live
      .filter(({ projection }) => projections.includes(projection))
      .map((each) => each.checkpoint);
    const prefixes = live.map(({ generation }) => generationPrefix(generation));
    copy.copy((table) => !/^\d+\//.test(table) || prefixes.some((prefix) => table.startsWith(prefix)));
    copy.edit(`DELETE FROM builds WHERE state <> 'live'`);
    copy.finish();
    return checkpoints.sort()[0] ?? START;
  } catch (error) {
    copy.discard();
    throw error;
  }
};
