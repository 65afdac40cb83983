import { setImmediate as nextTurn } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import { type KeyRef, refName } from '../kernel/personal.js';
import { formatPosition, parsePosition, removeSealed, type SealedFor } from './encoding.js';
import type { Compacted, CompactRange } from './port.js';

/** An event that has, or had, sealed bytes. */
export interface SealedRow extends SealedFor {
  readonly position: number;
  /** Of its sealed bytes, as they are packed. */
  readonly size: number;
}

/** One whose bytes are to go; `removed` says of which fields, in the order in which they are packed. */
export interface DoomedRow {
  readonly position: number;
  readonly size: number;
  readonly removed: readonly boolean[];
}

export type Removed = Pick<Compacted, 'events' | 'fields' | 'bytes'>;

/** What a compaction asks of an embedded log. */
export interface CompactableLog {
  /** Some of the events with sealed bytes after one position and up to another, in order; `to`: how far it has looked. */
  look(after: number, upTo: number): { readonly rows: readonly SealedRow[]; readonly to: number };
  /** Overwrites those in one commit, for which nobody has to wait long. Those that were before are left alone. */
  overwrite(rows: readonly DoomedRow[]): Promise<Removed>;
  /** Sees to it that nothing that was overwritten is left beside what took its place. */
  settle(): Promise<void>;
}

/** What is overwritten in one commit: some milliseconds, for which who appends may wait. */
const OVERWRITTEN_ROWS = 100;
const OVERWRITTEN_BYTES = 1024 * 1024;
/** Events looked at before it says how far it is, where there was nothing to remove. */
const SAID_AFTER = 10_000;

/** Window after window, with a turn of the event loop between them; as the port says. */
export async function* compactLog(
  log: CompactableLog,
  { after, upTo, areDestroyed }: CompactRange,
): AsyncGenerator<Compacted, undefined> {
  const last = parsePosition(upTo);
  let said = parsePosition(after);
  for (let position = said; position < last; ) {
    const { rows, to } = log.look(position, last);
    const removed = { events: 0, fields: 0, bytes: 0 };
    for (const batch of batchesOf(await doomedAmong(rows, areDestroyed))) {
      const { events, fields, bytes } = await log.overwrite(batch);
      removed.events += events;
      removed.fields += fields;
      removed.bytes += bytes;
    }
    position = to;
    if (removed.events > 0 || position - said >= SAID_AFTER || position === last) {
      said = position;
      yield { position: formatPosition(position), remaining: last - position, ...removed };
    }
    await nextTurn();
  }
  await log.settle();
}

/**
 * Removes the doomed bytes of each row; `packed` answers with a copy that may be changed, and `put` takes it back where
 * anything was removed. Error: CORRUPT_EVENT.
 */
export const overwriteDoomed = (
  rows: readonly DoomedRow[],
  packed: (position: number) => Buffer,
  put: (position: number, packed: Buffer) => void,
): Removed => {
  const all = { events: 0, fields: 0, bytes: 0 };
  for (const { position, removed } of rows) {
    const bytes = packed(position);
    const counts = removeSealed(bytes, removed);
    if (counts === null) throw new CrmError('CORRUPT_EVENT', { position: formatPosition(position) });
    if (counts.fields === 0) continue;
    put(position, bytes);
    all.events += 1;
    all.fields += counts.fields;
    all.bytes += counts.bytes;
  }
  return all;
};

const doomedAmong = async (
  rows: readonly SealedRow[],
  areDestroyed: CompactRange['areDestroyed'],
): Promise<readonly DoomedRow[]> => {
  const refsOf = ({ workspace, subject, classes }: SealedRow) =>
    classes.map((each): KeyRef => ({ workspace, subject, class: each }));
  const refs = new Map(rows.flatMap(refsOf).map((ref) => [refName(ref), ref]));
  if (refs.size === 0) return [];
  const answers = await areDestroyed([...refs.values()]);
  const destroyed = new Set([...refs.keys()].filter((_, index) => answers[index] === true));
  return rows
    .map((row) => ({
      position: row.position,
      size: row.size,
      removed: refsOf(row).map((ref) => destroyed.has(refName(ref))),
    }))
    .filter(({ removed }) => removed.includes(true));
};

function* batchesOf(rows: readonly DoomedRow[]): Generator<readonly DoomedRow[], undefined> {
  let batch: DoomedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (batch.length === OVERWRITTEN_ROWS || (batch.length > 0 && bytes + row.size > OVERWRITTEN_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += row.size;
  }
  if (batch.length > 0) yield batch;
}
