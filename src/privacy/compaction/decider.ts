import type { Decider } from '../../kernel/decider.js';
import { compactionEvents } from './events.js';

/** What a compaction has removed, and how far it has looked. */
export interface CompactionResult {
  readonly upTo: string;
  readonly ledger: number;
  readonly events: number;
  readonly fields: number;
  readonly bytes: number;
}

export type RecordCompaction = { readonly type: 'RecordCompaction'; readonly subject: string } & CompactionResult;

/** A compaction is recorded once, when it has come to its end. */
export const compactionDecider: Decider<boolean, RecordCompaction, typeof compactionEvents> = {
  category: 'compaction',
  events: compactionEvents,
  keyClass: 'content',
  initial: false,
  decide: ({ type: _type, ...data }, recorded) => (recorded ? [] : [{ type: 'HistoryCompacted', data }]),
  evolve: () => true,
};
