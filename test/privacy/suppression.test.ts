import { addressesIn, comparedEmail, comparedPhone } from '../../src/privacy/suppression/addresses.js';
import { suppressionDecider } from '../../src/privacy/suppression/decider.js';
import { given } from '../support/given.js';

const entry = { subject: 'workspace', hash: 'h'.repeat(43) };
const suppressed = (ground: 'OPTED_OUT' | 'ERASED', ...channels: ('EMAIL' | 'PHONE' | 'SMS')[]) =>
  ({ type: 'AddressSuppressed', data: { ...entry, channels, ground } }) as const;
const suppress = (ground: 'OPTED_OUT' | 'ERASED', ...channels: ('EMAIL' | 'PHONE' | 'SMS')[]) =>
  ({ type: 'SuppressAddress', ...entry, channels, ground }) as const;

test('an address is suppressed once for each channel', () => {
  given(suppressionDecider).when(suppress('OPTED_OUT', 'PHONE')).then(suppressed('OPTED_OUT', 'PHONE'));
  given(suppressionDecider, suppressed('OPTED_OUT', 'PHONE'))
    .when(suppress('OPTED_OUT', 'PHONE', 'SMS'))
    .then(suppressed('OPTED_OUT', 'SMS'));
  given(suppressionDecider, suppressed('OPTED_OUT', 'PHONE')).when(suppress('OPTED_OUT', 'PHONE')).thenNothing();
});

test('who is erased after having opted out is suppressed as erased, and stays so', () => {
  given(suppressionDecider, suppressed('OPTED_OUT', 'EMAIL'))
    .when(suppress('ERASED', 'EMAIL'))
    .then(suppressed('ERASED', 'EMAIL'));
  given(suppressionDecider, suppressed('ERASED', 'EMAIL')).when(suppress('OPTED_OUT', 'EMAIL')).thenNothing();
});

test('a suppression is lifted for the channels it is there for, and can come again', () => {
  const lift = { type: 'LiftSuppression', ...entry, channels: ['PHONE', 'SMS'] } as const;
  const data = { ...entry, channels: ['PHONE' as const] };
  const lifted = { type: 'SuppressionLifted' as const, data };
  given(suppressionDecider, suppressed('ERASED', 'PHONE')).when(lift).then(lifted);
  given(suppressionDecider).when(lift).thenNothing();
  given(suppressionDecider, suppressed('ERASED', 'PHONE'), lifted)
    .when(suppress('OPTED_OUT', 'PHONE'))
    .then(suppressed('OPTED_OUT', 'PHONE'));
});

test('mailboxes are compared without case, numbers by their digits', () => {
  expect(comparedEmail(' Grace@Navy.Example ')).toBe('grace@navy.example');
  for (const written of ['+49 (170) 111-222', '0049 170 111222', '49170111222', '+49 170 111222 ext. 5']) {
    expect([written, comparedPhone(written)]).toEqual([written, '49170111222']);
  }
  expect(comparedPhone('12')).toBeNull();
  expect(comparedPhone('1-800-FLOWERS')).toBeNull();
});

test('an address is one, however often it is written, with the channels that go over it', () => {
  const reach = { emails: ['a@b.example', 'A@B.example'], phones: ['+1 650 555 0100', '001 6505550100', '7'] };
  expect(addressesIn(reach)).toEqual([
    { kind: 'email', value: 'a@b.example', channels: ['EMAIL'] },
    { kind: 'phone', value: '16505550100', channels: ['PHONE', 'SMS', 'MESSENGER'] },
  ]);
});
