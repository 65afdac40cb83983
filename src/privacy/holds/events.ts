import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, text } from '../../kernel/values.js';

/** Why data must not go although its owner asks (GDPR Art 17(3)(b) and (e)). */
export const holdGrounds = ['LEGAL_CLAIM', 'LEGAL_OBLIGATION', 'AUTHORITY_REQUEST'] as const;
export type HoldGround = (typeof holdGrounds)[number];

/** Holds on one person's data. What it is about in words is sealed under the workspace's key, not the person's. */
export const holdEvents = defineEvents({
  HoldPlaced: event(1, {
    subject: subject(),
    /** Whose data are held. */
    person: open(id),
    hold: open(id),
    ground: open(z.enum(holdGrounds)),
    note: personal(text(2_000).optional(), 'reason', 'content'),
  }),
  HoldLifted: event(1, { subject: subject(), person: open(id), hold: open(id) }),
});
