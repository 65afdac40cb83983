import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { anonymisations } from '../../kernel/personal.js';
import { id, text } from '../../kernel/values.js';

const place = z.object({ region: text(200).optional(), country: text(200).optional() });

/** What an anonymisation left: names of fields as the person's own events have them. */
export const kept = z.object({
  birthDate: z
    .string()
    .regex(/^\d{4}$/, 'A year.')
    .optional(),
  addresses: z.array(place).optional(),
  work: z.object({ companyName: text(64).optional(), department: text(200).optional() }).optional(),
});

/**
 * What was done with each field of a person, and what was kept of them, under a key of the record's own: the person's
 * are destroyed with it. Comes before the erasure's own event, so that what it keeps is never lost to a crash.
 */
export const anonymisationEvents = defineEvents({
  ContactAnonymised: event(1, {
    subject: subject(),
    /** Whose keys were destroyed. */
    person: open(id),
    strategies: open(z.record(z.string(), z.enum(anonymisations))),
    kept: personal(kept, 'anonymised.rest', 'content', 'keep'),
  }),
});
