import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';
import { code } from '../../kernel/values.js';

const count = z.int().nonnegative();

/** A backup was restored on trial (P5.4). The operator's; nothing in it is about a person. */
export const restoreDrillEvents = defineEvents({
  RestoreDrilled: event(1, {
    subject: subject(),
    /** Id of the backup. */
    backup: open(code),
    /** Events that the backup's manifest counts, and that were read back. */
    expected: open(count),
    found: open(count),
    /** Subjects whose keys the ledger says are destroyed, and those of them of whom a key came back. */
    erased: open(count),
    readable: open(count),
  }),
});
