import type { Decider } from '../../kernel/decider.js';
import type { Permission } from '../access/roles.js';
import { roleEvents } from './events.js';

export interface RoleState {
  readonly defined: boolean;
  readonly permissions: readonly Permission[];
}

export type RoleCommand = {
  readonly type: 'DefineRole';
  readonly subject: string;
  readonly name: string;
  readonly permissions: Permission[];
};

/** Defined anew, a role changes for everybody who has it, at once. */
export const roleDecider: Decider<RoleState, RoleCommand, typeof roleEvents> = {
  category: 'role',
  events: roleEvents,
  keyClass: 'content',
  initial: { defined: false, permissions: [] },
  decide: ({ type: _type, ...data }) => [{ type: 'RoleDefined', data }],
  evolve: (_state, { data }) => ({ defined: true, permissions: data.permissions }),
};
