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

const suppressed = (...channels: ('EMAIL' | 'PHONE')[]) =>
  ({ type: 'ContactSuppressed', data: { subject, channels } }) as const;

test('[P7.3] nobody whose address is suppressed is taken in, unless somebody says so; they stay suppressed then', () => {
  const create = {
    type: 'CreateContact',
    data: { subject },
    given: { ...today, suppressed: ['PHONE' as const] },
  } as const;
  given(contactDecider).when(create).thenRefused('ADDRESS_SUPPRESSED', 'phones');
  given(contactDecider)
    .when({ ...create, given: { ...today, suppressed: ['EMAIL', 'PHONE'] } })
    .thenRefused('ADDRESS_SUPPRESSED', 'emails');
  given(contactDecider)
    .when({ ...create, suppressionOverride: true })
    .then({ type: 'ContactCreated', data: { subject } }, suppressed('PHONE'));
});

test('[P7.3] a change brings no suppressed address in; one that was there already is no hindrance', () => {
  const update = { type: 'UpdateContact', data: { subject } } as const;
  const both = { ...today, suppressed: ['EMAIL' as const] };
  given(contactDecider, created)
    .when({ ...update, given: { ...both, introduced: ['EMAIL'] } })
    .thenRefused('ADDRESS_SUPPRESSED', 'emails');
  given(contactDecider, created)
    .when({ ...update, given: { ...both, introduced: [] } })
    .then({ type: 'ContactUpdated', data: { subject } }, suppressed('EMAIL'));
  given(contactDecider, created, suppressed('EMAIL'))
    .when({ ...update, given: { ...today, suppressed: [], introduced: [] } })
    .then({ type: 'ContactUpdated', data: { subject } }, { type: 'ContactSuppressionLifted', data: { subject } });
});

test('[P3.8] what is taken out of the bin is as suppressed as the list says now', () =>
  given(contactDecider, created, deleted)
    .when({ type: 'RestoreContact', subject, given: { suppressed: ['EMAIL'] } })
    .then({ type: 'ContactRestored', data: { subject } }, suppressed('EMAIL')));

test('a contact is marked once as suppressed, and not before it is there', () => {
  const mark = { type: 'SuppressContact', subject, channels: ['EMAIL'] } as const;
  given(contactDecider, created).when(mark).then(suppressed('EMAIL'));
  given(contactDecider, created, suppressed('EMAIL')).when(mark).thenNothing();
  given(contactDecider).when(mark).thenNothing();
});
