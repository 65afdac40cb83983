import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { email, id, timestamp } from '../../kernel/values.js';
import { roles } from '../access/roles.js';

/** Invitations into a workspace. The address is sealed under a key of the invitation's own; the token is in no event. */
export const invitationEvents = defineEvents({
  InvitationSent: event(1, {
    subject: subject(),
    email: personal(email, 'contact.email'),
    role: open(z.enum(roles)),
    customRole: open(id.optional()),
    /** Somebody who is only named yet: whoever accepts becomes them. */
    member: open(id.optional()),
    expiresAt: open(timestamp),
  }),
  InvitationAccepted: event(1, { subject: subject(), account: open(id) }),
  InvitationRevoked: event(1, { subject: subject() }),
});
