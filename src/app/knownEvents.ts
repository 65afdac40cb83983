import { CrmError } from '../errors.js';
import type { EventRegistry } from '../kernel/event.js';
import type { StateStore } from '../statestore/port.js';

const SPACE = 'installation';
const KEY = 'event-versions';
const ATTEMPTS = 10;

/**
 * Notes which events, in which versions, this product may write to the history. Error: NEWER_VERSION where one that has
 * had it open may have written what this one does not know.
 */
export const refuseNewerHistory = async (
  stateStore: Pick<StateStore, 'get' | 'compareAndSet'>,
  registry: Pick<EventRegistry, 'types' | 'find'>,
): Promise<void> => {
  const own = Object.fromEntries(registry.types.map((type) => [type, registry.find(type)!.version]));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = (await stateStore.get(SPACE, KEY)) as Record<string, number> | null;
    const newer = Object.entries(before ?? {}).find(([type, version]) => version > (own[type] ?? 0));
    if (newer !== undefined) throw new CrmError('NEWER_VERSION');
    const isNoted = before !== null && Object.entries(own).every(([type, version]) => before[type] === version);
    if (isNoted || (await stateStore.compareAndSet(SPACE, KEY, before, own))) return;
  }
  throw new CrmError('CONFLICT');
};
