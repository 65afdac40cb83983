import { type Decider, refuse } from '../../kernel/decider.js';
import { accountEvents } from './events.js';

export interface AccountState {
  readonly opened: boolean;
}

export type AccountCommand = {
  readonly type: 'OpenAccount';
  readonly subject: string;
  readonly name: string;
  readonly email: string;
  readonly phone?: string;
  readonly acceptedPolicyVersion: string;
  readonly currentPolicyVersion: string;
  readonly confirmsAdult: boolean;
};

export const accountDecider: Decider<AccountState, AccountCommand, typeof accountEvents> = {
  category: 'account',
  events: accountEvents,
  keyClass: 'profile',
  initial: { opened: false },

  decide(command, state) {
    if (state.opened) return refuse('ALREADY_TAKEN', 'email');
    if (!command.confirmsAdult) return refuse('UNDERAGE', 'confirmsAdult');
    const { subject, name, email, phone, acceptedPolicyVersion } = command;
    if (acceptedPolicyVersion !== command.currentPolicyVersion)
      return refuse('POLICY_NOT_CURRENT', 'acceptedPolicyVersion');
    return [
      {
        type: 'AccountOpened',
        data: { subject, name, email, phone, acceptedPolicyVersion, confirmedAdult: true },
      },
    ];
  },

  evolve: () => ({ opened: true }),
};
