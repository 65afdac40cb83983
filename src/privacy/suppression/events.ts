import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';
import { channels } from '../consent/events.js';

/** Why somebody is not to be contacted. `ERASED` also says: not to be taken in again without a word. */
export const suppressionGrounds = ['OPTED_OUT', 'ERASED'] as const;
export type SuppressionGround = (typeof suppressionGrounds)[number];

/** HMAC with SHA-256, base64url, under the suppression key of one controller. */
const hash = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'A keyed hash.');
const someChannels = z.array(z.enum(channels)).min(1).max(channels.length);

/**
 * The choice not to be contacted, and nothing else: a keyed hash of the address in place of the address, and no link to
 * the person, so that it outlives an erasure without keeping anybody. The subject is the workspace; nothing is sealed.
 */
export const suppressionEvents = defineEvents({
  AddressSuppressed: event(
    1,
    { subject: subject(), hash: open(hash), channels: open(someChannels), ground: open(z.enum(suppressionGrounds)) },
    { afterErasure: true },
  ),
  SuppressionLifted: event(
    1,
    { subject: subject(), hash: open(hash), channels: open(someChannels) },
    { afterErasure: true },
  ),
});
