import { CrmError } from '../errors.js';
import { everyEvent } from '../eventstore/everyEvent.js';
import type { EventStore } from '../eventstore/port.js';
import { canonicalEnvelope, type Position, START, type StoredEvent } from '../kernel/envelope.js';

/** Both read and write what is stored, as it is stored: opened without upcasting. */
export interface MoveParts {
  readonly from: Pick<EventStore, 'readAll'>;
  readonly to: Pick<EventStore, 'readAll' | 'append'>;
  readonly progress: (stage: 'copied' | 'verified', done: number, total: number) => void;
}

/** Of an append: some engines take no more than 1 MiB at once. */
const MAX_APPEND_CHARACTERS = 256 * 1024;

/**
 * Copies a history with its order, ids, revisions, times, envelopes and sealed bytes; only positions are the new
 * engine's own. Takes up where an earlier run was interrupted, because what is there already is the beginning of it.
 * At the end both are read again, event for event. Answers how many there are; nothing is taken away at the source.
 * Errors: FOREIGN_STORE where the target holds anything else; CONFLICT where the source was written to meanwhile; the
 * stores'.
 */
export const moveHistory = async ({ from, to, progress }: MoveParts): Promise<number> => {
  const { total, there, after } = await compare(from, to);
  let copied = there;
  progress('copied', copied, total);
  for await (const events of appendsOf(from, after)) {
    const { stream, revision } = events[0]!;
    await to.append(stream, events, revision === 0 ? 'no-stream' : revision - 1);
    copied += events.length;
    progress('copied', copied, total);
  }
  const verified = await compare(from, to, (done) => progress('verified', done, total));
  if (verified.total !== total || verified.there !== total) {
    throw new CrmError('CONFLICT', {
      reason: 'The history was written to while it was moved: stop the server, and move again.',
    });
  }
  return total;
};

interface Compared {
  /** Events at the source. */
  readonly total: number;
  /** How many of them, from the first one on, are at the target. */
  readonly there: number;
  /** Position at the source of the last one of those. */
  readonly after: Position;
}

/** Error: FOREIGN_STORE where the target is not the beginning of the source. */
const compare = async (
  from: MoveParts['from'],
  to: MoveParts['to'],
  progress: (done: number) => void = () => undefined,
): Promise<Compared> => {
  const target = everyEvent(to);
  let [total, there, after]: [number, number, Position] = [0, 0, START];
  let next = await target.next();
  for await (const event of everyEvent(from)) {
    total += 1;
    if (next.done) continue;
    if (!isSame(event, next.value)) throw another();
    there = total;
    after = event.position;
    next = await target.next();
    progress(there);
  }
  if (!next.done) throw another();
  return { total, there, after };
};

const another = (): CrmError =>
  new CrmError('FOREIGN_STORE', {
    field: 'to',
    reason: 'The store to move to holds something else than this history.',
  });

/** What was appended together stays so, as far as it can be seen: one after the other, in one stream, by one command. */
async function* appendsOf(store: MoveParts['from'], start: Position): AsyncGenerator<readonly StoredEvent[]> {
  let together: StoredEvent[] = [];
  let characters = 0;
  for await (const event of everyEvent(store, { from: start })) {
    const size = canonicalEnvelope(event).length + sealedBytes(event);
    const last = together.at(-1);
    if (last !== undefined && (!isOfOneAppend(last, event) || characters + size > MAX_APPEND_CHARACTERS)) {
      yield together;
      together = [];
      characters = 0;
    }
    together.push(event);
    characters += size;
  }
  if (together.length > 0) yield together;
}

const isOfOneAppend = (one: StoredEvent, next: StoredEvent): boolean =>
  next.stream === one.stream &&
  next.revision === one.revision + 1 &&
  next.recordedAt === one.recordedAt &&
  next.correlationId === one.correlationId &&
  next.commandId === one.commandId;

const sealedBytes = ({ sealed }: StoredEvent): number =>
  Object.values(sealed).reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);

const isSame = (one: StoredEvent, other: StoredEvent): boolean =>
  canonicalEnvelope(one) === canonicalEnvelope(other) &&
  Object.entries(one.sealed).every(([name, { bytes }]) => {
    const others = other.sealed[name]?.bytes;
    return bytes === null || !others ? bytes === others : Buffer.compare(bytes, others) === 0;
  });
