import { CrmError, isCrmError } from '../errors.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { StoredEvent } from '../kernel/envelope.js';
import type { Ids } from '../kernel/ids.js';
import { OPERATOR } from '../kernel/workspace.js';
import type { Table } from '../readstore/port.js';
import type { EngineStores } from './stores.js';
import { STORES, type StoreLocations, type StoreName } from './storeUrls.js';

/** The stream of the one event that founds an installation. */
const STREAM = `installation-${OPERATOR}`;
const STATE_SPACE = 'installation';
const KEY_CLASS = 'profile';

/** What the read store belongs to, kept there as a read model is: of one installation, filled from one log. */
interface Belonging {
  readonly key: string;
  readonly installation: string;
  /** Changes when the history is moved to another engine: positions are then others. */
  readonly log: string;
}

const TABLE: Table<Belonging> = {
  name: 'installation',
  key: ({ key }) => key,
  scope: () => OPERATOR,
  orders: { key: ({ key }) => key },
};
const PROJECTION = { name: 'installation', version: 1, tables: [TABLE as Table] };

export const isFounded = async (eventStore: Pick<EngineStores['eventStore'], 'readStream'>): Promise<boolean> =>
  (await eventStore.readStream(STREAM)).length > 0;

/**
 * Makes sure that the four stores are of one installation, and makes new ones so. The history says which it is; the
 * vault proves it by the key of that id, the others by keeping it.
 * Error: FOREIGN_STORE, with the variable of the store that is another's.
 */
export const found = async (stores: EngineStores, clock: Clock, ids: Ids): Promise<StoredEvent> => {
  const [before] = await stores.eventStore.readStream(STREAM);
  if (before === undefined && (await stores.stateStore.get(STATE_SPACE, 'id')) !== null) throw foreign('events');
  const founded = before ?? (await begin(stores, clock, ids));
  const { subject: id } = founded;
  const [key] = await stores.vault.openingKeys([{ workspace: OPERATOR, subject: id, class: KEY_CLASS }]);
  if (!key) throw foreign('vault');
  await stores.stateStore.compareAndSet(STATE_SPACE, 'id', null, id);
  if ((await stores.stateStore.get(STATE_SPACE, 'id')) !== id) throw foreign('state');
  return founded;
};

/** The key first, so that it is there whenever the event is. Of several servers that begin at once, one wins. */
const begin = async ({ eventStore, vault }: EngineStores, clock: Clock, ids: Ids): Promise<StoredEvent> => {
  const id = ids.next();
  (await vault.lease(OPERATOR, id, [KEY_CLASS])).release();
  const event = {
    id: ids.next(),
    type: 'InstallationFounded',
    schemaVersion: 1,
    recordedAt: instant(clock.now()),
    workspace: OPERATOR,
    controller: OPERATOR,
    subject: id,
    actor: OPERATOR,
    commandId: null,
    commandDigest: null,
    correlationId: ids.next(),
    causationId: null,
    open: {},
    sealed: {},
  };
  try {
    await eventStore.append(STREAM, [event], 'no-stream');
  } catch (error) {
    if (!isCrmError(error, 'WRONG_EXPECTED_REVISION')) throw error;
  }
  const [founded] = await eventStore.readStream(STREAM);
  return founded!;
};

/**
 * Makes sure that the read models are this installation's and filled from this very log. Where the history has been
 * moved, each is rebuilt by `rebuild`. Error: FOREIGN_STORE.
 */
export const ownReadModels = async (
  { readStore }: Pick<EngineStores, 'readStore'>,
  founded: StoredEvent,
  locations: StoreLocations,
  rebuild: () => Promise<void>,
): Promise<void> => {
  await readStore.register(PROJECTION);
  const before = await readStore.get(TABLE, 'this');
  const own = { key: 'this', installation: founded.subject, log: `${locations.events.engine} ${founded.position}` };
  if (before !== null && before.installation !== own.installation) throw foreign('readModels');
  if (before?.log === own.log) return;
  // Files of before there was such a row were filled from a file.
  if (before !== null || locations.events.engine !== 'sqlite') await rebuild();
  const build = (await readStore.builds(PROJECTION.name)).find(({ live }) => live)!;
  const to = String(Number(build.checkpoint) + 1).padStart(16, '0');
  const rows = [{ table: TABLE as Table, key: own.key, before, after: own }];
  await readStore.write([{ build, from: build.checkpoint, to, rows }]);
};

const foreign = (name: StoreName): CrmError => new CrmError('FOREIGN_STORE', { field: STORES[name].variable });
