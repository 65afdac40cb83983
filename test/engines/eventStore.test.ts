import { openKurrentEventStore } from '../../src/eventstore/kurrentdb.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { eventEngineContract } from '../contract/eventEngine.js';
import { eventStoreContract } from '../contract/eventStore.js';
import { inNamespace, onEngines } from '../support/engines.js';

onEngines(['KurrentDB'], 'KurrentDB', (urls) => {
  const opened: EventStore[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  eventStoreContract('the event store', async (options) => {
    const url = inNamespace(urls.KurrentDB);
    const openStore = async (again: object = {}): Promise<EventStore> => {
      const store = await openKurrentEventStore({ url, ...again });
      opened.push(store);
      return store;
    };
    const store = await openStore(options);
    return {
      store,
      reopen: async (again) => {
        await store.close();
        return openStore(again);
      },
    };
  });

  describe('a server with its history there', () => eventEngineContract(() => urls.KurrentDB));
});
