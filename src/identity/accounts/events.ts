import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { email, line, phone, versionTag } from '../../kernel/values.js';

/** What somebody can sign in with, and what stands in when it is lost. */
export const signInMeans = ['PASSWORD', 'TOTP', 'RECOVERY_CODES', 'PASSKEY', 'OPENID'] as const;
export type SignInMeans = (typeof signInMeans)[number];

/** `RESET`: by a mailed token, without knowing the one before. `USED`: a recovery code, which is gone with it. */
export const meansChanges = ['ADDED', 'CHANGED', 'RESET', 'USED', 'REMOVED'] as const;
export type MeansChange = (typeof meansChanges)[number];

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
  EmailVerified: event(1, { subject: subject() }),
  /** To an address that was confirmed from there. */
  EmailChanged: event(1, { subject: subject(), email: personal(email, 'contact.email') }),
  SignInMeansChanged: event(1, {
    subject: subject(),
    means: open(z.enum(signInMeans)),
    change: open(z.enum(meansChanges)),
  }),
  /** A refresh token was used again after it had been exchanged: somebody else has it. The session was ended. */
  RefreshTokenReused: event(1, { subject: subject() }),
  /** A passkey's counter went back: somebody may have a copy of it. It was refused. */
  PasskeyCopyReported: event(1, { subject: subject() }),
});
