import type { Decider } from '../../kernel/decider.js';
import { workspaceEvents } from './events.js';

export interface WorkspaceState {
  readonly created: boolean;
}

export type WorkspaceCommand = {
  readonly type: 'CreateWorkspace';
  readonly subject: string;
  readonly name: string;
  readonly owner: string;
};

export const workspaceDecider: Decider<WorkspaceState, WorkspaceCommand, typeof workspaceEvents> = {
  category: 'workspace',
  events: workspaceEvents,
  keyClass: 'content',
  initial: { created: false },

  decide({ subject, name, owner }, state) {
    return state.created ? [] : [{ type: 'WorkspaceCreated', data: { subject, name, owner } }];
  },

  evolve: () => ({ created: true }),
};
