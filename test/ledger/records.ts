import { type Ids, timeOrderedIds } from '../../src/kernel/ids.js';
import type { KnownLedger, LedgerMemory } from '../../src/ledger/known.js';
import type { ErasureBegun, ErasureCompleted, KeysDestroyed } from '../../src/ledger/port.js';

export const clock = { now: () => Date.UTC(2026, 10, 24) };
export const ids: Ids = timeOrderedIds(clock);

export const begun = (more: Partial<ErasureBegun> = {}): ErasureBegun => ({
  kind: 'ErasureBegun',
  erasure: ids.next(),
  workspace: ids.next(),
  controller: ids.next(),
  subject: ids.next(),
  record: ids.next(),
  recordKind: 'CONTACT',
  scope: 'ERASE',
  reason: 'SUBJECT_REQUEST',
  classes: null,
  actor: ids.next(),
  commandId: ids.next(),
  correlationId: ids.next(),
  ...more,
});

export const keysDestroyed = ({ erasure, workspace, subject }: ErasureBegun): KeysDestroyed => ({
  kind: 'KeysDestroyed',
  erasure,
  workspace,
  subject,
  keys: [{ class: 'profile', fingerprint: 'ab'.repeat(32) }],
});

export const completed = ({ erasure }: ErasureBegun): ErasureCompleted => ({ kind: 'ErasureCompleted', erasure });

/** What the data know, as they would keep it: also as they were at an earlier time. */
export const memoryOf = (known: KnownLedger | null = null) => {
  let kept = known;
  const memory: LedgerMemory = {
    read: async () => kept,
    write: async (value) => {
      kept = structuredClone(value);
    },
  };
  return { ...memory, kept: () => kept };
};
