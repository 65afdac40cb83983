import { type Decider, refuse } from '../../kernel/decider.js';
import { workspaceEvents } from './events.js';

export interface WorkspaceState {
  readonly created: boolean;
  /** Accounts. Never none, once the workspace is there. */
  readonly owners: ReadonlySet<string>;
}

export type WorkspaceCommand =
  | { readonly type: 'CreateWorkspace'; readonly subject: string; readonly name: string; readonly owner: string }
  | {
      readonly type: 'TransferOwnership';
      readonly subject: string;
      readonly from: string;
      readonly to: string;
      /** Whether the one who gives remains an owner beside the other. */
      readonly stays: boolean;
    }
  | { readonly type: 'ReleaseOwnership'; readonly subject: string; readonly account: string };

/** What an owner is who has given the ownership away. */
const AFTERWARDS = 'ADMIN';

export const workspaceDecider: Decider<WorkspaceState, WorkspaceCommand, typeof workspaceEvents> = {
  category: 'workspace',
  events: workspaceEvents,
  keyClass: 'content',
  initial: { created: false, owners: new Set() },

  decide(command, { created, owners }) {
    const { subject } = command;
    switch (command.type) {
      case 'CreateWorkspace': {
        const { name, owner } = command;
        return created ? [] : [{ type: 'WorkspaceCreated', data: { subject, name, owner } }];
      }
      case 'TransferOwnership': {
        const { from, to, stays } = command;
        if (!owners.has(from)) return refuse('FORBIDDEN');
        if (from === to) return [];
        const granted = { type: 'OwnershipGranted', data: { subject, account: to } } as const;
        const released = { type: 'OwnershipReleased', data: { subject, account: from, role: AFTERWARDS } } as const;
        return [...(owners.has(to) ? [] : [granted]), ...(stays ? [] : [released])];
      }
      case 'ReleaseOwnership': {
        const { account } = command;
        if (!owners.has(account)) return [];
        if (owners.size === 1) return refuse('LAST_OWNER');
        return [{ type: 'OwnershipReleased', data: { subject, account, role: AFTERWARDS } }];
      }
    }
  },

  evolve({ owners }, event) {
    switch (event.type) {
      case 'WorkspaceCreated':
        return { created: true, owners: new Set([event.data.owner]) };
      case 'OwnershipGranted':
        return { created: true, owners: new Set([...owners, event.data.account]) };
      case 'OwnershipReleased':
        return { created: true, owners: new Set([...owners].filter((each) => each !== event.data.account)) };
    }
  },
};
