import { type Decider, refuse } from '../../kernel/decider.js';
import { type AuditPurpose, auditEvents } from './events.js';

export interface AuditAccessState {
  readonly state: 'NONE' | 'GRANTED' | 'ENDED';
  readonly member: string;
}

export type AuditAccessCommand =
  | {
      readonly type: 'GrantAuditAccess';
      readonly subject: string;
      readonly member: string;
      /** UTC with milliseconds; left out, from now on. */
      readonly from?: string;
      readonly until: string;
      readonly purpose: AuditPurpose;
      readonly controllers?: string[];
      readonly personal: boolean;
      readonly note?: string;
      readonly given: { readonly now: string };
    }
  | { readonly type: 'EndAuditAccess'; readonly subject: string };

const MAX_PERIOD_MS = 366 * 24 * 3600 * 1000;

export const auditDecider: Decider<AuditAccessState, AuditAccessCommand, typeof auditEvents> = {
  category: 'auditAccess',
  events: auditEvents,
  keyClass: 'content',
  initial: { state: 'NONE', member: '' },

  decide(command, { state, member }) {
    if (command.type === 'GrantAuditAccess') {
      const { type: _type, given, ...rest } = command;
      const data = { ...rest, from: rest.from ?? given.now };
      if (state !== 'NONE') return refuse('CONFLICT');
      if (data.until <= data.from || data.until <= given.now) return refuse('BAD_USER_INPUT', 'until');
      if (Date.parse(data.until) - Date.parse(data.from) > MAX_PERIOD_MS) return refuse('BAD_USER_INPUT', 'until');
      return [{ type: 'AuditAccessGranted', data }];
    }
    if (state === 'NONE') return refuse('NOT_FOUND', 'id');
    return state === 'ENDED' ? [] : [{ type: 'AuditAccessEnded', data: { subject: command.subject, member } }];
  },

  evolve(state, event) {
    if (event.type === 'AuditAccessEnded') return { ...state, state: 'ENDED' };
    return { state: 'GRANTED', member: event.data.member };
  },
};
