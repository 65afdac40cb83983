import type { Decider } from '../../kernel/decider.js';
import { type DecidedMention, mentionEvents } from './events.js';

export type DecideMentions = {
  readonly type: 'DecideMentions';
  /** The workspace. */
  readonly subject: string;
  readonly person: string;
  readonly decisions: readonly Omit<DecidedMention, 'mark'>[];
  readonly given: {
    /** Of each of them; `null` where nothing is there any more. */
    readonly marks: readonly (string | null)[];
  };
};

/** Marks of mentions that are not the person. */
export interface MentionState {
  readonly others: ReadonlySet<string>;
}

/** One stream per person. A redaction is recorded each time: what it took out may come in again. */
export const mentionDecider: Decider<MentionState, DecideMentions, typeof mentionEvents> = {
  category: 'mention',
  events: mentionEvents,
  keyClass: 'content',
  initial: { others: new Set() },

  decide({ subject, person, decisions, given }, { others }) {
    const decided = decisions.flatMap((each, index) => {
      const mark = given.marks[index] ?? null;
      const isKnown = mark === null || (each.decision === 'NOT_THIS_PERSON' && others.has(mark));
      return isKnown ? [] : [{ ...each, mark }];
    });
    return decided.length === 0 ? [] : [{ type: 'MentionsDecided', data: { subject, person, decided } }];
  },

  evolve({ others }, { data: { decided } }) {
    const marks = decided.filter(({ decision }) => decision === 'NOT_THIS_PERSON').map(({ mark }) => mark);
    return { others: new Set([...others, ...marks]) };
  },
};
