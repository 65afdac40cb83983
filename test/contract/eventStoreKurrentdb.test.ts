import { openKurrentEventStore } from '../../src/eventstore/kurrentdb.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { freshName } from '../support/engines.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { eventStoreContract } from './eventStore.js';

let double: KurrentDouble;
const opened: EventStore[] = [];
beforeAll(async () => {
  double = await startKurrentDouble();
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});
afterAll(() => double.stop());

const openedAt = async (url: string, options: object = {}): Promise<EventStore> => {
  const store = await openKurrentEventStore({ url, ...options });
  opened.push(store);
  return store;
};

// All share one double, as they would a server: the events of the others are in the log as well.
eventStoreContract('KurrentDB, on a double of it,', async (options) => {
  const url = `${double.url}&namespace=${freshName()}`;
  const store = await openedAt(url, options);
  return {
    store,
    reopen: async (again) => {
      await store.close();
      return openedAt(url, again);
    },
  };
});
