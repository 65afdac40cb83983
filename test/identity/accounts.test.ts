import { type AccountCommand, accountDecider } from '../../src/identity/accounts/decider.js';
import { given } from '../support/given.js';

const open: AccountCommand = {
  type: 'OpenAccount',
  subject: 'ada',
  name: 'Ada',
  email: 'ada@example.com',
  acceptedPolicyVersion: '1',
  currentPolicyVersion: '1',
  confirmsAdult: true,
};
const opened = {
  type: 'AccountOpened',
  data: { subject: 'ada', name: 'Ada', email: 'ada@example.com', acceptedPolicyVersion: '1', confirmedAdult: true },
} as const;

test('[P16.1] an account opens with the version of the policy that was accepted', () =>
  given(accountDecider).when(open).then(opened));

test('[P16.1] nobody can work under a policy that is not the current one', () =>
  given(accountDecider)
    .when({ ...open, acceptedPolicyVersion: '0' })
    .thenRefused('POLICY_NOT_CURRENT', 'acceptedPolicyVersion'));

test('[P11.1] who does not state to be 18 is refused', () =>
  given(accountDecider)
    .when({ ...open, confirmsAdult: false })
    .thenRefused('UNDERAGE', 'confirmsAdult'));

test('an account opens once', () => given(accountDecider, opened).when(open).thenRefused('ALREADY_TAKEN'));

test('[P5.3] an address that was confirmed takes the place of the one before, and counts as confirmed', () => {
  const change = { type: 'ChangeEmail', subject: 'ada', email: 'new@example.com' } as const;
  const changed = { type: 'EmailChanged', data: { subject: 'ada', email: 'new@example.com' } } as const;
  given(accountDecider, opened).when(change).then(changed);
  given(accountDecider, opened, changed).when({ type: 'VerifyEmail', subject: 'ada' }).thenNothing();
  given(accountDecider).when(change).thenRefused('NOT_FOUND');
});
