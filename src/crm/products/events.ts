import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { currency, line, minorUnits } from '../../kernel/values.js';
import { change, externalId } from '../fields.js';

/** What a workspace sells. */
export const productEvents = defineEvents({
  ProductCreated: event(1, {
    subject: subject(),
    name: personal(line(200), 'content.text', 'content'),
    series: personal(line(100).optional(), 'content.text', 'content'),
    externalId: personal(externalId.optional(), 'external.id', 'content'),
    priceMinor: open(minorUnits.optional()),
    currency: open(currency.optional()),
  }),
  ProductUpdated: event(1, {
    subject: subject(),
    name: personal(line(200).optional(), 'content.text', 'content'),
    series: personal(change(line(100)), 'content.text', 'content'),
    priceMinor: open(change(minorUnits)),
    currency: open(change(currency)),
  }),
  ProductDeleted: event(1, { subject: subject() }),
  ProductRestored: event(1, { subject: subject() }),
});
