import { consentDecider } from '../../src/privacy/consent/decider.js';
import { given } from '../support/given.js';

const subject = 'grace';
const consent = { subject, purpose: 'MARKETING', channel: 'EMAIL' } as const;
const notice = { ...consent, basis: 'CONSENT', noticeVersion: '1' } as const;
const given1 = { type: 'ConsentGiven', data: notice } as const;
const withdrawn = { type: 'ConsentWithdrawn', data: consent } as const;

test('[P3.8] a person who says yes has given consent, under the notice that they were shown', () =>
  given(consentDecider)
    .when({ type: 'GiveConsent', ...notice, means: 'web form' })
    .then({ type: 'ConsentGiven', data: { ...notice, means: 'web form' } }));

test('[P3.8] consent once given cannot be given twice for the same notice', () =>
  given(consentDecider, given1)
    .when({ type: 'GiveConsent', ...notice })
    .thenNothing());

test('[P3.8] a new notice needs a new consent', () =>
  given(consentDecider, given1)
    .when({ type: 'GiveConsent', ...notice, noticeVersion: '2' })
    .then({ type: 'ConsentGiven', data: { ...notice, noticeVersion: '2' } }));

test('[P7.7] consent can be withdrawn, and given again after', () => {
  given(consentDecider, given1)
    .when({ type: 'WithdrawConsent', ...consent })
    .then(withdrawn);
  given(consentDecider, given1, withdrawn)
    .when({ type: 'GiveConsent', ...notice })
    .then(given1);
});

test('what was not given cannot be withdrawn', () => {
  given(consentDecider)
    .when({ type: 'WithdrawConsent', ...consent })
    .thenRefused('CONSENT_NOT_GIVEN', 'purpose');
  given(consentDecider, given1, withdrawn)
    .when({ type: 'WithdrawConsent', ...consent })
    .thenRefused('CONSENT_NOT_GIVEN');
});

test('consent for one channel is none for another', () =>
  given(consentDecider, given1)
    .when({ type: 'WithdrawConsent', ...consent, channel: 'PHONE' })
    .thenRefused('CONSENT_NOT_GIVEN'));
