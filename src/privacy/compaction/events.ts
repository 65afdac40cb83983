import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';
import { code } from '../../kernel/values.js';

const count = z.int().nonnegative();

/** Ciphertext that no key opens any more was removed from the history for good. The operator's; nothing in it is about a person. */
export const compactionEvents = defineEvents({
  HistoryCompacted: event(1, {
    subject: subject(),
    /** Position of the last event that was looked at. */
    upTo: open(code),
    /** Entry of the erasure ledger: every key whose destruction it had by then is a key whose ciphertext is gone. */
    ledger: open(count),
    /** What was removed: from how many events, how many fields, how many bytes. A crash may leave a few uncounted. */
    events: open(count),
    fields: open(count),
    bytes: open(count),
  }),
});
