import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { id, line, minorUnits } from '../../kernel/values.js';
import { change, customFields, externalId, notes, tags } from '../fields.js';

const year = z.int().min(1000).max(9999);
const headcount = z.int().min(0);

/** Companies. A sole trader is a person, so what is entered is sealed, under a key of the company's own. */
export const companyEvents = defineEvents({
  CompanyCreated: event(1, {
    subject: subject(),
    name: personal(line(300), 'work.company', 'content'),
    domain: personal(line(253).optional(), 'contact.link', 'content'),
    sector: personal(line(100).optional(), 'work.company', 'content'),
    location: personal(line(200).optional(), 'contact.address', 'content'),
    tags: personal(tags.optional(), 'content.tag', 'content'),
    notes: personal(notes.optional(), 'content.text', 'content'),
    customFields: personal(customFields.optional(), 'content.custom', 'content'),
    externalId: personal(externalId.optional(), 'external.id', 'content'),
    yearEstablished: open(year.optional()),
    employees: open(headcount.optional()),
    revenueMinor: open(minorUnits.optional()),
    subsidiaryOf: open(id.optional()),
  }),
  CompanyUpdated: event(1, {
    subject: subject(),
    name: personal(line(300).optional(), 'work.company', 'content'),
    domain: personal(change(line(253)), 'contact.link', 'content'),
    sector: personal(change(line(100)), 'work.company', 'content'),
    location: personal(change(line(200)), 'contact.address', 'content'),
    tags: personal(change(tags), 'content.tag', 'content'),
    notes: personal(change(notes), 'content.text', 'content'),
    customFields: personal(change(customFields), 'content.custom', 'content'),
    yearEstablished: open(change(year)),
    employees: open(change(headcount)),
    revenueMinor: open(change(minorUnits)),
    subsidiaryOf: open(change(id)),
  }),
  CompanyDeleted: event(1, { subject: subject() }),
  CompanyRestored: event(1, { subject: subject() }),
});
