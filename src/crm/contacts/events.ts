import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { birthday, email, id, line, link, phone, text } from '../../kernel/values.js';
import { channels } from '../../privacy/consent/events.js';
import { change, customFields, externalId, labelled, notes, tags } from '../fields.js';

const part = line(200).nullable().optional();

/** The parts of a name, as vCard has them (RFC 6350 section 6.2.2). In an update, `null` clears a part. */
export const contactName = z.object({
  prefix: part,
  givenName: part,
  additionalNames: part,
  familyName: part,
  suffix: part,
  nickname: part,
  formattedName: line(500).nullable().optional(),
});

export const postalAddress = z.object({
  label: line(40).optional(),
  poBox: text(200).optional(),
  extended: text(500).optional(),
  street: text(1_000).optional(),
  city: text(200).optional(),
  region: text(200).optional(),
  postalCode: text(40).optional(),
  country: text(200).optional(),
});

/** Where somebody works, in words; the company record is linked apart. */
export const work = z.object({ companyName: part, department: part, jobTitle: part });

export const emails = z.array(labelled(email)).max(20);
export const phones = z.array(labelled(phone)).max(20);
export const addresses = z.array(postalAddress).max(20);
export const links = z.array(labelled(link)).max(20);

export const restrictionReasons = ['MINOR'] as const;
export type RestrictionReason = (typeof restrictionReasons)[number];

/** What an anonymisation leaves of where somebody works: which department, and which people worked at the same place. */
const workLeft = { companyName: 'pseudonym', department: 'keep' } as const;

/** People a workspace keeps, for itself or for a client of its own. */
export const contactEvents = defineEvents({
  ContactCreated: event(1, {
    subject: subject(),
    name: personal(contactName.optional(), 'name'),
    emails: personal(emails.optional(), 'contact.email'),
    phones: personal(phones.optional(), 'contact.phone'),
    addresses: personal(addresses.optional(), 'contact.address', 'profile', 'region'),
    work: personal(work.optional(), 'work.title', 'profile', workLeft),
    birthDate: personal(birthday.optional(), 'birth.date', 'profile', 'year'),
    links: personal(links.optional(), 'contact.link'),
    tags: personal(tags.optional(), 'content.tag'),
    notes: personal(notes.optional(), 'content.text'),
    customFields: personal(customFields.optional(), 'content.custom'),
    externalId: personal(externalId.optional(), 'external.id'),
    company: open(id.optional()),
  }),
  ContactUpdated: event(1, {
    subject: subject(),
    name: personal(contactName.optional(), 'name'),
    emails: personal(change(emails), 'contact.email'),
    phones: personal(change(phones), 'contact.phone'),
    addresses: personal(change(addresses), 'contact.address', 'profile', 'region'),
    work: personal(work.optional(), 'work.title', 'profile', workLeft),
    birthDate: personal(change(birthday), 'birth.date', 'profile', 'year'),
    links: personal(change(links), 'contact.link'),
    tags: personal(change(tags), 'content.tag'),
    notes: personal(change(notes), 'content.text'),
    customFields: personal(change(customFields), 'content.custom'),
    company: open(change(id)),
  }),
  ContactDeleted: event(1, { subject: subject() }),
  ContactRestored: event(1, { subject: subject() }),
  /** Stored but not used (GDPR Art 18); `MINOR`: a birth date says under 18 (P11.1). */
  ContactRestricted: event(1, { subject: subject(), reason: open(z.enum(restrictionReasons)) }),
  ContactRestrictionLifted: event(1, { subject: subject(), reason: open(z.enum(restrictionReasons)) }),
  /** One of their addresses is on the do-not-contact list, for all of these channels and no others. */
  ContactSuppressed: event(1, { subject: subject(), channels: open(z.array(z.enum(channels)).min(1)) }),
  ContactSuppressionLifted: event(1, { subject: subject() }),
});
