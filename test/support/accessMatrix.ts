import { type GraphQLObjectType, type GraphQLSchema, isObjectType } from 'graphql';
import { allowed, needed } from '../../schema/access.js';
import { builtInRoles } from '../../src/identity/access/roles.js';
import { mutate, newId } from './mutations.js';
import { documentOf, type RootField, rootFields, samplesOf, selectionOf } from './sampleInputs.js';
import { type Answer, asking, type Caller } from './server.js';
import type { Colleague, Workplace } from './workplace.js';

/** What a client of the workspace keeps, or what there is not. */
export type Kept = { readonly [K in 'client' | 'company' | 'contact' | 'deal']: string };

/** Somebody who asks, as a column of the matrix. */
export interface Column {
  readonly name: string;
  readonly caller: Caller;
}

/** `all`: whosever the record is; `clients`: those of assigned clients, others as if there were none; `no`: refused. */
export type Verdict = 'all' | 'clients' | 'yes' | 'no';

export interface Row {
  readonly kind: string;
  readonly name: string;
  readonly permission: string;
  readonly verdicts: readonly Verdict[];
}

const consent = { purpose: 'MARKETING', channel: 'EMAIL' };

/** Operations that are about a client's records: which, by what they are given. All others are given what there is not. */
export const aboutRecords: { readonly [operation: string]: (kept: Kept) => object } = {
  contact: ({ contact }) => ({ id: contact }),
  company: ({ company }) => ({ id: company }),
  deal: ({ deal }) => ({ id: deal }),
  contacts: ({ client }) => ({ filter: { clientId: client } }),
  deals: ({ client }) => ({ filter: { clientId: client } }),
  eventHistory: ({ contact }) => ({ filter: { entityId: contact } }),
  createContact: ({ client }) => ({ input: { givenName: 'X', clientId: client } }),
  createCompany: ({ client }) => ({ input: { name: 'X', clientId: client } }),
  createDeal: ({ client }) => ({ input: { title: 'X', clientId: client } }),
  updateContact: ({ contact }) => ({ input: { id: contact, nickname: 'X' } }),
  updateCompany: ({ company }) => ({ input: { id: company, name: 'X' } }),
  updateDeal: ({ deal }) => ({ input: { id: deal, title: 'X' } }),
  deleteContact: ({ contact }) => ({ input: { id: contact } }),
  deleteCompany: ({ company }) => ({ input: { id: company } }),
  deleteDeal: ({ deal }) => ({ input: { id: deal } }),
  restoreContact: ({ contact }) => ({ input: { id: contact } }),
  restoreCompany: ({ company }) => ({ input: { id: company } }),
  restoreDeal: ({ deal }) => ({ input: { id: deal } }),
  recordConsent: ({ contact }) => ({ input: { contactId: contact, ...consent, noticeVersion: '1' } }),
  withdrawConsent: ({ contact }) => ({ input: { contactId: contact, ...consent } }),
  importContacts: ({ client }) => ({ input: { clientId: client, file: { text: 'first name\nX\n' }, dryRun: true } }),
  eraseContact: ({ contact }) => ({ input: { id: contact } }),
  anonymiseContact: ({ contact }) => ({ input: { id: contact } }),
};

/** Where a member would take themselves out, or everybody: refused for another reason after it was found that they may. */
const notToBeDone: { readonly [operation: string]: object } = {
  leaveWorkspace: { input: { commandId: 'nonsense' } },
  eraseWorkspace: { input: { commandId: 'nonsense' } },
};

/** A client with a record of each kind. */
export const furnish = async (workplace: Workplace, owner: Caller, client: string): Promise<Kept> => {
  const ask = asking(workplace, owner);
  const more = { clientId: client };
  const company = await newId(ask, 'company', { name: 'C', ...more });
  const contact = await newId(ask, 'contact', { givenName: 'G', birthDate: '1980-01-01', notes: ['n'], ...more });
  const deal = await newId(ask, 'deal', { title: 'D', valueMinor: 5, ...more });
  return { client, company, contact, deal };
};

const nobodys = (): Kept => {
  const id = () => crypto.randomUUID();
  return { client: id(), company: id(), contact: id(), deal: id() };
};

const GUARDS = new Set(['FORBIDDEN', 'UNAUTHENTICATED']);
export const isRefused = ({ errors }: Answer): boolean => GUARDS.has(errors?.[0]?.extensions.code ?? '');

/** What an answer tells, without what differs from one time to the next. */
export const told = ({ data, errors }: Answer): unknown => ({
  data,
  errors: errors?.map(({ extensions }) => extensions),
});

export const run = (workplace: Workplace, operation: RootField, caller: Caller, given?: object): Promise<Answer> => {
  const args = given ?? argumentsOf(operation);
  return workplace.ask(documentOf(operation, args), args, caller);
};

const argumentsOf = ({ name, field }: RootField): object => notToBeDone[name] ?? samplesOf(field.args);

/** What the guard says of everybody who has an account does not depend on their role. */
export const isForEverybody = ({ field }: RootField): boolean => ['public', 'signed-in'].includes(allowed(field)!);

export interface Setting {
  readonly workplace: Workplace;
  readonly owner: Colleague;
  /** Records of a client that every confined column is assigned to, and of one that none is. */
  readonly kept: { readonly assigned: Kept; readonly other: Kept };
}

/** After these there is no record for the next who asks. */
const TAKES_AWAY: ReadonlySet<string> = new Set(['eraseContact', 'anonymiseContact']);

/** Runs one operation as one caller, on an assigned client's records, on another's, and on what there is not. */
export const verdictOf = async (operation: RootField, { caller }: Column, setting: Setting): Promise<Verdict> => {
  const { workplace, owner, kept } = setting;
  const { name } = operation;
  const about = aboutRecords[name];
  if (about === undefined) return isRefused(await run(workplace, operation, caller)) ? 'no' : 'yes';
  const none = await run(workplace, operation, caller, about(nobodys()));
  if (isRefused(none)) return 'no';
  const answerOn = async (records: Kept): Promise<string> => {
    const fresh = TAKES_AWAY.has(name) ? await furnish(workplace, owner, records.client) : records;
    return JSON.stringify(told(await run(workplace, operation, caller, about(fresh))));
  };
  const nothing = JSON.stringify(told(none));
  if ((await answerOn(kept.assigned)) === nothing) throw new Error(`${name} does not tell its own.`);
  return (await answerOn(kept.other)) === nothing ? 'clients' : 'all';
};

/** Everybody whom the matrix has a column for: each role, an auditor with a grant, a key with one scope, and nobody. */
export const columnsOf = async ({ workplace, owner, kept }: Setting): Promise<Column[]> => {
  const assigned = kept.assigned.client;
  const ask = asking(workplace, owner);
  const columns: Column[] = [{ name: 'nobody', caller: {} }];
  for (const role of builtInRoles) {
    const caller = role === 'OWNER' ? owner : await workplace.join(owner, `The-${role}`, { role });
    columns.push({ name: role, caller });
    if (role === 'AGENT')
      await mutate(ask, 'assignClient', { memberId: caller.memberId, clientId: assigned }, 'version');
  }
  const auditor = await workplace.join(owner, 'The-granted', { role: 'AUDITOR' });
  const grant = {
    memberId: auditor.memberId,
    until: '2026-12-31T00:00:00Z',
    purpose: 'PRIVACY',
    clientIds: [assigned],
  };
  await mutate(ask, 'grantAuditAccess', grant, 'version');
  columns.push({ name: 'AUDITOR, granted', caller: auditor });
  const key = { name: 'K', scopes: ['CONTACT_READ'], clientIds: [assigned] };
  const { secret } = await mutate(ask, 'createApiKey', key, 'secret');
  return [...columns, { name: 'key', caller: { token: secret, workspace: owner.workspace } }];
};

export const rowsOf = async (schema: GraphQLSchema, columns: readonly Column[], setting: Setting): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const operation of rootFields(schema).filter(({ kind }) => kind !== 'subscription')) {
    const { kind, name, field } = operation;
    if (isForEverybody(operation) && name !== 'leaveWorkspace') continue;
    const verdicts: Verdict[] = [];
    for (const column of columns) verdicts.push(await verdictOf(operation, column, setting));
    rows.push({ kind, name, permission: allowed(field)!, verdicts });
  }
  return rows;
};

/** How an object of a type is come by, to ask for one of its fields. */
const REACHED: { readonly [type: string]: (kept: Kept) => string } = {
  Contact: ({ contact }) => `contact(id: "${contact}")`,
  Company: ({ company }) => `company(id: "${company}")`,
  Deal: ({ deal }) => `deal(id: "${deal}")`,
  StageTotal: () => 'dealTotals',
};

/** Fields of records that ask for more than the record itself. */
export const fieldRowsOf = async (
  schema: GraphQLSchema,
  columns: readonly Column[],
  setting: Setting,
): Promise<Row[]> => {
  const { workplace } = setting;
  const kept = await furnish(workplace, setting.owner, setting.kept.assigned.client);
  const rows: Row[] = [];
  for (const [name, reached] of Object.entries(REACHED)) {
    const type = schema.getType(name) as GraphQLObjectType;
    for (const field of Object.values(type.getFields())) {
      const permissions = needed(type, field);
      if (permissions.length === 0) continue;
      const query = `{ ${reached(kept)} { ${field.name} ${selectionOf(field)} } }`;
      const verdicts: Verdict[] = [];
      for (const { caller } of columns) verdicts.push(isRefused(await workplace.ask(query, {}, caller)) ? 'no' : 'yes');
      rows.push({ kind: 'field', name: `${name}.${field.name}`, permission: permissions.join(', '), verdicts });
    }
  }
  return rows;
};

/** Fields with a permission of their own on types that are not reached above, and that are no connection or payload. */
export const unreachedFields = (schema: GraphQLSchema): string[] =>
  Object.values(schema.getTypeMap())
    .filter((type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'))
    .filter((type) => REACHED[type.name] === undefined && !rootNames(schema).has(type.name))
    .flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => allowed(field) !== undefined && allowed(field) !== allowed(type))
        .map((field) => `${type.name}.${field.name}`),
    );

const rootNames = (schema: GraphQLSchema): Set<string | undefined> =>
  new Set([schema.getQueryType()?.name, schema.getMutationType()?.name, schema.getSubscriptionType()?.name]);

const SIGNS: { readonly [V in Verdict]: string } = { all: 'all', clients: 'clients', yes: 'yes', no: '–' };

const tableOf = (columns: readonly Column[], rows: readonly Row[], what: string): string => {
  const cells = (each: readonly string[]) => `| ${each.join(' | ')} |`;
  const head = [what, 'permission', ...columns.map(({ name }) => name)];
  const lines = rows.map(({ name, permission, verdicts }) =>
    cells([`\`${name}\``, `\`${permission}\``, ...verdicts.map((verdict) => SIGNS[verdict])]),
  );
  return [cells(head), cells(head.map(() => '---')), ...lines].join('\n');
};

const listOf = (schema: GraphQLSchema, permission: string): string =>
  rootFields(schema)
    .filter(({ field }) => allowed(field) === permission)
    .map(({ name }) => `\`${name}\``)
    .join(', ');

/** The document `docs/access.md`. */
export const accessDocument = (
  schema: GraphQLSchema,
  columns: readonly Column[],
  rows: readonly Row[],
  fields: readonly Row[],
): string => `# Who may do what

Made by \`test/e2e/accessMatrix.test.ts\`, which runs every operation as everybody here against the server, and fails where this page says something else
(\`WRITE_ACCESS=1\` writes it anew). What the roles may do is written in \`src/identity/access/roles.ts\`; a query, mutation, subscription or field that names no permission stops the schema from being built.

\`all\`: whosever the record is, in the workspace. \`clients\`: of the clients that the member is assigned to, alone or in a team; any other record is answered as one that there is not. \`yes\`: it is about no
client's records. \`–\`: refused. In the columns, the agent, the granted auditor and the key are assigned to one client of two; the auditor's grant is running and opens no sealed fields; the key has the scope
\`CONTACT_READ\` of the owner's. A workspace that somebody is not a member of refuses everything, and ids of its records are answered as ids that there are not.

For anybody: ${listOf(schema, 'public')}. For everybody with an account, whatever their role, and for no key: ${listOf(schema, 'signed-in')}.
The subscription \`events\` asks for what \`eventHistory\` asks for, anew with every event.

## Queries

${tableOf(
  columns,
  rows.filter(({ kind }) => kind === 'query'),
  'query',
)}

## Mutations

${tableOf(
  columns,
  rows.filter(({ kind }) => kind === 'mutation'),
  'mutation',
)}

## Fields that ask for more than their record

${tableOf(columns, fields, 'field')}
`;
