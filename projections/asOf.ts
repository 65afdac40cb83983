import type { EventStore } from '../src/eventstore/port.js';
import type { StoredEvent } from '../src/kernel/envelope.js';
import { type KeySource, openEvents } from '../src/kernel/openEvent.js';
import { memoryReadStore } from '../src/readstore/memory.js';
import type { Row, Table } from '../src/readstore/port.js';
import { changesOf, foldBatch } from './foldBatch.js';
import type { Change, Projection } from './projection.js';

/**
 * A row as it was at an instant, folded from its history by the same projection that keeps the read model; `null` where
 * it was not there yet, or is of another workspace. What was erased since stays erased: it cannot be opened any more.
 * @param at UTC with milliseconds; events recorded at that very instant count
 */
export const rowAsOf = async <R extends Row>(
  of: { readonly projection: Projection; readonly table: Table<R>; readonly key: string; readonly workspace: string },
  streams: readonly string[],
  at: string,
  from: { readonly eventStore: Pick<EventStore, 'readStream'>; readonly keys: KeySource },
): Promise<R | null> => {
  const histories = await Promise.all(streams.map((stream) => from.eventStore.readStream(stream)));
  const events = histories
    .flat()
    .filter((event) => event.recordedAt <= at && event.workspace === of.workspace)
    .sort(byPosition);
  const store = memoryReadStore();
  await store.register(of.projection);
  const [build] = await store.builds(of.projection.name);
  const changes: Change[] = [];
  for (const event of await openEvents(events, from.keys)) changes.push(...changesOf(of.projection, event));
  const rows = await foldBatch(changes, store, build);
  const row = rows.find(({ table, key }) => table.name === of.table.name && key === of.key);
  return (row?.after ?? null) as R | null;
};

const byPosition = (left: StoredEvent, right: StoredEvent): number => (left.position < right.position ? -1 : 1);
