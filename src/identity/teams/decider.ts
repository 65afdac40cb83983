import type { Decider } from '../../kernel/decider.js';
import { teamEvents } from './events.js';

export interface TeamState {
  readonly defined: boolean;
}

export type TeamCommand = {
  readonly type: 'DefineTeam';
  readonly subject: string;
  readonly name: string;
  readonly members: string[];
  readonly controllers: string[];
};

export const teamDecider: Decider<TeamState, TeamCommand, typeof teamEvents> = {
  category: 'team',
  events: teamEvents,
  keyClass: 'content',
  initial: { defined: false },
  decide: ({ type: _type, ...data }) => [{ type: 'TeamDefined', data }],
  evolve: () => ({ defined: true }),
};
