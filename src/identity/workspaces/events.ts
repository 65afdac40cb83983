import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line } from '../../kernel/values.js';
import { builtInRoles } from '../access/roles.js';

/** A workspace: what its members keep is kept apart from everybody else's. Its name may be a person's, so it is sealed. */
export const workspaceEvents = defineEvents({
  WorkspaceCreated: event(1, {
    subject: subject(),
    name: personal(line(200), 'work.company', 'content'),
    owner: open(id),
  }),
  /** Who owns is told by the workspace's own stream, so that there is always somebody who does. */
  OwnershipGranted: event(1, { subject: subject(), account: open(id) }),
  OwnershipReleased: event(1, { subject: subject(), account: open(id), role: open(z.enum(builtInRoles)) }),
});
