import type { Decider } from '../../kernel/decider.js';
import { type ErasureKind, type ErasureReason, erasureEvents, type RecordKind } from './events.js';

export interface SubjectState {
  readonly erased: ErasureKind | null;
  /** The request by which it was. */
  readonly erasure: string | null;
}

export type EraseSubject = {
  readonly type: 'EraseSubject';
  readonly subject: string;
  readonly record: string;
  readonly recordKind: RecordKind;
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
  readonly erasure?: string;
};

/** What became of a subject. An anonymised person may still be erased, so that the record goes too; not the other way. */
export const subjectDecider: Decider<SubjectState, EraseSubject, typeof erasureEvents> = {
  category: 'subject',
  events: erasureEvents,
  keyClass: 'profile',
  initial: { erased: null, erasure: null },

  decide({ type: _type, ...data }, { erased }) {
    if (erased === 'ERASE' || erased === data.kind) return [];
    return [{ type: 'SubjectErased', data }];
  },

  evolve: (_state, { data: { kind, erasure } }) => ({ erased: kind, erasure: erasure ?? null }),
};
