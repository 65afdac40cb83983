import { type Decider, refuse } from '../../kernel/decider.js';
import { accountEvents, type MeansChange, type SignInMeans } from './events.js';

export interface AccountState {
  readonly opened: boolean;
  readonly emailVerified: boolean;
}

export interface OpenAccount {
  readonly type: 'OpenAccount';
  readonly subject: string;
  readonly name: string;
  readonly email: string;
  readonly phone?: string;
  readonly acceptedPolicyVersion: string;
  readonly currentPolicyVersion: string;
  readonly confirmsAdult: boolean;
}

export type AccountCommand =
  | OpenAccount
  | { readonly type: 'VerifyEmail'; readonly subject: string }
  /** To one that was confirmed. */
  | { readonly type: 'ChangeEmail'; readonly subject: string; readonly email: string }
  | {
      readonly type: 'ChangeSignInMeans';
      readonly subject: string;
      readonly means: SignInMeans;
      readonly change: MeansChange;
    }
  | { readonly type: 'ReportReuse'; readonly subject: string }
  | { readonly type: 'ReportCopiedPasskey'; readonly subject: string };

export const accountDecider: Decider<AccountState, AccountCommand, typeof accountEvents> = {
  category: 'account',
  events: accountEvents,
  keyClass: 'profile',
  initial: { opened: false, emailVerified: false },

  decide(command, state) {
    if (command.type === 'OpenAccount') return state.opened ? refuse('ALREADY_TAKEN', 'email') : opened(command);
    if (!state.opened) return refuse('NOT_FOUND', 'id');
    const { subject } = command;
    switch (command.type) {
      case 'VerifyEmail':
        return state.emailVerified ? [] : [{ type: 'EmailVerified', data: { subject } }];
      case 'ChangeEmail':
        return [{ type: 'EmailChanged', data: { subject, email: command.email } }];
      case 'ChangeSignInMeans':
        return [{ type: 'SignInMeansChanged', data: { subject, means: command.means, change: command.change } }];
      case 'ReportReuse':
        return [{ type: 'RefreshTokenReused', data: { subject } }];
      case 'ReportCopiedPasskey':
        return [{ type: 'PasskeyCopyReported', data: { subject } }];
    }
  },

  evolve: (state, event) => ({
    opened: true,
    emailVerified: state.emailVerified || event.type === 'EmailVerified' || event.type === 'EmailChanged',
  }),
};

const opened = (command: OpenAccount) => {
  if (!command.confirmsAdult) return refuse('UNDERAGE', 'confirmsAdult');
  const { subject, name, email, phone, acceptedPolicyVersion } = command;
  if (acceptedPolicyVersion !== command.currentPolicyVersion)
    return refuse('POLICY_NOT_CURRENT', 'acceptedPolicyVersion');
  const data = { subject, name, email, phone, acceptedPolicyVersion, confirmedAdult: true } as const;
  return [{ type: 'AccountOpened' as const, data }];
};
