import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { email, line, phone, versionTag } from '../../kernel/values.js';

/** People who sign in. The installation's operator is their controller. */
export const accountEvents = defineEvents({
  AccountOpened: event(1, {
    subject: subject(),
    name: personal(line(200), 'name'),
    email: personal(email, 'contact.email'),
    phone: personal(phone.optional(), 'contact.phone'),
    acceptedPolicyVersion: open(versionTag),
    confirmedAdult: open(z.literal(true)),
  }),
});
