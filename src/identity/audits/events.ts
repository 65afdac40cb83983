import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, text, timestamp } from '../../kernel/values.js';

export const auditPurposes = ['FINANCIAL', 'PRIVACY', 'SECURITY', 'LEGAL'] as const;
export type AuditPurpose = (typeof auditPurposes)[number];

/** Access that an auditor has for a period, a purpose and a scope; it ends by itself. */
export const auditEvents = defineEvents({
  AuditAccessGranted: event(1, {
    subject: subject(),
    member: open(id),
    from: open(timestamp),
    until: open(timestamp),
    purpose: open(z.enum(auditPurposes)),
    /** Whose events; left out: every controller's. */
    controllers: open(z.array(id).min(1).max(100).optional()),
    /** Whether sealed fields are opened; otherwise they are shown as redacted. */
    personal: open(z.boolean()),
    note: personal(text(2_000).optional(), 'reason', 'content'),
  }),
  AuditAccessEnded: event(1, { subject: subject(), member: open(id) }),
});
