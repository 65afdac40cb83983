import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line } from '../../kernel/values.js';
import { roles } from '../access/roles.js';

const role = open(z.enum(roles));

export const departures = ['LEFT', 'REMOVED'] as const;
export type Departure = (typeof departures)[number];

/** People who work in a workspace: those with an account, and those who are only named yet and cannot sign in. */
export const memberEvents = defineEvents({
  MemberAdded: event(1, {
    subject: subject(),
    account: open(id.optional()),
    role,
    customRole: open(id.optional()),
    name: personal(line(200), 'name'),
    manager: personal(line(200).optional(), 'name'),
    office: personal(line(200).optional(), 'work.company'),
  }),
  MemberRoleChanged: event(1, { subject: subject(), role, customRole: open(id.optional()) }),
  MemberRemoved: event(1, { subject: subject(), how: open(z.enum(departures)) }),
  /** The member sees the records of this controller: a client, or the workspace itself. */
  MemberAssigned: event(1, { subject: subject(), assigned: open(id) }),
  MemberUnassigned: event(1, { subject: subject(), assigned: open(id) }),
});
