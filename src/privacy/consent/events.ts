import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { text, versionTag } from '../../kernel/values.js';

/** Purposes that a person can say yes or no to. What needs no consent (the service itself) is not among them. */
export const purposes = ['MARKETING', 'ANALYTICS', 'PERSONALISATION'] as const;
export type Purpose = (typeof purposes)[number];

export const channels = ['EMAIL', 'PHONE', 'SMS', 'POST', 'MESSENGER'] as const;
export type Channel = (typeof channels)[number];

/** GDPR Art 6(1)(a), or the soft opt-in for own customers (ePrivacy Directive Art 13(2)), which stands on Art 6(1)(f). */
export const legalBases = ['CONSENT', 'SOFT_OPT_IN'] as const;
export type LegalBasis = (typeof legalBases)[number];

/** Consent of one subject, per purpose and channel (GDPR Art 4(11), Art 7; ISO/IEC TS 27560). */
export const consentEvents = defineEvents({
  ConsentGiven: event(1, {
    subject: subject(),
    purpose: open(z.enum(purposes)),
    channel: open(z.enum(channels)),
    basis: open(z.enum(legalBases)),
    noticeVersion: open(versionTag),
    means: personal(text(200).optional(), 'consent.evidence', 'consent-evidence'),
    evidence: personal(text(4_000).optional(), 'consent.evidence', 'consent-evidence'),
  }),
  ConsentWithdrawn: event(1, {
    subject: subject(),
    purpose: open(z.enum(purposes)),
    channel: open(z.enum(channels)),
    means: personal(text(200).optional(), 'consent.evidence', 'consent-evidence'),
  }),
});
