import { type Decider, refuse } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import { type Channel, consentEvents, type LegalBasis, type Purpose } from './events.js';

type Data<K extends keyof typeof consentEvents> = Extract<NewEvent<typeof consentEvents>, { type: K }>['data'];

export type ConsentCommand =
  | ({ readonly type: 'GiveConsent' } & Data<'ConsentGiven'>)
  | ({ readonly type: 'WithdrawConsent' } & Data<'ConsentWithdrawn'>);

interface Standing {
  readonly given: boolean;
  readonly basis: LegalBasis;
  readonly noticeVersion: string;
}

export interface ConsentState {
  readonly standing: { readonly [purposeAndChannel: string]: Standing };
}

/** The name under which one purpose on one channel stands, here and in read models. */
export const consentKey = (purpose: Purpose, channel: Channel): string => `${purpose}:${channel}`;

export const consentDecider: Decider<ConsentState, ConsentCommand, typeof consentEvents> = {
  category: 'consent',
  events: consentEvents,
  keyClass: 'consent-evidence',
  initial: { standing: {} },

  decide(command, { standing }) {
    const now = standing[consentKey(command.purpose, command.channel)];
    switch (command.type) {
      case 'GiveConsent': {
        const { type: _type, ...data } = command;
        const same = now?.given && now.noticeVersion === data.noticeVersion && now.basis === data.basis;
        return same ? [] : [{ type: 'ConsentGiven', data }];
      }
      case 'WithdrawConsent': {
        const { type: _type, ...data } = command;
        return now?.given ? [{ type: 'ConsentWithdrawn', data }] : refuse('CONSENT_NOT_GIVEN', 'purpose');
      }
    }
  },

  evolve({ standing }, event) {
    const key = consentKey(event.data.purpose, event.data.channel);
    if (event.type === 'ConsentWithdrawn')
      return { standing: { ...standing, [key]: { ...standing[key]!, given: false } } };
    const { basis, noticeVersion } = event.data;
    return { standing: { ...standing, [key]: { given: true, basis, noticeVersion } } };
  },
};
