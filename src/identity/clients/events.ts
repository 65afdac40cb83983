import { defineEvents, event, personal, subject } from '../../kernel/event.js';
import { line } from '../../kernel/values.js';

/** A client company that the workspace works for: a controller of its own, whose contacts are kept apart. */
export const clientEvents = defineEvents({
  ClientAdded: event(1, {
    subject: subject(),
    name: personal(line(200), 'work.company', 'content'),
  }),
});
