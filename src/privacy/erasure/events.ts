import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, text } from '../../kernel/values.js';

/** Erase takes the person out of the read models; anonymise keeps the record, without what identifies. Both destroy keys. */
export const erasureKinds = ['ERASE', 'ANONYMISE'] as const;
export type ErasureKind = (typeof erasureKinds)[number];

export const erasureReasons = ['SUBJECT_REQUEST', 'RETENTION_ENDED', 'MINOR', 'UNLAWFUL', 'OTHER'] as const;
export type ErasureReason = (typeof erasureReasons)[number];

/** The request, under the workspace's key: it has to stay readable when the person's keys are gone. */
export const erasureRequestEvents = defineEvents({
  ErasureRequested: event(1, {
    subject: subject(),
    target: open(id),
    contact: open(id),
    kind: open(z.enum(erasureKinds)),
    reason: open(z.enum(erasureReasons)),
    note: personal(text(2_000).optional(), 'reason', 'content'),
  }),
});

/** What everything else goes by: from this event on the subject is treated as erased, whatever still opens. */
export const erasureEvents = defineEvents({
  SubjectErased: event(
    1,
    {
      subject: subject(),
      contact: open(id),
      kind: open(z.enum(erasureKinds)),
      reason: open(z.enum(erasureReasons)),
    },
    { afterErasure: true },
  ),
});
