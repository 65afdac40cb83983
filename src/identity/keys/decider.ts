import { type Decider, refuse } from '../../kernel/decider.js';
import type { Permission } from '../access/roles.js';
import { keyEvents } from './events.js';

export interface ApiKeyState {
  readonly state: 'NONE' | 'GOOD' | 'REVOKED';
}

export type ApiKeyCommand =
  | {
      readonly type: 'CreateApiKey';
      readonly subject: string;
      /** The member's for whom the key acts. */
      readonly account: string;
      readonly name: string;
      readonly scopes: Permission[];
      /** Whose records it sees; left out, all that the member sees. */
      readonly controllers?: string[];
      readonly expiresAt: string;
    }
  | { readonly type: 'RevokeApiKey'; readonly subject: string };

export const keyDecider: Decider<ApiKeyState, ApiKeyCommand, typeof keyEvents> = {
  category: 'apiKey',
  events: keyEvents,
  keyClass: 'content',
  initial: { state: 'NONE' },

  decide(command, { state }) {
    if (command.type === 'CreateApiKey') {
      const { type: _type, ...data } = command;
      return state === 'NONE' ? [{ type: 'ApiKeyCreated', data }] : refuse('CONFLICT');
    }
    if (state === 'NONE') return refuse('NOT_FOUND', 'id');
    return state === 'REVOKED' ? [] : [{ type: 'ApiKeyRevoked', data: { subject: command.subject } }];
  },

  evolve: (_state, event) => ({ state: event.type === 'ApiKeyCreated' ? 'GOOD' : 'REVOKED' }),
};
