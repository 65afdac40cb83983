import type { Decider } from '../../kernel/decider.js';
import { type Identifier, searchEvents } from './events.js';

export type RecordSearch = {
  readonly type: 'RecordSearch';
  readonly subject: string;
  readonly identifier: Identifier;
  readonly reason: string;
  readonly given: { readonly found: string[] };
};

/** A search changes nothing; that it was made is a fact. */
export const searchDecider: Decider<null, RecordSearch, typeof searchEvents> = {
  category: 'search',
  events: searchEvents,
  keyClass: 'content',
  initial: null,
  decide: ({ subject, identifier, reason, given: { found } }) => [
    { type: 'IdentifierSearched', data: { subject, identifier, reason, found } },
  ],
  evolve: () => null,
};
