import { historyOf, mutate, mutation, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;
let eve: SignedUp;
let ask: ReturnType<typeof asking>;
/** What Ada has, and Eve must not be able to tell from what there is not. */
const foreign: Record<string, string> = {};
/** What Eve has herself. */
const own: Record<string, string> = {};

const furnish = async (asOwner: ReturnType<typeof asking>, into: Record<string, string>) => {
  for (const [kind, input] of [
    ['contact', { givenName: 'G' }],
    ['company', { name: 'C' }],
    ['product', { name: 'P' }],
    ['deal', { title: 'D' }],
    ['client', { name: 'C' }],
  ] as const) {
    into[kind] = await newId(asOwner, kind, input);
  }
  const { pipelines, members, contact } = await asOwner(
    'query ($id: ID!) { pipelines { id } members { id } contact(id: $id) { subjectId } }',
    { id: into.contact },
  );
  Object.assign(into, { pipeline: pipelines[0].id, member: members[0].id, subject: contact.subjectId });
  const role = { name: 'R', permissions: ['CONTACT_READ'] };
  const team = { name: 'T', memberIds: [], clientIds: [] };
  const key = { name: 'K', scopes: ['CONTACT_READ'] };
  const email = `${into.contact}@example.com`;
  into.role = (await mutate(asOwner, 'defineRole', role, 'role { id }')).role.id;
  into.team = (await mutate(asOwner, 'defineTeam', team, 'team { id }')).team.id;
  into.key = (await mutate(asOwner, 'createApiKey', key, 'apiKey { id }')).apiKey.id;
  into.invitation = (await mutate(asOwner, 'inviteMember', { email }, 'invitation { id }')).invitation.id;
};

beforeAll(async () => {
  server = await startServer(directory.path());
  const ada = await signUp(server, 'Ada');
  eve = await signUp(server, 'Eve');
  ask = asking(server, eve);
  await furnish(asking(server, ada), foreign);
  await furnish(ask, own);
  foreign.account = ada.account;
});
afterAll(() => server.stop());

const consent = { purpose: 'MARKETING', channel: 'EMAIL' };
const file = { text: 'first name\nGrace\n' };
const stages = [{ id: 'a', name: 'A' }];
const mention = { kind: 'DEAL', field: 'title', decision: 'NOT_THIS_PERSON' };
const audit = { until: '2100-01-01T00:00:00Z', purpose: 'PRIVACY' };

/** Every place of a mutation where an id is taken: whose it is of, and what else the input needs. */
const mutations: readonly (readonly [place: string, kind: string, input: () => object])[] = [
  ['updateContact.id', 'contact', () => ({ givenName: 'X' })],
  ['updateContact.companyId', 'company', () => ({ id: own.contact })],
  ['deleteContact.id', 'contact', () => ({})],
  ['restoreContact.id', 'contact', () => ({})],
  ['anonymiseContact.id', 'contact', () => ({})],
  ['eraseContact.id', 'contact', () => ({})],
  ['requestErasure.contactIds', 'contact', () => ({ kind: 'ERASE' })],
  ['approveErasure.erasureId', 'contact', () => ({})],
  ['callOffErasure.erasureId', 'contact', () => ({})],
  ['placeHold.contactId', 'contact', () => ({ ground: 'LEGAL_CLAIM' })],
  ['liftHold.contactId', 'contact', () => ({ holdId: crypto.randomUUID() })],
  ['liftHold.holdId', 'contact', () => ({ contactId: own.contact })],
  ['decideMentions.contactId', 'contact', () => ({ decisions: [{ ...mention, id: own.deal }] })],
  ['createContact.companyId', 'company', () => ({ givenName: 'X' })],
  ['createContact.clientId', 'client', () => ({ givenName: 'X' })],
  ['recordConsent.contactId', 'contact', () => ({ ...consent, noticeVersion: '1' })],
  ['withdrawConsent.contactId', 'contact', () => consent],
  ['createCompany.subsidiaryOfId', 'company', () => ({ name: 'X' })],
  ['updateCompany.id', 'company', () => ({ name: 'X' })],
  ['updateCompany.subsidiaryOfId', 'company', () => ({ id: own.company })],
  ['deleteCompany.id', 'company', () => ({})],
  ['restoreCompany.id', 'company', () => ({})],
  ['updateProduct.id', 'product', () => ({ name: 'X' })],
  ['deleteProduct.id', 'product', () => ({})],
  ['restoreProduct.id', 'product', () => ({})],
  ['createDeal.pipelineId', 'pipeline', () => ({ title: 'X' })],
  ['createDeal.clientId', 'client', () => ({ title: 'X' })],
  ...['createDeal', 'updateDeal'].flatMap((name) =>
    (['owner member', 'company company', 'contact contact', 'product product'] as const).map((link) => {
      const [argument, kind] = link.split(' ') as [string, string];
      return [
        `${name}.${argument}Id`,
        kind,
        () => (name === 'createDeal' ? { title: 'X' } : { id: own.deal }),
      ] as const;
    }),
  ),
  ['updateDeal.id', 'deal', () => ({ title: 'X' })],
  ['deleteDeal.id', 'deal', () => ({})],
  ['restoreDeal.id', 'deal', () => ({})],
  ['definePipeline.id', 'pipeline', () => ({ name: 'X', stages })],
  ['importContacts.clientId', 'client', () => ({ file })],
  ['createCompany.clientId', 'client', () => ({ name: 'X' })],
  ['inviteMember.customRoleId', 'role', () => ({ email: 'x@example.com', role: 'CUSTOM' })],
  ['inviteMember.memberId', 'member', () => ({ email: 'x@example.com' })],
  ['revokeInvitation.id', 'invitation', () => ({})],
  ['changeMemberRole.memberId', 'member', () => ({ role: 'AGENT' })],
  ['changeMemberRole.customRoleId', 'role', () => ({ memberId: own.member, role: 'CUSTOM' })],
  ['removeMember.memberId', 'member', () => ({})],
  ['transferOwnership.memberId', 'member', () => ({})],
  ...['assignClient', 'unassignClient'].flatMap((name) => [
    [`${name}.memberId`, 'member', () => ({ clientId: own.client })] as const,
    [`${name}.clientId`, 'client', () => ({ memberId: own.member })] as const,
  ]),
  ['grantAuditAccess.memberId', 'member', () => audit],
  ['grantAuditAccess.clientIds', 'client', () => ({ ...audit, memberId: own.member })],
  ['createApiKey.clientIds', 'client', () => ({ name: 'X', scopes: ['CONTACT_READ'] })],
  ['revokeApiKey.id', 'key', () => ({})],
  ['defineRole.id', 'role', () => ({ name: 'X', permissions: [] })],
  ['defineTeam.id', 'team', () => ({ name: 'X', memberIds: [], clientIds: [] })],
  ['defineTeam.memberIds', 'member', () => ({ name: 'X', clientIds: [] })],
  ['defineTeam.clientIds', 'client', () => ({ name: 'X', memberIds: [] })],
];

const unknownId = () => crypto.randomUUID();
const NONSENSE = ['', 'nonsense', 'contact-1', '../../etc/passwd', "' OR 1=1 --", 'é🙂', 'A'.repeat(5_000)];

test.each(mutations)(
  '[P5.3] %s: an id of another workspace is answered as one that there is not',
  async (place, kind, input) => {
    const [name, argument] = place.split('.') as [string, string];
    const sent = async (id: string) => {
      const { data, errors } = await server.ask(
        mutation(name, '__typename'),
        { input: { ...input(), [argument]: argument.endsWith('Ids') ? [id] : id } },
        eve,
      );
      expect(data?.[name] ?? null).toBeNull();
      return errors;
    };
    const before = await historyOf(ask);
    const unknown = await sent(unknownId());
    expect(unknown).toMatchObject([{ extensions: { code: 'NOT_FOUND', field: `input.${argument}` } }]);
    expect(await sent(foreign[kind]!)).toEqual(unknown);
    for (const id of NONSENSE) expect([id, await sent(id)]).toEqual([id, unknown]);
    expect(await historyOf(ask)).toEqual(before);
  },
);

test('[P5.3] the version that a foreign record has cannot be told from the answer to an expected one', async () => {
  for (const kind of ['Contact', 'Company', 'Product', 'Deal']) {
    const sent = async (id: string, expectedVersion: number) =>
      (await server.ask(mutation(`delete${kind}`, '__typename'), { input: { id, expectedVersion } }, eve)).errors;
    const unknown = await sent(unknownId(), 1);
    for (const version of [1, 2]) expect(await sent(foreign[kind.toLowerCase()]!, version)).toEqual(unknown);
  }
});

test('[P5.3] a command id of somebody else is nothing to a caller', async () => {
  const commandId = unknownId();
  const ada = await signUp(server, 'Annabel');
  await mutate(asking(server, ada), 'createCompany', { commandId, name: 'Hers' }, 'version');
  const { company } = await mutate(ask, 'createCompany', { commandId, name: 'Mine' }, 'company { name }');
  expect(company.name).toBe('Mine');
});

/** Every place of a query where an id is taken. */
const queries: readonly (readonly [place: string, kind: string, query: string])[] = [
  ['contact.id', 'contact', 'contact(id: $id) { id }'],
  ['company.id', 'company', 'company(id: $id) { id }'],
  ['product.id', 'product', 'product(id: $id) { id }'],
  ['deal.id', 'deal', 'deal(id: $id) { id }'],
  ['contact.id and asOf', 'contact', 'contact(id: $id, asOf: "2100-01-01T00:00:00Z") { id }'],
  ['deal.id and asOf', 'deal', 'deal(id: $id, asOf: "2100-01-01T00:00:00Z") { id }'],
  ['contacts.companyId', 'company', 'contacts(filter: { companyId: $id }) { totalCount nodes { id } }'],
  ['contacts.clientId', 'client', 'contacts(filter: { clientId: $id }) { totalCount nodes { id } }'],
  ...(['owner member', 'company company', 'contact contact', 'product product', 'client client'] as const).map(
    (link) => {
      const [argument, kind] = link.split(' ') as [string, string];
      return [
        `deals.${argument}Id`,
        kind,
        `deals(filter: { ${argument}Id: $id }) { totalCount nodes { id } }`,
      ] as const;
    },
  ),
  ['erasurePreview.contactIds', 'contact', 'erasurePreview(contactIds: [$id]) { contactId }'],
  ['erasure.id', 'contact', 'erasure(id: $id) { id }'],
  ['holds.contactId', 'contact', 'holds(contactId: $id) { id }'],
  ['anonymityReport.clientId', 'client', 'anonymityReport(clientId: $id) { people combinations { people } }'],
  ['eventHistory.entityId', 'contact', 'eventHistory(filter: { entityId: $id }) { nodes { id } }'],
  ['eventHistory.subjectId', 'subject', 'eventHistory(filter: { subjectId: $id }) { nodes { id } }'],
  ['eventHistory.actorId', 'account', 'eventHistory(filter: { actorId: $id }) { nodes { id } }'],
  ['accessLog.subjectId', 'subject', 'accessLog(filter: { subjectId: $id }) { nodes { at } }'],
  ['accessLog.actorId', 'account', 'accessLog(filter: { actorId: $id }) { nodes { at } }'],
];

test.each(queries)(
  '[P5.3] %s: an id of another workspace finds nothing, as one that there is not',
  async (_place, kind, query) => {
    const sent = (id: string) => server.ask(`query ($id: ID!) { ${query} }`, { id }, eve);
    const unknown = await sent(unknownId());
    expect(unknown.errors).toBeUndefined();
    expect(await sent(foreign[kind]!)).toEqual(unknown);
    for (const id of NONSENSE) expect([id, await sent(id)]).toEqual([id, unknown]);
  },
);

test('no query or mutation that takes an id has been left out of these', async () => {
  const type = 'type { name kind ofType { name kind ofType { name kind ofType { name } } }';
  const { __schema } = await ask(`{ __schema {
    queryType { fields { name args { name ${type} } } } } mutationType { fields { name args { name ${type} } } } }
    types { name inputFields { name ${type} } } } } }`);
  interface Type {
    readonly name: string | null;
    readonly ofType?: Type;
  }
  interface Argument {
    readonly name: string;
    readonly type: Type;
  }
  const named = ({ name, ofType }: Type): string => name ?? named(ofType!);
  const inputs = new Map<string, readonly Argument[]>(
    __schema.types.map((each: { name: string; inputFields: Argument[] | null }) => [each.name, each.inputFields ?? []]),
  );
  const taken = ({ fields }: { fields: { name: string; args: Argument[] }[] }) =>
    fields.flatMap(({ name, args }) =>
      args
        .flatMap((argument) => [argument, ...(inputs.get(named(argument.type)) ?? [])])
        .filter((argument) => named(argument.type) === 'ID' && !['commandId', 'stage'].includes(argument.name))
        .map((argument) => `${name}.${argument.name}`),
    );
  /** Not of a workspace, or not without somebody to have it: test/e2e/audits, sessions, passkeys and openId. */
  const elsewhere = ['endAuditAccess.id', 'revokeDevice.id', 'removePasskey.id', 'renamePasskey.id', 'unlinkOpenId.id'];
  const covered = [...elsewhere, ...[...mutations, ...queries].map(([place]) => place)];
  expect(
    [...taken(__schema.queryType), ...taken(__schema.mutationType)].filter((place) => !covered.includes(place)),
  ).toEqual([]);
});
