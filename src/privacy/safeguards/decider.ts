import type { Decider } from '../../kernel/decider.js';
import { type Approval, safeguardEvents } from './events.js';

export interface Safeguards {
  readonly anonymityBound: number;
  readonly approval: Approval;
  readonly delayHours: number;
  readonly answersPeople: boolean;
}

/** Where a workspace has said nothing. Ten is what health and statistics offices commonly ask for at the least. */
export const defaultSafeguards: Safeguards = {
  anonymityBound: 10,
  approval: 'NONE',
  delayHours: 72,
  answersPeople: false,
};

export type SetSafeguards = { readonly type: 'SetSafeguards'; readonly subject: string } & Partial<Safeguards>;

/** One stream per workspace. What is left out stays as it is. */
export const safeguardDecider: Decider<Safeguards, SetSafeguards, typeof safeguardEvents> = {
  category: 'safeguards',
  events: safeguardEvents,
  keyClass: 'content',
  initial: defaultSafeguards,

  decide({ subject, anonymityBound, approval, delayHours, answersPeople }, now) {
    const wanted = {
      anonymityBound: anonymityBound ?? now.anonymityBound,
      approval: approval ?? now.approval,
      delayHours: delayHours ?? now.delayHours,
      answersPeople: answersPeople ?? now.answersPeople,
    };
    const same =
      wanted.anonymityBound === now.anonymityBound &&
      wanted.approval === now.approval &&
      wanted.delayHours === now.delayHours &&
      wanted.answersPeople === now.answersPeople;
    return same ? [] : [{ type: 'SafeguardsSet', data: { subject, ...wanted } }];
  },

  evolve: (_state, { data: { anonymityBound, approval, delayHours, answersPeople = false } }) => ({
    anonymityBound,
    approval,
    delayHours,
    answersPeople,
  }),
};
