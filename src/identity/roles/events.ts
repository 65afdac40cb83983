import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { line } from '../../kernel/values.js';
import { permissions } from '../access/roles.js';

/** Roles that a workspace puts together itself. */
export const roleEvents = defineEvents({
  RoleDefined: event(1, {
    subject: subject(),
    name: personal(line(100), 'content.text', 'content'),
    permissions: open(z.array(z.enum(permissions)).max(permissions.length)),
  }),
});
