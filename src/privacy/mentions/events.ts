import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';
import { id } from '../../kernel/values.js';

/** Records whose texts may mention somebody. */
export const mentionKinds = ['CONTACT', 'COMPANY', 'DEAL'] as const;
export type MentionKind = (typeof mentionKinds)[number];

/** What people decide about a mention: it is taken out of the text, or it is somebody else. */
export const mentionDecisions = ['REDACT', 'NOT_THIS_PERSON'] as const;
export type MentionDecision = (typeof mentionDecisions)[number];

/** Mentions that one command may decide. */
export const MAX_DECIDED = 200;

/** Of one field of a record. `mark` is a keyed hash of the person, the place and what was found there: never the text itself. */
const decided = z.object({
  kind: z.enum(mentionKinds),
  record: id,
  field: z.string().regex(/^[a-z][A-Za-z]{0,40}$/, 'The name of a field.'),
  decision: z.enum(mentionDecisions),
  mark: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type DecidedMention = z.infer<typeof decided>;

/** Decisions on texts that may mention one person. Nothing personal is in them, so that they stay when the person goes. */
export const mentionEvents = defineEvents({
  MentionsDecided: event(1, {
    subject: subject(),
    person: open(id),
    decided: open(z.array(decided).min(1).max(MAX_DECIDED)),
  }),
});
