import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line } from '../../kernel/values.js';

const MAX_MEMBERS = 500;
/** As for a single member: each is a page of every list. */
const MAX_CONTROLLERS = 100;

/** Members who serve the same clients. */
export const teamEvents = defineEvents({
  TeamDefined: event(1, {
    subject: subject(),
    name: personal(line(100), 'content.text', 'content'),
    members: open(z.array(id).max(MAX_MEMBERS)),
    controllers: open(z.array(id).max(MAX_CONTROLLERS)),
  }),
});
