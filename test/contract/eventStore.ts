import type { EventStore } from '../../src/eventstore/port.js';
import type { Position, StoredEvent } from '../../src/kernel/envelope.js';
import { appendingContract, repeatingContract } from './eventStoreAppending.js';
import { compactionContract } from './eventStoreCompaction.js';
import { readingContract, valuesContract } from './eventStoreReading.js';
import { closingContract, followingContract } from './eventStoreSubscriptions.js';

export interface OpenOptions {
  readonly upcast?: (event: StoredEvent) => StoredEvent;
}

export interface OpenedStore {
  readonly store: EventStore;
  /** Closes the store and opens the same events again; left out where nothing outlives the store. */
  reopen?(options?: OpenOptions): Promise<EventStore>;
  /** Removes the sealed bytes of one event, as compaction will; left out where the adapter has no way to. */
  removeSealed?(position: Position): Promise<void>;
}

/** Opens an empty store; what is opened is closed by the caller of the contract after each test. */
export type OpenStore = (options?: OpenOptions) => Promise<OpenedStore>;

/** What every event store does, whatever the engine (design.md, "Ports"), and what those do that can be compacted. */
export const eventStoreContract = (
  name: string,
  open: OpenStore,
  { compacts = false }: { readonly compacts?: boolean } = {},
): void => {
  describe(`${name} appends`, () => appendingContract(open));
  describe(`${name} is told the same twice`, () => repeatingContract(open));
  describe(`${name} reads`, () => readingContract(open));
  describe(`${name} keeps`, () => valuesContract(open));
  describe(`${name} is followed`, () => followingContract(open));
  if (compacts) describe(`${name} is compacted`, () => compactionContract(open));
  else
    test(`${name} does not say that it can be compacted`, async () => {
      expect((await open()).store.compact).toBeUndefined();
    });
  describe(`${name} closes`, () => closingContract(open));
};
