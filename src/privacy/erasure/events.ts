import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { retentionClasses } from '../../kernel/personal.js';
import { id, text } from '../../kernel/values.js';
import { OPERATOR } from '../../kernel/workspace.js';
import { keepableClasses, keptClass, lawCode } from '../retention/events.js';
import { approvals } from '../safeguards/events.js';

/** Erase takes the person out of the read models; anonymise keeps the record, without what identifies. Both destroy keys. */
export const erasureKinds = ['ERASE', 'ANONYMISE'] as const;
export type ErasureKind = (typeof erasureKinds)[number];

export const erasureReasons = ['SUBJECT_REQUEST', 'RETENTION_ENDED', 'MINOR', 'UNLAWFUL', 'OTHER'] as const;
export type ErasureReason = (typeof erasureReasons)[number];

/** People whom one request may name. */
export const MAX_TARGETS = 1_000;

/**
 * What an erasure can be of. A membership is what a workspace keeps of an account holder who works there, an invitation what
 * it keeps of one whom it has written to; with a workspace goes everything in it.
 */
export const recordKinds = ['CONTACT', 'ACCOUNT', 'MEMBER', 'INVITATION', 'WORKSPACE'] as const;
export type RecordKind = (typeof recordKinds)[number];

const owner = z.union([id, z.literal(OPERATOR)]);

/** Whom a request is about: their record, whose keys seal it, and on whose behalf it is kept. */
const target = z.object({
  record: id,
  subject: id,
  controller: owner,
  /** Left out: a contact. */
  kind: z.enum(recordKinds).optional(),
  /** Left out: the request's own. */
  workspace: owner.optional(),
});
export type ErasureTarget = z.infer<typeof target>;

const instant = z.iso.datetime({ precision: 3 });
const step = z.string().regex(/^[A-Z][A-Z_]{0,31}$/, 'A code in capitals.');
const name = z.string().regex(/^[A-Za-z][A-Za-z-]{0,63}$/, 'A name of ours.');

/** That one step was done for one person. `name` says in which read model or store, `count` to how many entries. */
export const receipt = z.object({ step, name: name.optional(), count: z.int().optional(), at: instant });
export type Receipt = z.infer<typeof receipt>;

/** Of a workspace's own key, under which all others of it were wrapped. */
export const WORKSPACE_KEY = 'workspace';

/** A key that is gone, by what is left of it. */
export const destroyedKey = z.object({
  class: z.enum([...retentionClasses, WORKSPACE_KEY]),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
});

export type DestroyedKey = z.infer<typeof destroyedKey>;

/** The request, under the workspace's key: it has to stay readable when the person's keys are gone. */
export const erasureRequestEvents = defineEvents({
  ErasureRequested: event(
    2,
    {
      subject: subject(),
      targets: open(z.array(target).min(1).max(MAX_TARGETS)),
      kind: open(z.enum(erasureKinds)),
      reason: open(z.enum(erasureReasons)),
      /** What has to come first. */
      waitsFor: open(z.enum(approvals)),
      /** With `DELAY`: it can be called off until then. */
      dueAt: open(instant.optional()),
      note: personal(text(2_000).optional(), 'reason', 'content'),
    },
    {
      upcasters: {
        1: ({ open: { target: subjectId, contact, ...rest }, sealed }) => ({
          open: {
            ...rest,
            targets: [{ record: contact ?? null, subject: subjectId ?? null }],
            waitsFor: 'NONE',
          },
          sealed,
        }),
      },
    },
  ),
});

/** What becomes of a request. Nothing is sealed: it has to be written when every key is gone. */
export const erasureProgressEvents = defineEvents({
  ErasureApproved: event(1, { subject: subject() }, { afterErasure: true }),
  ErasureCalledOff: event(1, { subject: subject() }, { afterErasure: true }),
  /** From here on it cannot be called off. */
  ErasureStarted: event(1, { subject: subject() }, { afterErasure: true }),
  /** One of its people is gone from every key and read model. */
  ErasureCarriedOut: event(
    1,
    {
      subject: subject(),
      target: open(id),
      keys: open(z.array(destroyedKey)),
      receipts: open(z.array(receipt)),
      /** Classes whose keys stay for a time, because a law keeps them. */
      kept: open(z.array(keptClass).optional()),
    },
    { afterErasure: true },
  ),
  /** The certificate of one of its people, as it was signed (RFC 8785), with its Ed25519 signature (RFC 8032) in base64url. */
  ErasureCertified: event(
    1,
    {
      subject: subject(),
      target: open(id),
      certificate: open(z.string().max(200_000)),
      keyId: open(z.string().regex(/^[A-Za-z0-9_-]{43}$/)),
      signature: open(z.string().regex(/^[A-Za-z0-9_-]{86}$/)),
    },
    { afterErasure: true },
  ),
  /** A class that a law kept has gone as well, with a certificate of that: text, key and signature as of the first. */
  RetentionEnded: event(
    1,
    {
      subject: subject(),
      target: open(id),
      class: open(z.enum(keepableClasses)),
      law: open(lawCode),
      until: open(z.iso.date()),
      keys: open(z.array(destroyedKey)),
      certificate: open(z.string().max(200_000)),
      keyId: open(z.string().regex(/^[A-Za-z0-9_-]{43}$/)),
      signature: open(z.string().regex(/^[A-Za-z0-9_-]{86}$/)),
    },
    { afterErasure: true },
  ),
});

/** What everything else goes by: from this event on the subject is treated as erased, whatever still opens. */
export const erasureEvents = defineEvents({
  SubjectErased: event(
    2,
    {
      subject: subject(),
      record: open(id),
      recordKind: open(z.enum(recordKinds)),
      kind: open(z.enum(erasureKinds)),
      reason: open(z.enum(erasureReasons)),
      /** The request that it was done for. */
      erasure: open(id.optional()),
    },
    {
      afterErasure: true,
      upcasters: {
        1: ({ open: { contact, ...rest }, sealed }) => ({
          open: { ...rest, record: contact ?? null, recordKind: 'CONTACT' },
          sealed,
        }),
      },
    },
  ),
});
