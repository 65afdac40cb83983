import { type Decider, refuse } from '../../kernel/decider.js';
import type { Role } from '../access/roles.js';
import { invitationEvents } from './events.js';

export interface InvitationState {
  readonly state: 'NONE' | 'OPEN' | 'ACCEPTED' | 'REVOKED';
  readonly role: Role;
  readonly customRole: string | undefined;
  readonly member: string | undefined;
  readonly expiresAt: string;
  readonly account: string | null;
}

export type InvitationCommand =
  | {
      readonly type: 'SendInvitation';
      readonly subject: string;
      readonly email: string;
      readonly role: Role;
      readonly customRole?: string;
      readonly member?: string;
      readonly given: { readonly expiresAt: string };
    }
  | {
      readonly type: 'AcceptInvitation';
      readonly subject: string;
      readonly account: string;
      readonly given: { readonly now: string };
    }
  | { readonly type: 'RevokeInvitation'; readonly subject: string };

export const invitationDecider: Decider<InvitationState, InvitationCommand, typeof invitationEvents> = {
  category: 'invitation',
  events: invitationEvents,
  keyClass: 'profile',
  initial: {
    state: 'NONE',
    role: 'READ_ONLY',
    customRole: undefined,
    member: undefined,
    expiresAt: '',
    account: null,
  },

  decide(command, { state, expiresAt, account }) {
    const { subject } = command;
    switch (command.type) {
      case 'SendInvitation': {
        const { email, role, customRole, member, given } = command;
        const data = { subject, email, role, customRole, member, expiresAt: given.expiresAt };
        return state === 'NONE' ? [{ type: 'InvitationSent', data }] : refuse('CONFLICT');
      }
      case 'AcceptInvitation':
        if (state === 'ACCEPTED' && account === command.account) return [];
        if (state !== 'OPEN' || command.given.now >= expiresAt) return refuse('INVITATION_NOT_VALID', 'token');
        return [{ type: 'InvitationAccepted', data: { subject, account: command.account } }];
      case 'RevokeInvitation':
        if (state === 'NONE') return refuse('NOT_FOUND', 'id');
        if (state === 'ACCEPTED') return refuse('INVITATION_NOT_VALID', 'id');
        return state === 'REVOKED' ? [] : [{ type: 'InvitationRevoked', data: { subject } }];
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'InvitationSent': {
        const { role, customRole, member, expiresAt } = event.data;
        return { state: 'OPEN', role, customRole, member, expiresAt, account: null };
      }
      case 'InvitationAccepted':
        return { ...state, state: 'ACCEPTED', account: event.data.account };
      case 'InvitationRevoked':
        return { ...state, state: 'REVOKED' };
    }
  },
};
