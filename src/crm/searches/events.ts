import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, text } from '../../kernel/values.js';

export const identifiers = ['EMAIL', 'PHONE', 'EXTERNAL_ID'] as const;
export type Identifier = (typeof identifiers)[number];

/** That somebody looked for an identifier among every client's contacts, and whom they found; not what they looked for. */
export const searchEvents = defineEvents({
  IdentifierSearched: event(1, {
    subject: subject(),
    identifier: open(z.enum(identifiers)),
    found: open(z.array(id)),
    reason: personal(text(2_000), 'reason', 'content'),
  }),
});
