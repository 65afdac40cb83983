import type { Decider } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import { anonymisationEvents } from './events.js';

export type AnonymiseContact = {
  readonly type: 'AnonymiseContact';
  readonly data: NewEvent<typeof anonymisationEvents>['data'];
};

/** One stream per contact. Once is enough: after it there is nothing left to generalise. */
export const anonymisationDecider: Decider<
  { readonly anonymised: boolean },
  AnonymiseContact,
  typeof anonymisationEvents
> = {
  category: 'anonymisation',
  events: anonymisationEvents,
  keyClass: 'content',
  initial: { anonymised: false },
  decide: ({ data }, { anonymised }) => (anonymised ? [] : [{ type: 'ContactAnonymised', data }]),
  evolve: () => ({ anonymised: true }),
};
