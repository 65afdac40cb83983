import { type Position, START, type StoredEvent } from '../kernel/envelope.js';
import type { EventStore } from './port.js';

const PAGE_EVENTS = 1_000;

/** Every event after a position, of these types where some are named, read page by page. Errors: those of `readAll`. */
export async function* everyEvent(
  store: Pick<EventStore, 'readAll'>,
  { from = START, types }: { readonly from?: Position; readonly types?: readonly string[] } = {},
): AsyncGenerator<StoredEvent, undefined> {
  for (let after = from; ; ) {
    const page = await store.readAll({ after, types, limit: PAGE_EVENTS });
    yield* page.events;
    if (page.position === after) return undefined;
    after = page.position;
  }
}
