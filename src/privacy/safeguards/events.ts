import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';

/** What has to happen before an irreversible act: nothing, another person's yes, or a time in which it can be called off. */
export const approvals = ['NONE', 'SECOND_PERSON', 'DELAY'] as const;
export type Approval = (typeof approvals)[number];

const bound = z.int('A whole number.').min(2, 'At least 2.').max(1_000, 'At most 1000.');
const hours = z.int('Whole hours.').min(1, 'At least 1.').max(720, 'At most 720.');

/** How a workspace guards its erasures and anonymisations. */
export const safeguardEvents = defineEvents({
  SafeguardsSet: event(1, {
    subject: subject(),
    /** An anonymised record that fewer people than this share is called deidentified. */
    anonymityBound: open(bound),
    approval: open(z.enum(approvals)),
    /** With `DELAY`. */
    delayHours: open(hours),
    /** Whether a person who has asked to be erased is told by mail what was done. Left out: no. */
    answersPeople: open(z.boolean().optional()),
  }),
});
