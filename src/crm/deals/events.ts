import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { code, currency, date, id, line, minorUnits } from '../../kernel/values.js';
import { change, customFields, externalId, notes, tags } from '../fields.js';
import { outcomes } from '../pipelines/events.js';

/** Deals in a pipeline. Their free text has no one subject, so it is sealed under a key of the deal's own. */
export const dealEvents = defineEvents({
  DealCreated: event(1, {
    subject: subject(),
    title: personal(line(300), 'content.text', 'content'),
    productText: personal(line(200).optional(), 'content.text', 'content'),
    tags: personal(tags.optional(), 'content.tag', 'content'),
    notes: personal(notes.optional(), 'content.text', 'content'),
    customFields: personal(customFields.optional(), 'content.custom', 'content'),
    externalId: personal(externalId.optional(), 'external.id', 'content'),
    pipeline: open(id),
    stage: open(code),
    outcome: open(z.enum(outcomes)),
    owner: open(id.optional()),
    company: open(id.optional()),
    contact: open(id.optional()),
    product: open(id.optional()),
    valueMinor: open(minorUnits.optional()),
    currency: open(currency.optional()),
    engageDate: open(date.optional()),
    closeDate: open(date.optional()),
  }),
  DealUpdated: event(1, {
    subject: subject(),
    title: personal(line(300).optional(), 'content.text', 'content'),
    productText: personal(change(line(200)), 'content.text', 'content'),
    tags: personal(change(tags), 'content.tag', 'content'),
    notes: personal(change(notes), 'content.text', 'content'),
    customFields: personal(change(customFields), 'content.custom', 'content'),
    owner: open(change(id)),
    company: open(change(id)),
    contact: open(change(id)),
    product: open(change(id)),
    valueMinor: open(change(minorUnits)),
    currency: open(change(currency)),
    engageDate: open(change(date)),
    closeDate: open(change(date)),
  }),
  DealStageChanged: event(1, {
    subject: subject(),
    from: open(code),
    stage: open(code),
    outcome: open(z.enum(outcomes)),
  }),
  DealDeleted: event(1, { subject: subject() }),
  DealRestored: event(1, { subject: subject() }),
});
