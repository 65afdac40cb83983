import { openKurrentEventStore } from '../../src/eventstore/kurrentdb.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { eventStoreContract } from '../contract/eventStore.js';
import { freshName, onEngines } from '../support/engines.js';

/** The URL of a namespace of its own on the server. */
const inNamespace = (url: string): string => `${url}${url.includes('?') ? '&' : '?'}namespace=${freshName()}`;

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
});
