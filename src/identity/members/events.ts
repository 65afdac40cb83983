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
  /** Somebody who was only named has an account from here on. `assigned` and `teams`: whose records they see, as it is then. */
  MemberLinked: event(1, {
    subject: subject(),
    account: open(id),
    role,
    customRole: open(id.optional()),
    assigned: open(z.array(id)),
    teams: open(z.array(z.object({ team: id, controllers: z.array(id) }))),
  }),
  MemberRemoved: event(1, { subject: subject(), how: open(z.enum(departures)) }),
  /** The member sees the records of this controller: a client, or the workspace itself. */
  MemberAssigned: event(1, { subject: subject(), assigned: open(id) }),
  MemberUnassigned: event(1, { subject: subject(), assigned: open(id) }),
});
