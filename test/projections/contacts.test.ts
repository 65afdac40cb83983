import { alikeFacet, contacts, contactTable, displayName, reachFacet } from '../../projections/crm/contacts.js';
import { Erased } from '../../src/kernel/personal.js';
import type { Table } from '../../src/readstore/port.js';
import { type Happened, projecting } from '../support/projecting.js';

const table = contactTable as Table;
const created = (subject: string, data: object = {}): Happened => ({
  type: 'ContactCreated',
  data: { subject, ...data },
});
const consent = (subject: string, channel = 'EMAIL'): Happened => ({
  type: 'ConsentGiven',
  data: { subject, purpose: 'MARKETING', channel, basis: 'CONSENT', noticeVersion: '1' },
});
const erased = (subject: string, kind: 'ERASE' | 'ANONYMISE'): Happened => ({
  type: 'SubjectErased',
  data: { subject, record: subject, recordKind: 'CONTACT', kind, reason: 'SUBJECT_REQUEST' },
});
const grace = created('grace', { name: { givenName: 'Grace', familyName: 'Hopper' }, tags: ['vip'], company: 'acme' });
const forMarketing = { facets: [reachFacet('MARKETING')] };

test('an update changes what it names, merges the parts of a name and clears what is null', () =>
  projecting(contacts, grace, {
    type: 'ContactUpdated',
    data: { subject: 'grace', name: { givenName: null, familyName: 'Murray' }, tags: null },
  })
    .thenRow(contactTable, 'grace', { name: { familyName: 'Murray' }, company: 'acme', version: 2 })
    .then((row) => {
      expect(row).not.toHaveProperty('tags');
      expect(row?.name).not.toHaveProperty('givenName');
    }));

test('[P3.8] the marketing page shows who consented, on the channel asked for or on any', async () => {
  const crm = projecting(
    contacts,
    grace,
    created('ada', { name: { familyName: 'Aardvark' } }),
    consent('grace'),
    consent('ada', 'PHONE'),
  );
  await crm.thenPage(table, forMarketing, ['ada', 'grace']);
  await crm.thenPage(table, { facets: [reachFacet('MARKETING', 'EMAIL')] }, ['grace']);
  await crm.thenPage(table, { facets: [reachFacet('ANALYTICS')] }, []);
});

test('[P7.7] withdrawing takes the person off the marketing page at once', () =>
  projecting(contacts, grace, consent('grace'), {
    type: 'ConsentWithdrawn',
    data: { subject: 'grace', purpose: 'MARKETING', channel: 'EMAIL' },
  }).thenPage(table, forMarketing, []));

test('[P7.6] a restricted person is on no marketing page, whatever they consented to', () =>
  projecting(contacts, grace, consent('grace'), {
    type: 'ContactRestricted',
    data: { subject: 'grace', reason: 'MINOR' },
  }).thenPage(table, forMarketing, []));

test('what is in the bin is found there, and nowhere else', async () => {
  const crm = projecting(contacts, grace, consent('grace'), { type: 'ContactDeleted', data: { subject: 'grace' } });
  await crm.thenPage(table, { facets: ['bin'] }, ['grace']);
  await crm.thenPage(table, { facets: ['live'] }, []);
  await crm.thenPage(table, { words: ['hopper'] }, []);
  await crm.thenPage(table, forMarketing, []);
});

test('[P7.3] an erased person leaves no row, no word and no facet', async () => {
  const crm = projecting(contacts, grace, consent('grace'), erased('grace', 'ERASE'));
  await crm.thenRow(contactTable, 'grace', null);
  await crm.thenPage(table, { words: ['hopper'] }, []);
});

test('[P7.3] an anonymised person leaves a record with its links, and nothing that was entered about them', async () => {
  const crm = projecting(contacts, grace, consent('grace'), erased('grace', 'ANONYMISE'));
  const row = await crm.thenRow(contactTable, 'grace', { company: 'acme' });
  expect(JSON.stringify(row)).not.toMatch(/Grace|Hopper|vip|MARKETING/);
  expect(displayName(row!)).toBe('Anonymised contact');
  await crm.thenPage(table, { words: ['hopper'] }, []);
  await crm.thenPage(table, forMarketing, []);
});

test('[P7.3] a replay after the keys are gone ends where the live read model is', async () => {
  const replayed = created('grace', { name: Erased, tags: Erased, company: 'acme' });
  const crm = projecting(contacts, replayed, consent('grace'), erased('grace', 'ANONYMISE'));
  const live = projecting(contacts, grace, consent('grace'), erased('grace', 'ANONYMISE'));
  const row = await live.thenRow(contactTable, 'grace', {});
  expect(await crm.thenRow(contactTable, 'grace', {})).toEqual(row);
});

test('somebody without a name is called by the best there is', () => {
  const base = { id: 'c', workspace: 'w', controller: 'w', subject: 's', version: 1, createdAt: '', updatedAt: '' };
  expect(displayName({ ...base, name: { formattedName: 'Dr. Ada' } })).toBe('Dr. Ada');
  expect(displayName({ ...base, name: { givenName: 'Ada', familyName: 'King' } })).toBe('Ada King');
  expect(displayName({ ...base, emails: [{ value: 'ada@example.com' }] })).toBe('ada@example.com');
  expect(displayName(base)).toBe('Unnamed contact');
});

test('[P3.8] who is suppressed on a channel is on its marketing page no more, nor on that for any channel', async () => {
  const suppressed = (...channels: string[]): Happened => ({
    type: 'ContactSuppressed',
    data: { subject: 'grace', channels },
  });
  const onEmail = { facets: [reachFacet('MARKETING', 'EMAIL')] };
  const onPhone = { facets: [reachFacet('MARKETING', 'PHONE')] };
  const both = [grace, consent('grace'), consent('grace', 'PHONE')];
  const crm = projecting(contacts, ...both, suppressed('EMAIL'));
  await crm.thenPage(table, onEmail, []);
  await crm.thenPage(table, onPhone, ['grace']);
  await crm.thenPage(table, forMarketing, ['grace']);
  const allOver = projecting(contacts, ...both, suppressed('EMAIL', 'PHONE'));
  await allOver.thenPage(table, forMarketing, []);
  const lifted: Happened = { type: 'ContactSuppressionLifted', data: { subject: 'grace' } };
  await projecting(contacts, ...both, suppressed('EMAIL', 'PHONE'), lifted).thenPage(table, onEmail, ['grace']);
});

test('[P7.3] what an anonymisation keeps stays in the record, and goes when the record is erased', async () => {
  const kept = { birthDate: '1906', addresses: [{ country: 'US' }] };
  const anonymised: Happened = {
    type: 'ContactAnonymised',
    stream: 'anonymisation-grace',
    data: { subject: 'grace', person: 'grace', strategies: {}, kept },
  };
  const before = [grace, consent('grace'), anonymised, erased('grace', 'ANONYMISE')];
  const row = await projecting(contacts, ...before).thenRow(contactTable, 'grace', { kept, company: 'acme' });
  expect(JSON.stringify(row)).not.toMatch(/Grace|Hopper|vip|MARKETING/);
  const replayed = [created('grace', { name: Erased, tags: Erased, company: 'acme' }), ...before.slice(1)];
  expect(await projecting(contacts, ...replayed).thenRow(contactTable, 'grace', {})).toEqual(row);
  await projecting(contacts, ...before, erased('grace', 'ERASE')).thenRow(contactTable, 'grace', null);
});

test('anonymised people are alike when the same is left of them, for one controller', () => {
  const row = { id: 'c', workspace: 'w', controller: 'w', subject: 's', version: 1, createdAt: '', updatedAt: '' };
  const kept = { birthDate: '1906', addresses: [{ country: 'US', region: 'Virginia' }] };
  const same = { addresses: [{ region: 'Virginia', country: 'US' }], birthDate: '1906' };
  expect(alikeFacet({ ...row, kept })).toBe(alikeFacet({ ...row, id: 'd', subject: 't', kept: same }));
  expect(alikeFacet({ ...row, kept })).not.toBe(alikeFacet({ ...row, kept: { birthDate: '1906' } }));
  expect(alikeFacet({ ...row, kept })).not.toBe(alikeFacet({ ...row, kept, company: 'acme' }));
  expect(alikeFacet({ ...row, kept })).not.toBe(alikeFacet({ ...row, kept, controller: 'client' }));
});
