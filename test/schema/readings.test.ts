import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType } from 'graphql';
import { buildCrmSchema } from '../../schema/build.js';
import { readings } from '../../schema/readings.js';

const schema = buildCrmSchema();
const types = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
);

/**
 * Types with text in them that is nobody's personal data, or that stands in no answer but inside an object which is noted
 * itself, or that only its own person is shown. A type that is new has to be put here or into `readings`.
 */
const NOBODYS: { readonly [type: string]: string } = {
  Account: 'its own person’s',
  Device: 'its own person’s',
  Passkey: 'its own person’s',
  LinkedIdentity: 'its own person’s',
  Workspace: 'the name of the tenant itself',
  ClosingWorkspace: 'the name of the tenant itself',
  AuditAccess: 'a note of the workspace’s own',
  ApiKey: 'a name that the workspace gives a program',
  RoleDefinition: 'a name that the workspace gives',
  Team: 'a name that the workspace gives',
  Product: 'of the workspace’s own list',
  Pipeline: 'of the workspace’s own list',
  Stage: 'of the workspace’s own list',
  LabelledValue: 'inside a contact',
  PostalAddress: 'inside a contact',
  CustomField: 'inside a contact, a company or a deal',
  Consent: 'inside a contact, or what a command has just said',
  KeptOfPerson: 'inside a contact, or what several people share',
  KeptPlace: 'inside a contact, or what several people share',
  EventField: 'inside an event of the history',
};
/** Codes, ids, digests and tokens of ours; text that says what a program is. */
const CODES =
  /^(id|.*Id|law|position|cursor|startCursor|endCursor|token|refreshToken|secret|uri|recoveryCodes|stage|currency|class|fingerprint|certificate|signature|path|step|kind|field|label|code|reason|category|anonymise|name|value|message|type|commandId|noticeVersion|acceptedPolicyVersion)$/;
const OURS = new Set([
  'ErasureReceipt',
  'DestroyedKey',
  'ErasureCertificate',
  'PreviewedField',
  'PossibleMention',
  'RetentionGround',
  'KeptClass',
  'EndedRetention',
  'MappedColumn',
  'ImportProblem',
  'ImportedKind',
  'GoingPart',
  'StayingPart',
  'CloseAccountPayload',
  'EraseWorkspacePayload',
  'BeginTotpPayload',
  'RecoveryCodesPayload',
  'OpenIdAttemptPayload',
  'PasskeyOptionsPayload',
  'Query',
  'ReadSubjects',
  'AccessLogEntry',
  'DataRead',
]);

const textsOf = (type: GraphQLObjectType): string[] =>
  Object.values(type.getFields())
    .filter(
      (field) => isLeafType(getNamedType(field.type)) && ['String', 'JSON'].includes(getNamedType(field.type).name),
    )
    .map(({ name }) => name);

test('[P7.1] every type with text in it is noted when it is read, or holds nobody’s data for a reason that is given', () => {
  const silent = types
    .filter(({ name }) => readings[name] === undefined && NOBODYS[name] === undefined && !OURS.has(name))
    .filter((type) => textsOf(type).some((name) => !CODES.test(name) || name === 'name' || name === 'value'))
    .map((type) => `${type.name}: ${textsOf(type).join(', ')}`);
  expect(silent).toEqual([]);
});

test('what is named here is in the schema', () => {
  const names = new Set(types.map(({ name }) => name));
  expect([...Object.keys(NOBODYS), ...OURS].filter((name) => !names.has(name))).toEqual([]);
});

/** Fields of noted types that show nothing of the person: codes, ids, times, amounts and links to objects noted themselves. */
const OPEN: { readonly [type: string]: readonly string[] } = {
  Contact: ['accessLog', 'anonymisedAt', 'client', 'company', 'privacyState'],
  Company: ['yearEstablished', 'employees', 'revenueMinor', 'subsidiaryOf'],
  Deal: [
    'stage',
    'outcome',
    'valueMinor',
    'currency',
    'engageDate',
    'closeDate',
    'stageHistory',
    'company',
    'contact',
    'product',
    'owner',
    'pipeline',
  ],
  Member: ['role', 'customRoleId', 'assignedIds', 'canSignIn', 'leftAt'],
  Invitation: ['role', 'customRoleId', 'state', 'expiresAt', 'memberId'],
  Client: [],
  HistoryEvent: ['type', 'entityId', 'controllerId', 'recordedAt', 'actor', 'revision', 'position', 'commandId'],
};
const OF_ALL = ['id', 'subjectId', 'version', 'createdAt', 'updatedAt', 'deletedAt'];

test.each(Object.keys(readings))(
  '[P7.1] every field of %s says which categories it shows, or is named here as showing none',
  (name) => {
    const { fields, shown = {} } = readings[name]!;
    const all = Object.keys((schema.getType(name) as GraphQLObjectType).getFields());
    const open = [...OF_ALL, ...OPEN[name]!];
    expect(all.filter((field) => !open.includes(field)).sort()).toEqual(Object.keys({ ...fields, ...shown }).sort());
  },
);
