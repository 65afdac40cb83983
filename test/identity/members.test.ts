import { auditDecider } from '../../src/identity/audits/decider.js';
import { invitationDecider } from '../../src/identity/invitations/decider.js';
import { keyDecider } from '../../src/identity/keys/decider.js';
import { memberDecider } from '../../src/identity/members/decider.js';
import { workspaceDecider } from '../../src/identity/workspaces/decider.js';
import { given } from '../support/given.js';

const subject = 's';
const created = { type: 'WorkspaceCreated', data: { subject, name: 'W', owner: 'ada' } } as const;
const granted = (account: string) => ({ type: 'OwnershipGranted', data: { subject, account } }) as const;
const released = (account: string) =>
  ({ type: 'OwnershipReleased', data: { subject, account, role: 'ADMIN' } }) as const;
const transfer = (from: string, to: string, stays = false) =>
  ({ type: 'TransferOwnership', subject, from, to, stays }) as const;

describe('ownership', () => {
  test('is transferred in one step, so that there is always an owner', () => {
    given(workspaceDecider, created).when(transfer('ada', 'bob')).then(granted('bob'), released('ada'));
    given(workspaceDecider, created)
      .when(transfer('ada', 'bob', true))
      .then(granted('bob'));
    given(workspaceDecider, created, granted('bob')).when(transfer('ada', 'bob')).then(released('ada'));
  });

  test('[P5.3] is nobody’s to give but an owner’s', () =>
    given(workspaceDecider, created, granted('bob'), released('ada'))
      .when(transfer('ada', 'eve'))
      .thenRefused('FORBIDDEN'));

  test('to oneself changes nothing', () => given(workspaceDecider, created).when(transfer('ada', 'ada')).thenNothing());

  test('of the last owner cannot be released; of one of two it can', () => {
    const release = { type: 'ReleaseOwnership', subject, account: 'ada' } as const;
    given(workspaceDecider, created).when(release).thenRefused('LAST_OWNER');
    given(workspaceDecider, created, granted('bob')).when(release).then(released('ada'));
    given(workspaceDecider, created, granted('bob'), released('ada')).when(release).thenNothing();
  });
});

describe('a member', () => {
  const added = { type: 'MemberAdded', data: { subject, account: 'bob', role: 'AGENT', name: 'Bob' } } as const;
  const removed = { type: 'MemberRemoved', data: { subject, how: 'LEFT' } } as const;
  const assign = (controller: string) => ({ type: 'AssignMember', subject, controller }) as const;
  const assigned = (controller: string) =>
    ({ type: 'MemberAssigned', data: { subject, assigned: controller } }) as const;

  test('is added once, and again after they have left', () => {
    const { type: _type, data } = added;
    const add = { type: 'AddMember', ...data } as const;
    given(memberDecider, added).when(add).thenNothing();
    given(memberDecider, added, removed).when(add).then(added);
  });

  test('who has left has no role to change and no client to be assigned to', () => {
    given(memberDecider, added, removed).when(assign('a')).thenRefused('NOT_FOUND', 'memberId');
    given(memberDecider, added, removed)
      .when({ type: 'ChangeRole', subject, role: 'ADMIN' })
      .thenRefused('NOT_FOUND', 'memberId');
  });

  test('is assigned to a client once, and not to more than a list can be put together from', () => {
    given(memberDecider, added, assigned('a')).when(assign('a')).thenNothing();
    const hundred = Array.from({ length: 100 }, (_, number) => assigned(`c${number}`));
    given(memberDecider, added, ...hundred)
      .when(assign('a'))
      .thenRefused('TOO_MANY', 'clientId');
    given(memberDecider, added, ...hundred, removed, added)
      .when(assign('a'))
      .then(assigned('a'));
  });
});

describe('an invitation', () => {
  const sent = {
    type: 'InvitationSent',
    data: { subject, email: 'bob@example.com', role: 'AGENT', expiresAt: '2026-01-08T00:00:00.000Z' },
  } as const;
  const accept = (account: string, now = '2026-01-02T00:00:00.000Z') =>
    ({ type: 'AcceptInvitation', subject, account, given: { now } }) as const;
  const accepted = { type: 'InvitationAccepted', data: { subject, account: 'bob' } } as const;
  const revoked = { type: 'InvitationRevoked', data: { subject } } as const;

  test('[P5.3] is accepted once, before it expires and while it was not revoked', () => {
    given(invitationDecider, sent).when(accept('bob')).then(accepted);
    given(invitationDecider, sent, accepted).when(accept('bob')).thenNothing();
    given(invitationDecider, sent, accepted).when(accept('eve')).thenRefused('INVITATION_NOT_VALID', 'token');
    given(invitationDecider, sent, revoked).when(accept('bob')).thenRefused('INVITATION_NOT_VALID', 'token');
    given(invitationDecider, sent)
      .when(accept('bob', sent.data.expiresAt))
      .thenRefused('INVITATION_NOT_VALID', 'token');
    given(invitationDecider).when(accept('bob')).thenRefused('INVITATION_NOT_VALID', 'token');
  });

  test('that was accepted cannot be revoked; one that was revoked stays so', () => {
    const revoke = { type: 'RevokeInvitation', subject } as const;
    given(invitationDecider, sent, accepted).when(revoke).thenRefused('INVITATION_NOT_VALID', 'id');
    given(invitationDecider, sent, revoked).when(revoke).thenNothing();
    given(invitationDecider).when(revoke).thenRefused('NOT_FOUND', 'id');
  });
});

test('a key is revoked once', () => {
  const revoke = { type: 'RevokeApiKey', subject } as const;
  const data = {
    subject,
    account: 'ada',
    name: 'K',
    scopes: ['contact:read' as const],
    expiresAt: '2027-01-01T00:00:00.000Z',
  };
  const made = { type: 'ApiKeyCreated', data } as const;
  const revoked = { type: 'ApiKeyRevoked', data: { subject } } as const;
  given(keyDecider, made).when(revoke).then(revoked);
  given(keyDecider, made, revoked).when(revoke).thenNothing();
  given(keyDecider).when(revoke).thenRefused('NOT_FOUND', 'id');
});

test('[P5.3] an auditor’s access has an end that comes after its beginning, and within a year', () => {
  const now = '2026-01-01T00:00:00.000Z';
  const grant = (until: string, from?: string) =>
    ({
      type: 'GrantAuditAccess',
      subject,
      member: 'm',
      from,
      until,
      purpose: 'LEGAL',
      personal: false,
      given: { now },
    }) as const;
  given(auditDecider)
    .when(grant('2026-02-01T00:00:00.000Z'))
    .then({
      type: 'AuditAccessGranted',
      data: { subject, member: 'm', from: now, until: '2026-02-01T00:00:00.000Z', purpose: 'LEGAL', personal: false },
    });
  given(auditDecider).when(grant(now)).thenRefused('BAD_USER_INPUT', 'until');
  given(auditDecider)
    .when(grant('2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'))
    .thenRefused('BAD_USER_INPUT', 'until');
  given(auditDecider).when(grant('2027-02-01T00:00:00.000Z')).thenRefused('BAD_USER_INPUT', 'until');
});
