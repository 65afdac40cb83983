import { type Decider, type Refusal, refuse } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import { derivedId } from '../../kernel/ids.js';
import type { Role } from '../access/roles.js';
import { type Departure, memberEvents } from './events.js';

export interface MemberState {
  readonly added: boolean;
  readonly account: string | null;
  readonly role: Role;
  readonly customRole: string | null;
  readonly assigned: ReadonlySet<string>;
}

export type MemberCommand =
  | {
      readonly type: 'AddMember';
      readonly subject: string;
      readonly account?: string;
      readonly role: Role;
      readonly customRole?: string;
      readonly name: string;
      readonly manager?: string;
      readonly office?: string;
    }
  | { readonly type: 'ChangeRole'; readonly subject: string; readonly role: Role; readonly customRole?: string }
  | {
      readonly type: 'LinkMember';
      readonly subject: string;
      readonly account: string;
      readonly role: Role;
      readonly customRole?: string;
      readonly given: { readonly teams: TeamOfMember[] };
    }
  | { readonly type: 'RemoveMember'; readonly subject: string; readonly how: Departure }
  | { readonly type: 'AssignMember'; readonly subject: string; readonly controller: string }
  | { readonly type: 'UnassignMember'; readonly subject: string; readonly controller: string };

/** A team that somebody is in, and whose records it sees. */
export interface TeamOfMember {
  readonly team: string;
  readonly controllers: string[];
}

/** Each controller is a page of every list: so many that a list stays one quick answer. */
const MAX_ASSIGNED = 100;

/** The one membership that an account has in a workspace. */
export const memberIdOf = (workspace: string, account: string): string => derivedId('member', workspace, account);

export const memberDecider: Decider<MemberState, MemberCommand, typeof memberEvents> = {
  category: 'member',
  events: memberEvents,
  keyClass: 'profile',
  initial: { added: false, account: null, role: 'READ_ONLY', customRole: null, assigned: new Set() },

  decide(command, state) {
    if (command.type === 'AddMember') {
      const { type: _type, ...data } = command;
      return state.added ? [] : [{ type: 'MemberAdded', data }];
    }
    return state.added ? changed(command, state) : refuse('NOT_FOUND', 'memberId');
  },

  evolve(state, event) {
    switch (event.type) {
      case 'MemberAdded': {
        const { account = null, role, customRole = null } = event.data;
        return { added: true, account, role, customRole, assigned: new Set() };
      }
      case 'MemberRoleChanged':
        return { ...state, role: event.data.role, customRole: event.data.customRole ?? null };
      case 'MemberLinked': {
        const { account, role, customRole = null } = event.data;
        return { ...state, account, role, customRole };
      }
      case 'MemberRemoved':
        return { ...state, added: false };
      case 'MemberAssigned':
        return { ...state, assigned: new Set([...state.assigned, event.data.assigned]) };
      case 'MemberUnassigned':
        return { ...state, assigned: new Set([...state.assigned].filter((each) => each !== event.data.assigned)) };
    }
  },
};

const changed = (
  command: Exclude<MemberCommand, { type: 'AddMember' }>,
  { assigned, account }: MemberState,
): readonly NewEvent<typeof memberEvents>[] | Refusal => {
  const { subject } = command;
  switch (command.type) {
    case 'ChangeRole': {
      const { role, customRole } = command;
      return [{ type: 'MemberRoleChanged', data: { subject, role, customRole } }];
    }
    case 'LinkMember': {
      const { role, customRole, given } = command;
      if (account === command.account) return [];
      if (account !== null) return refuse('INVITATION_NOT_VALID', 'token');
      const data = { subject, account: command.account, role, customRole, assigned: [...assigned], teams: given.teams };
      return [{ type: 'MemberLinked', data }];
    }
    case 'RemoveMember':
      return [{ type: 'MemberRemoved', data: { subject, how: command.how } }];
    case 'AssignMember':
      if (assigned.has(command.controller)) return [];
      if (assigned.size >= MAX_ASSIGNED) return refuse('TOO_MANY', 'clientId');
      return [{ type: 'MemberAssigned', data: { subject, assigned: command.controller } }];
    case 'UnassignMember':
      if (!assigned.has(command.controller)) return [];
      return [{ type: 'MemberUnassigned', data: { subject, assigned: command.controller } }];
  }
};
