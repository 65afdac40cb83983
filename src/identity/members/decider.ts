import type { Decider } from '../../kernel/decider.js';
import { memberEvents, type Role } from './events.js';

export interface MemberState {
  readonly added: boolean;
}

export type MemberCommand = {
  readonly type: 'AddMember';
  readonly subject: string;
  readonly account?: string;
  readonly role: Role;
  readonly name: string;
  readonly manager?: string;
  readonly office?: string;
};

export const memberDecider: Decider<MemberState, MemberCommand, typeof memberEvents> = {
  category: 'member',
  events: memberEvents,
  keyClass: 'profile',
  initial: { added: false },

  decide({ type: _type, ...data }, state) {
    return state.added ? [] : [{ type: 'MemberAdded', data }];
  },

  evolve: () => ({ added: true }),
};
