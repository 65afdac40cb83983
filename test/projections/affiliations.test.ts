import { affiliations, affiliationTable } from '../../projections/identity/affiliations.js';
import { inWorkspace } from '../../projections/person.js';
import type { Table } from '../../src/readstore/port.js';
import { type Happened, projecting } from '../support/projecting.js';

const table = affiliationTable as Table;
const member = (id: string, account?: string): Happened => ({
  type: 'MemberAdded',
  stream: `member-${id}`,
  data: { subject: `person-${id}`, account, role: 'AGENT', name: 'A' },
});
const linked = (id: string, account: string): Happened => ({
  type: 'MemberLinked',
  stream: `member-${id}`,
  data: { subject: `person-${id}`, account, role: 'AGENT', assigned: [], teams: [] },
});
const accepted: Happened = {
  type: 'InvitationAccepted',
  stream: 'invitation-i',
  data: { subject: 'i', account: 'ada' },
};
const erased = (subject: string, recordKind: string): Happened => ({
  type: 'SubjectErased',
  data: { subject, record: subject, recordKind, kind: 'ERASE', reason: 'SUBJECT_REQUEST' },
});
const ofAda = { scope: 'operator', order: 'created', facets: ['account:ada'] };

test('[P6.3] what workspaces keep of an account holder is found by the account, also after they have left', async () => {
  const left: Happened = { type: 'MemberRemoved', stream: 'member-m', data: { subject: 'person-m', how: 'LEFT' } };
  const found = projecting(affiliations, member('m', 'ada'), accepted, member('n', 'bob'), member('o'), left);
  await found.thenPage(table, ofAda, ['m', 'i']);
  await found.thenRow(table, 'm', { kind: 'MEMBER', subject: 'person-m', workspace: 'workspace' });
  await found.thenRow(table, 'o', null);
});

test('[P6.3] who was only named before is found by the account that they have got', async () => {
  const found = projecting(affiliations, member('m'), member('n', 'bob'), linked('m', 'ada'));
  await found.thenPage(table, ofAda, ['m']);
  await found.thenRow(table, 'm', {
    ...{ kind: 'MEMBER', account: 'ada', subject: 'person-m', workspace: 'workspace' },
    createdAt: '2026-01-01T00:00:02.000Z',
  });
});

test('who is erased is in none of it', () =>
  projecting(affiliations, member('m', 'ada'), member('n', 'bob'), erased('person-m', 'MEMBER')).thenPage(
    table,
    ofAda,
    [],
  ));

test('[P6.3] with a workspace goes what is found under the installation’s own scope', () =>
  projecting(affiliations, member('m', 'ada'), member('n', 'bob'), erased('workspace', 'WORKSPACE')).thenPage(
    table,
    { scope: 'operator', order: 'created', facets: [inWorkspace('workspace')] },
    [],
  ));
