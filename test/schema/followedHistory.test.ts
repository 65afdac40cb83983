import { follow } from '../../schema/audit/history.js';
import type { Context } from '../../schema/context.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { sampleEvent } from '../eventstore/sampleEvents.js';

/** Resolves `begun` when whoever follows has reached the store. */
const listened = (store: EventStore) => {
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const eventStore: Pick<EventStore, 'head' | 'subscribe'> = {
    head: () => store.head(),
    subscribe(subscription) {
      begin();
      return store.subscribe(subscription);
    },
  };
  return { begun, eventStore };
};

test('[P7.3] a subscription whose filter lets nothing through ends when its client leaves, and what it was asked with goes', async () => {
  const store = memoryEventStore();
  const { begun, eventStore } = listened(store);
  const context = { workspace: 'some workspace', services: { eventStore } } as unknown as Context;
  const followed = follow({ type: 'NothingOfTheSort' }, context);
  const first = followed.next();
  await begun;
  await store.append('some-stream', [sampleEvent()], 'no-stream');
  expect(await followed.return(undefined)).toMatchObject({ done: true });
  expect(await first).toMatchObject({ done: true });
  await store.close();
});
