import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line, timestamp } from '../../kernel/values.js';
import { permissions } from '../access/roles.js';

/** Keys with which programs act for a member. The secret is in no event. */
export const keyEvents = defineEvents({
  ApiKeyCreated: event(1, {
    subject: subject(),
    account: open(id),
    name: personal(line(100), 'content.text', 'content'),
    scopes: open(z.array(z.enum(permissions)).min(1).max(permissions.length)),
    controllers: open(z.array(id).max(100).optional()),
    expiresAt: open(timestamp),
  }),
  ApiKeyRevoked: event(1, { subject: subject() }),
});
