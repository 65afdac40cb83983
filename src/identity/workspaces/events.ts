import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line } from '../../kernel/values.js';

/** A workspace: what its members keep is kept apart from everybody else's. Its name may be a person's, so it is sealed. */
export const workspaceEvents = defineEvents({
  WorkspaceCreated: event(1, {
    subject: subject(),
    name: personal(line(200), 'work.company', 'content'),
    owner: open(id),
  }),
});
