import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line } from '../../kernel/values.js';

export const roles = ['OWNER', 'AGENT'] as const;
export type Role = (typeof roles)[number];

/** People who work in a workspace: those with an account, and those who are only named yet and cannot sign in. */
export const memberEvents = defineEvents({
  MemberAdded: event(1, {
    subject: subject(),
    account: open(id.optional()),
    role: open(z.enum(roles)),
    name: personal(line(200), 'name'),
    manager: personal(line(200).optional(), 'name'),
    office: personal(line(200).optional(), 'work.company'),
  }),
});
