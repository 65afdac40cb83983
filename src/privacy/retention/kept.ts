import type { StoredEvent } from '../../kernel/envelope.js';
import type { RetentionClass } from '../../kernel/personal.js';
import type { Grounds } from './decider.js';
import type { KeptClass } from './events.js';

/** When something of each class was last recorded of a person; classes of which nothing was are not there. */
export const lastOfEachClass = (
  person: string,
  events: readonly StoredEvent[],
): ReadonlyMap<RetentionClass, string> => {
  const last = new Map<RetentionClass, string>();
  for (const { subject, sealed, recordedAt } of events) {
    if (subject !== person) continue;
    for (const field of Object.values(sealed)) {
      const before = last.get(field.class);
      if (before === undefined || before < recordedAt) last.set(field.class, recordedAt);
    }
  }
  return last;
};

/** The last day that a class is kept: so many years after the end of the year in which its last entry was made. */
const lastDay = (recordedAt: string, years: number): string => `${Number(recordedAt.slice(0, 4)) + years}-12-31`;

/** Whether that day is over. `now` is an instant of ours. */
export const isOver = (until: string, now: string): boolean => now.slice(0, 10) > until;

/** The classes of a person that have to be kept when they are erased now. */
export const keptOf = (
  last: ReadonlyMap<RetentionClass, string>,
  { grounds }: Grounds,
  now: string,
): readonly KeptClass[] =>
  [...grounds].flatMap(([each, { law, years }]) => {
    const recordedAt = last.get(each);
    const until = recordedAt === undefined ? '' : lastDay(recordedAt, years);
    return recordedAt === undefined || isOver(until, now) ? [] : [{ class: each, law, until }];
  });
