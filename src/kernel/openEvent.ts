import type { Vault } from '../vault/port.js';
import { openField } from '../vault/seal.js';
import type { StoredEvent } from './envelope.js';
import { Erased, type KeyRef, type Personal, refName, type SealedField } from './personal.js';

/** A stored event whose personal fields are opened when they are asked for. `data` has every field by name. */
export interface Opened extends Omit<StoredEvent, 'open' | 'sealed'> {
  readonly data: { readonly [field: string]: unknown };
}

/** What is needed of a vault to open events. */
export type KeySource = Pick<Vault, 'openingKeys'>;

/**
 * Opens events: one request to the vault for all their keys, then each personal field on first use, once.
 * Read the fields that are needed in the turn of the event loop in which this resolves: a vault's keys are good no
 * longer than that. A field whose key or bytes are gone is `Erased`. Error: CORRUPT_EVENT, on use, where a field does not open.
 */
export const openEvents = async (events: readonly StoredEvent[], keys: KeySource): Promise<readonly Opened[]> => {
  const refs = new Map<string, KeyRef>();
  for (const event of events) {
    for (const field of Object.values(event.sealed)) {
      const ref = { workspace: event.workspace, subject: event.subject, class: field.class };
      refs.set(refName(ref), ref);
    }
  }
  const found = refs.size === 0 ? [] : await keys.openingKeys([...refs.values()]);
  const byName = new Map([...refs.keys()].map((name, index) => [name, found[index] ?? null]));
  return events.map((event) => openedEvent(event, (ref) => byName.get(refName(ref)) ?? null));
};

/** Stored events for a reader who wants none of their personal fields: asking for one is a bug. */
export const unopened = (events: readonly StoredEvent[]): readonly Opened[] =>
  events.map((event) =>
    openedEvent(event, () => {
      throw new TypeError('Personal fields are not read here.');
    }),
  );

const openedEvent = (event: StoredEvent, keyOf: (ref: KeyRef) => Uint8Array | null): Opened => {
  const data: Record<string, unknown> = { ...event.open, subject: event.subject };
  for (const [name, field] of Object.entries(event.sealed)) {
    Object.defineProperty(data, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = openSealed(event, name, field, keyOf);
        Object.defineProperty(data, name, { value, enumerable: true });
        return value;
      },
    });
  }
  const { open: _open, sealed: _sealed, ...recorded } = event;
  return { ...recorded, data };
};

const openSealed = (
  event: StoredEvent,
  name: string,
  field: SealedField,
  keyOf: (ref: KeyRef) => Uint8Array | null,
): Personal<unknown> => {
  const key = keyOf({ workspace: event.workspace, subject: event.subject, class: field.class });
  if (key === null || field.bytes === null) return Erased;
  const context = { eventId: event.id, type: event.type, subject: event.subject, class: field.class, field: name };
  return openField(key, context, field);
};
