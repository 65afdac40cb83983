import type { Decider } from '../../kernel/decider.js';
import type { Finding } from './checks.js';
import { assessmentEvents } from './events.js';

export interface AssessmentState {
  readonly recorded: boolean;
}

export type AssessmentCommand = {
  readonly type: 'RecordAssessment';
  readonly subject: string;
  readonly findings: readonly Finding[];
};

/** An assessment is recorded once, and never changed: a better result is another assessment. */
export const assessmentDecider: Decider<AssessmentState, AssessmentCommand, typeof assessmentEvents> = {
  category: 'assessment',
  events: assessmentEvents,
  keyClass: 'content',
  initial: { recorded: false },

  decide({ subject, findings }, state) {
    if (state.recorded) return [];
    return [{ type: 'AssessmentRecorded', data: { subject, findings: findings.map((each) => ({ ...each })) } }];
  },

  evolve: () => ({ recorded: true }),
};
