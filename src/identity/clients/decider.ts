import type { Decider } from '../../kernel/decider.js';
import { clientEvents } from './events.js';

export interface ClientState {
  readonly added: boolean;
}

export type ClientCommand = { readonly type: 'AddClient'; readonly subject: string; readonly name: string };

export const clientDecider: Decider<ClientState, ClientCommand, typeof clientEvents> = {
  category: 'client',
  events: clientEvents,
  keyClass: 'content',
  initial: { added: false },

  decide({ subject, name }, state) {
    return state.added ? [] : [{ type: 'ClientAdded', data: { subject, name } }];
  },

  evolve: () => ({ added: true }),
};
