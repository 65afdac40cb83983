import type { JsonObject } from './canonical.js';

/**
 * What the law may treat differently when a person goes: each class of a subject has a key of its own, so that an
 * invoice which must be kept stays readable while the profile is gone.
 */
export const retentionClasses = [
  'profile',
  'communications',
  'financial',
  'consent-evidence',
  'request-file',
  'content',
] as const;
export type RetentionClass = (typeof retentionClasses)[number];

/**
 * Categories of personal data. Where the W3C Data Privacy Vocabulary (DPV-PD 2.0) has a term the comment beside it
 * names the concept; the others are ours.
 */
export const categories = {
  name: 'pd:Name',
  'contact.email': 'pd:EmailAddress',
  'contact.phone': 'pd:TelephoneNumber',
  'contact.address': 'pd:PhysicalAddress',
  'contact.link': 'pd:SocialMediaCommunication',
  'birth.date': 'pd:BirthDate',
  'work.title': 'pd:JobTitle',
  'work.company': 'pd:Employment',
  'account.password': 'pd:Password',
  'consent.evidence': 'pd:Preference',
  'content.text': 'pd:Communication',
  'content.tag': 'bpo:Tag',
  'content.custom': 'bpo:CustomField',
  'external.id': 'pd:OfficialID',
  'anonymised.rest': 'bpo:Generalised',
  reason: 'bpo:Reason',
} as const;
export type Category = keyof typeof categories;

/**
 * What an anonymisation does with a value: takes it out, leaves the year of a date, leaves the region and country of
 * addresses, puts a keyed pseudonym in its place (equal values stay equal), or keeps it. What is left may still single
 * someone out: that is for the count of people who share it to say.
 */
export const anonymisations = ['remove', 'year', 'region', 'pseudonym', 'keep'] as const;
export type Anonymisation = (typeof anonymisations)[number];

/** One strategy for a field, or one for each of its parts that is not to be removed. */
export type Anonymising = Anonymisation | { readonly [part: string]: Anonymisation };

/** The value of a sealed field whose key was destroyed. A value of its own: not `null`, not "unknown". */
export const Erased: unique symbol = Symbol('Erased');
export type Erased = typeof Erased;

/** A personal value where it may have been erased, as projections and history see it. */
export type Personal<T> = T | Erased;

/** The value, or `undefined` where it was erased: for rows in which an erased field simply is not there. */
export const unlessErased = <T>(value: Personal<T>): T | undefined => (value === Erased ? undefined : value);

/** Whose key, of which class, seals a value. `subject` is a person, or a record of its own such as a deal. */
export interface KeyRef {
  readonly workspace: string;
  readonly subject: string;
  readonly class: RetentionClass;
}

/** One text for one key. */
export const refName = ({ workspace, subject, class: each }: KeyRef): string => `${workspace} ${subject} ${each}`;

/**
 * A sealed field as the event store keeps it. The digest is part of the canonical envelope and stays for ever;
 * the bytes are kept apart and can be removed. Deciders hold these, never opened text.
 */
export interface SealedField {
  readonly class: RetentionClass;
  /** SHA-256, base64url, over the additional data and the sealed bytes. */
  readonly digest: string;
  /** As `vault/seal.ts` lays them out; `null` once compaction has removed them. */
  readonly bytes: Uint8Array | null;
}

export type SealedFields = { readonly [field: string]: SealedField };
export type OpenFields = JsonObject;
