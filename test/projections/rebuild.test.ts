import { join } from 'node:path';
import { allProjections } from '../../projections/all.js';
import { rebuild } from '../../projections/rebuild.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import { CommandHandler } from '../../src/kernel/commandHandler.js';
import { derivedId, pooledRandomBytes, subjectIdOf, timeOrderedIds } from '../../src/kernel/ids.js';
import type { KeySource } from '../../src/kernel/openEvent.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const BATCH = 1_000;

test('a rebuild lets the vault zero the keys of a batch before it asks for those of the next', async () => {
  const clock = { now: () => Date.UTC(2026, 10, 24) };
  const key = Buffer.alloc(32, 7);
  const file = join(directory.path(), 'vault.db');
  const vault = openSqliteVault({ file, fileKey: key, wrapKey: key, random: pooledRandomBytes });
  const eventStore = memoryEventStore();
  const handler = new CommandHandler({
    eventStore,
    vault,
    clock,
    ids: timeOrderedIds(clock),
    random: pooledRandomBytes,
  });
  const context = { workspace: 'w', controller: 'w', actor: 'ada', commandId: null, correlationId: 'request' };
  const create = async (number: number) => {
    const id = derivedId('contact', String(number));
    const data = { subject: subjectIdOf(id), name: { givenName: 'Grace' } };
    const given = { today: '2026-11-24' };
    await handler.handle(contactDecider, id, { type: 'CreateContact', data, given } as const, context);
  };
  await Promise.all(Array.from({ length: 2 * BATCH }, (_, number) => create(number)));

  let handedOut = 0;
  let most = 0;
  const keys: KeySource = {
    openingKeys(refs) {
      handedOut += refs.length;
      most = Math.max(most, handedOut);
      // A turn later, as a vault does with keys that it does not keep.
      setImmediate(() => {
        handedOut -= refs.length;
      });
      return vault.openingKeys(refs);
    },
  };
  const contacts = allProjections.find(({ name }) => name === 'contacts')!;
  const readStore = memoryReadStore();
  await readStore.register(contacts);
  await rebuild(contacts, { eventStore, readStore, keys });
  expect(most).toBeGreaterThan(BATCH / 2);
  expect(most).toBeLessThanOrEqual(BATCH);
  await eventStore.close();
  await vault.shut();
});
