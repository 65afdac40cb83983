import { randomBytes } from 'node:crypto';
import type { EventToAppend, StoredEvent } from '../../src/kernel/envelope.js';
import { derivedId, timeOrderedIds } from '../../src/kernel/ids.js';
import type { SealedField } from '../../src/kernel/personal.js';

const ids = timeOrderedIds({ now: () => Date.UTC(2026, 10, 24) });

export const sealedField = (bytes: Uint8Array | null = randomBytes(48)): SealedField => ({
  class: 'profile',
  digest: 'm7HcvR3GwLdWxkWlCMCmuJVx8wP4lDIwrV2Ee2zPqS0',
  bytes,
});

/** An event that no test has appended yet. */
export const sampleEvent = (changes: Partial<EventToAppend> = {}): EventToAppend => ({
  id: ids.next(),
  type: 'ContactCreated',
  schemaVersion: 1,
  recordedAt: '2026-11-24T05:31:00.000Z',
  workspace: derivedId('workspace'),
  controller: derivedId('workspace'),
  subject: derivedId('subject'),
  actor: derivedId('actor'),
  commandId: null,
  commandDigest: null,
  correlationId: derivedId('correlation'),
  causationId: null,
  open: { status: 'lead' },
  sealed: { name: sealedField(), email: sealedField() },
  ...changes,
});

export const sampleEvents = (count: number, changes: Partial<EventToAppend> = {}): EventToAppend[] =>
  Array.from({ length: count }, () => sampleEvent(changes));

/** An event with its bytes as hexadecimal, so that two of them compare by value whatever class their bytes are of. */
export const comparable = <E extends EventToAppend>(event: E): unknown => ({
  ...event,
  sealed: Object.fromEntries(
    Object.entries(event.sealed).map(([name, field]) => [
      name,
      { ...field, bytes: field.bytes === null ? null : Buffer.from(field.bytes).toString('hex') },
    ]),
  ),
});

export const idsOf = (events: readonly (EventToAppend | StoredEvent)[]): string[] => events.map(({ id }) => id);
