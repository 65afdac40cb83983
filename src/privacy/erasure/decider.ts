import type { Decider } from '../../kernel/decider.js';
import { type ErasureKind, type ErasureReason, erasureEvents, erasureRequestEvents } from './events.js';

export type RequestErasure = {
  readonly type: 'RequestErasure';
  readonly subject: string;
  readonly target: string;
  readonly contact: string;
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
  readonly note?: string;
};

/** One stream per subject. A second request is a fact of its own: the person asked twice. */
export const erasureRequestDecider: Decider<null, RequestErasure, typeof erasureRequestEvents> = {
  category: 'erasureRequest',
  events: erasureRequestEvents,
  keyClass: 'content',
  initial: null,
  decide: ({ type: _type, ...data }) => [{ type: 'ErasureRequested', data }],
  evolve: () => null,
};

export interface SubjectState {
  readonly erased: ErasureKind | null;
}

export type EraseSubject = {
  readonly type: 'EraseSubject';
  readonly subject: string;
  readonly contact: string;
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
};

/** What became of a subject. An anonymised person may still be erased, so that the record goes too; not the other way. */
export const subjectDecider: Decider<SubjectState, EraseSubject, typeof erasureEvents> = {
  category: 'subject',
  events: erasureEvents,
  keyClass: 'profile',
  initial: { erased: null },

  decide({ type: _type, ...data }, { erased }) {
    if (erased === 'ERASE' || erased === data.kind) return [];
    return [{ type: 'SubjectErased', data }];
  },

  evolve: (_state, event) => ({ erased: event.data.kind }),
};
