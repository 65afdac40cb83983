import { CrmError } from '../errors.js';
import { type Clock, instant } from '../kernel/clock.js';
import { encodeEntry, filtered } from './entry.js';
import type { AccessEntry, AccessLog, PlacedEntry } from './port.js';

const DAY_MS = 86_400_000;

export interface MemoryAccessLogOptions {
  readonly clock: Clock;
  readonly keepDays: number;
  /** What was appended to an earlier one, and is now in this one as well. */
  readonly entries?: AccessEntry[];
}

/** For tests: forgets everything with the process. */
export const memoryAccessLog = ({ clock, keepDays, entries = [] }: MemoryAccessLogOptions): AccessLog => {
  let closed = false;
  return {
    async append(entry) {
      if (closed) throw new CrmError('ACCESS_LOG_UNWRITABLE');
      encodeEntry(entry); // refuses what a file cannot hold
      entries.push(structuredClone(entry));
    },
    async page({ after, limit, ...filter }) {
      const found: PlacedEntry[] = entries.flatMap((entry, at) => {
        const place = String(at).padStart(8, '0');
        const shown = after === undefined || place < after ? filtered(entry, filter) : null;
        return shown === null ? [] : [{ ...shown, place }];
      });
      found.reverse();
      return { entries: found.slice(0, limit), hasMore: found.length > limit };
    },
    async expire() {
      const from = instant(clock.now() - keepDays * DAY_MS);
      const old = entries.findIndex(({ at }) => at.slice(0, 10) >= from.slice(0, 10));
      entries.splice(0, old < 0 ? entries.length : old);
      return from;
    },
    async close() {
      closed = true;
    },
  };
};
