import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';

/**
 * Classes of data that a law may keep after a person was erased. The profile is not among them, nor free text: no law keeps
 * a whole person.
 */
export const keepableClasses = ['communications', 'financial', 'consent-evidence', 'request-file'] as const;
export type KeepableClass = (typeof keepableClasses)[number];

/** A citation as a code: `DE-AO-147`, `GDPR-7-1`. Capitals with a digit: no form in which anybody's name stands by mistake. */
export const lawCode = z
  .string()
  .regex(/^(?=.*[0-9])[A-Z][A-Z0-9-]{1,31}$/, 'A citation like DE-AO-147: capitals, digits and -, with a digit.');

/** Whole years, counted from the end of the year in which the last entry was made, as the laws of taxes have it. */
const years = z.int('Whole years.').min(1, 'At least 1.').max(30, 'At most 30.');

/** What a class is kept by: the last day on which it is, `YYYY-MM-DD`. */
export const keptClass = z.object({ class: z.enum(keepableClasses), law: lawCode, until: z.iso.date() });
export type KeptClass = z.infer<typeof keptClass>;

/** The grounds on which a workspace has to keep a class of its people's data although they are erased. */
export const retentionEvents = defineEvents({
  RetentionGroundSet: event(1, {
    subject: subject(),
    class: open(z.enum(keepableClasses)),
    law: open(lawCode),
    years: open(years),
  }),
  RetentionGroundRemoved: event(1, { subject: subject(), class: open(z.enum(keepableClasses)) }),
});
