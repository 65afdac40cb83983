import { contactDecider, isMinor } from '../../src/crm/contacts/decider.js';
import { given } from '../support/given.js';

const subject = 'grace';
const today = { today: '2026-11-24' };
const created = { type: 'ContactCreated', data: { subject, name: { givenName: 'Grace' } } } as const;
const deleted = { type: 'ContactDeleted', data: { subject } } as const;
const restricted = { type: 'ContactRestricted', data: { subject, reason: 'MINOR' } } as const;

test('[P11.1] a contact whose birth date says under 18 is kept, restricted', () =>
  given(contactDecider)
    .when({ type: 'CreateContact', data: { subject, birthDate: '2012-06-06' }, given: today })
    .then({ type: 'ContactCreated', data: { subject, birthDate: '2012-06-06' } }, restricted));

test('[P11.1] a corrected birth date lifts the restriction', () =>
  given(contactDecider, created, restricted)
    .when({ type: 'UpdateContact', data: { subject, birthDate: '1982-06-06' }, given: today })
    .then(
      { type: 'ContactUpdated', data: { subject, birthDate: '1982-06-06' } },
      { type: 'ContactRestrictionLifted', data: { subject, reason: 'MINOR' } },
    ));

test('an update that says nothing of the birth date leaves the restriction alone', () =>
  given(contactDecider, created, restricted)
    .when({ type: 'UpdateContact', data: { subject, tags: ['vip'] }, given: today })
    .then({ type: 'ContactUpdated', data: { subject, tags: ['vip'] } }));

test('one is a minor until the day of the 18th birthday', () => {
  expect(isMinor('2008-11-25', '2026-11-24')).toBe(true);
  expect(isMinor('2008-11-24', '2026-11-24')).toBe(false);
  expect(isMinor('--06-06', '2026-11-24')).toBe(false);
});

test('what is in the bin can be restored and not changed', () => {
  given(contactDecider, created, deleted)
    .when({ type: 'UpdateContact', data: { subject, tags: [] }, given: today })
    .thenRefused('DELETED');
  given(contactDecider, created, deleted)
    .when({ type: 'RestoreContact', subject })
    .then({ type: 'ContactRestored', data: { subject } });
});

test('what is not there cannot be changed, what is live not restored', () => {
  given(contactDecider).when({ type: 'DeleteContact', subject }).thenRefused('NOT_FOUND');
  given(contactDecider, created).when({ type: 'RestoreContact', subject }).thenRefused('NOT_DELETED');
});
