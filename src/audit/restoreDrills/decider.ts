import type { Decider } from '../../kernel/decider.js';
import { restoreDrillEvents } from './events.js';

/** What a drill has found. It is passed where nothing was lost and nobody came back. */
export interface DrillResult {
  readonly backup: string;
  readonly expected: number;
  readonly found: number;
  readonly erased: number;
  readonly readable: number;
}

export const passed = ({ expected, found, readable }: DrillResult): boolean => found >= expected && readable === 0;

export type RecordDrill = { readonly type: 'RecordDrill'; readonly subject: string } & DrillResult;

/** A drill is recorded once, passed or not: a better result is another drill. */
export const restoreDrillDecider: Decider<boolean, RecordDrill, typeof restoreDrillEvents> = {
  category: 'restoreDrill',
  events: restoreDrillEvents,
  keyClass: 'content',
  initial: false,
  decide: ({ type: _type, ...data }, recorded) => (recorded ? [] : [{ type: 'RestoreDrilled', data }]),
  evolve: () => true,
};
