import { registerEnumType } from 'type-graphql';
import { restrictionReasons } from '../src/crm/contacts/events.js';
import { outcomes } from '../src/crm/pipelines/events.js';
import { identifiers } from '../src/crm/searches/events.js';
import { type Permission, permissions, roles } from '../src/identity/access/roles.js';
import { workspaceFates } from '../src/identity/accounts/closing.js';
import { auditPurposes } from '../src/identity/audits/events.js';
import { channels, legalBases, purposes } from '../src/privacy/consent/events.js';
import { erasureStandings } from '../src/privacy/erasure/erasures.js';
import { erasureKinds, erasureReasons } from '../src/privacy/erasure/events.js';
import { holdGrounds } from '../src/privacy/holds/events.js';
import { mentionDecisions, mentionKinds } from '../src/privacy/mentions/events.js';
import { type KeepableClass, keepableClasses } from '../src/privacy/retention/events.js';
import { approvals } from '../src/privacy/safeguards/events.js';

/** A GraphQL enum whose values are the codes themselves. */
const enumOf = <T extends string>(name: string, values: readonly T[], description: string): { [K in T]: K } => {
  const object = Object.fromEntries(values.map((value) => [value, value])) as { [K in T]: K };
  registerEnumType(object, { name, description });
  return object;
};

/** Permissions, whose names have signs that GraphQL does not take: `contact:read-notes` is `CONTACT_READ_NOTES`. */
function permissionEnum(): { [name: string]: Permission } {
  const object = Object.fromEntries(permissions.map((each) => [each.toUpperCase().replace(/[:-]/g, '_'), each]));
  registerEnumType(object, { name: 'Permission', description: 'What may be done in a workspace.' });
  return object;
}

/** Classes of keys that a law may keep: `consent-evidence` is `CONSENT_EVIDENCE`. */
function classEnum(): { [name: string]: KeepableClass } {
  const object = Object.fromEntries(keepableClasses.map((each) => [each.toUpperCase().replace('-', '_'), each]));
  registerEnumType(object, { name: 'KeepableClass', description: 'Data that a law may keep when a person is erased.' });
  return object;
}

export const PurposeEnum = enumOf('Purpose', purposes, 'What data may be used for, where the person has a say.');
export const ChannelEnum = enumOf('Channel', channels, 'How a person is reached.');
export const LegalBasisEnum = enumOf(
  'LegalBasis',
  legalBases,
  'What the use stands on: consent, or the soft opt-in for own customers.',
);
export const ConsentStateEnum = enumOf('ConsentState', ['GIVEN', 'WITHDRAWN'] as const, 'Where a person stands.');
export const OutcomeEnum = enumOf('Outcome', outcomes, 'Whether a deal is still open, and how it ended.');
export const RoleEnum = enumOf(
  'Role',
  roles,
  'What somebody is in a workspace. AUDITOR: nothing but by a grant. CUSTOM: a role that the workspace has made.',
);
export const PermissionEnum = permissionEnum();
export const AuditPurposeEnum = enumOf('AuditPurpose', auditPurposes, 'What an audit is for.');
export const InvitationStateEnum = enumOf(
  'InvitationState',
  ['OPEN', 'ACCEPTED', 'REVOKED', 'EXPIRED'] as const,
  'What became of an invitation.',
);
export const IdentifierEnum = enumOf('Identifier', identifiers, 'What a person can be looked for by.');
export const RestrictionEnum = enumOf('RestrictionReason', restrictionReasons, 'Why a contact is stored but not used.');
export const ErasureKindEnum = enumOf(
  'ErasureKind',
  erasureKinds,
  'Erase takes the record along, anonymise leaves it.',
);
export const ErasureReasonEnum = enumOf('ErasureReason', erasureReasons, 'Why a person is erased.');
export const MentionKindEnum = enumOf('MentionKind', mentionKinds, 'Records whose texts may mention somebody.');
export const MentionDecisionEnum = enumOf(
  'MentionDecision',
  mentionDecisions,
  'REDACT takes the mention out of the text; with NOT_THIS_PERSON it stays and is not listed again.',
);
export const KeepableClassEnum = classEnum();
export const ApprovalEnum = enumOf(
  'Approval',
  approvals,
  'What comes before an erasure: nothing, the yes of a second person, or a time in which it can be called off.',
);
export const ErasureStandingEnum = enumOf(
  'ErasureStanding',
  erasureStandings,
  'CARRIED_OUT: everybody is gone from keys and read models; CERTIFIED: the read store is rewritten as well, and the certificates are signed.',
);
export const WorkspaceFateEnum = enumOf(
  'WorkspaceFate',
  workspaceFates,
  'STAYS: without the one who closes their account. GOES: there is nobody else in it. IN_THE_WAY: the caller alone owns it and others are members, or it guards its erasures: transfer it or erase it first.',
);
export const HoldGroundEnum = enumOf('HoldGround', holdGrounds, 'Why data must not go although its owner asks.');
export const DirectionEnum = enumOf('Direction', ['ASC', 'DESC'] as const, 'Smallest first, or greatest first.');
export const PrivacyStateEnum = enumOf(
  'PrivacyState',
  ['ACTIVE', 'RESTRICTED', 'DEIDENTIFIED', 'ANONYMOUS'] as const,
  'RESTRICTED: stored but not used. DEIDENTIFIED: what identifies is gone, but links or a rare combination of what is left could still single someone out. ANONYMOUS: neither is so, now.',
);
export const ContactOrderEnum = enumOf(
  'ContactOrderField',
  ['FAMILY_NAME', 'CREATED_AT'] as const,
  'What contacts can be ordered by.',
);
export const CompanyOrderEnum = enumOf(
  'CompanyOrderField',
  ['NAME', 'CREATED_AT'] as const,
  'What companies can be ordered by.',
);
export const DealOrderEnum = enumOf(
  'DealOrderField',
  ['CLOSE_DATE', 'CREATED_AT', 'VALUE'] as const,
  'What deals can be ordered by.',
);

/** The one value of an enum's type. */
export type OneOf<E> = E[keyof E];
