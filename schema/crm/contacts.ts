import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import { rowAsOf } from '../../projections/asOf.js';
import {
  type ContactRow,
  contactById,
  contactPage,
  contacts,
  contactTable,
  emailFacet,
  reachFacet,
} from '../../projections/crm/contacts.js';
import { BIN, clientFacet, externalFacet, LIVE, tagFacet } from '../../projections/crm/record.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { reachAfter, reachOf } from '../../src/crm/contacts/reach.js';
import { CrmError } from '../../src/errors.js';
import { consentNeededFor } from '../../src/identity/access/readPurposes.js';
import { instant } from '../../src/kernel/clock.js';
import { streamOf } from '../../src/kernel/decider.js';
import { subjectIdOf } from '../../src/kernel/ids.js';
import { anonymisationDecider } from '../../src/privacy/anonymisation/decider.js';
import { consentDecider } from '../../src/privacy/consent/decider.js';
import { subjectDecider } from '../../src/privacy/erasure/decider.js';
import { Allow } from '../access.js';
import { Connection, PageArgs } from '../connection.js';
import type { Context } from '../context.js';
import { Client, requireClient, toClient } from '../identity/workspaces.js';
import { connectionOf, oneOrder, pageQuery } from '../page.js';
import { DateTime } from '../scalars.js';
import { selects, selectsCount } from '../selection.js';
import { customFieldsIn, RecordInput, wanted, withoutNulls } from './common.js';
import { Company, companyOf, requireCompany } from './companies.js';
import {
  Contact,
  type ContactFields,
  ContactFilter,
  ContactOrder,
  ContactPayload,
  CreateContactInput,
  UpdateContactInput,
} from './contactTypes.js';

export const toContact = (row: ContactRow): Contact => new Contact(row);

const ContactConnection = Connection(Contact);

const SHOWN_IN = [contacts.name, 'history'];

const facetsOf = (filter: ContactFilter | null): readonly string[] => {
  const facets: string[] = [];
  if (wanted(filter?.channel) && !wanted(filter.mayContactFor)) {
    throw new CrmError('BAD_USER_INPUT', { field: 'filter.channel', reason: 'A channel narrows mayContactFor.' });
  }
  if (wanted(filter?.mayContactFor)) facets.push(reachFacet(filter.mayContactFor, filter.channel ?? undefined));
  if (wanted(filter?.tag)) facets.push(tagFacet(filter.tag));
  if (wanted(filter?.email)) facets.push(emailFacet(filter.email));
  if (wanted(filter?.companyId)) facets.push(`company:${filter.companyId}`);
  if (wanted(filter?.clientId)) facets.push(clientFacet(filter.clientId));
  if (wanted(filter?.restricted)) facets.push(`restricted:${filter.restricted}`);
  if (wanted(filter?.externalId)) facets.push(externalFacet(filter.externalId));
  if (filter?.deleted) facets.push(BIN);
  return facets.length === 0 ? [LIVE] : facets;
};

/** Where people have a say in what is read for, a list is of those who have said yes. */
const facetsFor = (filter: ContactFilter | null, context: Context): readonly string[] => {
  const facets = facetsOf(filter);
  const consent = consentNeededFor(context.purpose);
  return consent === null ? facets : [...facets.filter((facet) => facet !== LIVE), reachFacet(consent)];
};

@Resolver(() => Contact)
export class ContactResolver {
  @Allow('contact:read')
  @Query(() => Contact, { nullable: true, description: 'Now, or as the history has it at an instant.' })
  async contact(
    @Arg('id', () => ID) id: string,
    @Arg('asOf', () => DateTime, { nullable: true }) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<Contact | null> {
    const row = asOf ? await contactAsOf(id, asOf, context) : await context.loaders.contact.get(id);
    return row === null ? null : toContact(row);
  }

  @Allow('contact:read')
  @Query(() => ContactConnection)
  async contacts(
    @Args() page: PageArgs,
    @Arg('filter', () => ContactFilter, { nullable: true }) filter: ContactFilter | null,
    @Arg('orderBy', () => [ContactOrder], { nullable: true }) orderBy: ContactOrder[] | null,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { field, descending } = oneOrder(orderBy, 'FAMILY_NAME');
    const query = pageQuery({
      scope: context.workspace,
      page,
      order: field === 'FAMILY_NAME' ? 'name' : 'created',
      descending,
      facets: facetsFor(filter, context),
      search: filter?.search,
      counted: selectsCount(info),
    });
    const found = await contactPage(context.services.readStore, query, context.controllers);
    if (selects(info, 'edges', 'node', 'company') || selects(info, 'nodes', 'company')) {
      await context.loaders.company.prefetch(found.rows.map(({ row }) => row.company));
    }
    return connectionOf(found, page.after != null, toContact);
  }

  @Allow('company:read')
  @FieldResolver(() => Company, { nullable: true })
  company(@Root() contact: Contact, @Ctx() context: Context): Company | null | Promise<Company | null> {
    return companyOf(context.loaders.company.get(contact.row.company));
  }

  @Allow('contact:read')
  @FieldResolver(() => Client, {
    nullable: true,
    description: 'On whose behalf the person is kept; none: the workspace itself.',
  })
  async client(@Root() contact: Contact, @Ctx() context: Context): Promise<Client | null> {
    if (contact.row.controller === context.workspace) return null;
    const row = await context.loaders.client.get(contact.row.controller);
    return row === null ? null : toClient(row);
  }

  @Allow('contact:write')
  @Mutation(() => ContactPayload)
  async createContact(@Arg('input') input: CreateContactInput, @Ctx() context: Context): Promise<ContactPayload> {
    await requireClient(input.clientId, context);
    const command = context.command(input.commandId, input.clientId);
    const id = context.services.handler.newId(command, 'contact');
    const subject = subjectIdOf(id);
    const fields = withoutNulls(await fieldsIn(input, context));
    const data = { ...fields, subject, externalId: input.externalId ?? undefined };
    const claim = { kind: 'contact', externalId: data.externalId, owner: subject } as const;
    const { suppressions } = context.services;
    const reach = reachOf(data);
    const suppressed = await suppressions.channelsOf(reach, command);
    const given = { today: todayIn(context), suppressed };
    const create = { type: 'CreateContact', data, given, ...overriding(input) } as const;
    const handled = await context.handle(contactDecider, id, create, command, { shownIn: SHOWN_IN, claim });
    await suppressions.recheck(reach, suppressed, command);
    return payload(id, handled, context);
  }

  @Allow('contact:write')
  @Mutation(() => ContactPayload)
  async updateContact(@Arg('input') input: UpdateContactInput, @Ctx() context: Context): Promise<ContactPayload> {
    const { id, commandId, expectedVersion } = input;
    const data = { ...(await fieldsIn(input, context)), subject: await subjectOf(id, context) };
    const command = context.command(commandId, await context.controllerOf(id));
    const { suppressions, readStore } = context.services;
    const before = data.emails === undefined && data.phones === undefined ? null : await contactById(readStore, id);
    const listed = await reachAfter(data, before ?? {}, suppressions, command);
    const given = { today: todayIn(context), ...listed };
    const update = { type: 'UpdateContact', data, given, ...overriding(input) } as const;
    const handled = await context.handle(contactDecider, id, update, command, { expectedVersion, shownIn: SHOWN_IN });
    await suppressions.recheck(reachOf(data), listed.suppressed, command);
    return payload(id, handled, context);
  }

  @Allow('contact:write')
  @Mutation(() => ContactPayload, {
    description: 'Puts the contact in the bin. To take the person out of everything, erase.',
  })
  deleteContact(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<ContactPayload> {
    return move('DeleteContact', input, context);
  }

  @Allow('contact:write')
  @Mutation(() => ContactPayload, { description: 'Takes the contact out of the bin.' })
  restoreContact(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<ContactPayload> {
    return move('RestoreContact', input, context);
  }
}

const overriding = ({ suppressionOverride }: { suppressionOverride?: boolean | null }) =>
  suppressionOverride ? ({ suppressionOverride: true } as const) : {};

const move = async (type: 'DeleteContact' | 'RestoreContact', input: RecordInput, context: Context) => {
  const { id, commandId, expectedVersion } = input;
  const subject = await subjectOf(id, context);
  const command = context.command(commandId, await context.controllerOf(id));
  const options = { expectedVersion, shownIn: SHOWN_IN };
  const move = type === 'DeleteContact' ? { type, subject } : { type, subject, given: await listedIn(id, context) };
  return payload(id, await context.handle(contactDecider, id, move, command, options), context);
};

/** While a contact is in the bin the do-not-contact list may have changed. */
const listedIn = async (id: string, { services }: Context) => {
  const row = await contactById(services.readStore, id);
  return row === null ? undefined : { suppressed: await services.suppressions.channelsOf(reachOf(row), row) };
};

/** A contact's row for a payload: what the read model shows now. */
export const payload = async (
  id: string,
  { version, position }: { version: number; position: string },
  context: Context,
): Promise<ContactPayload> => {
  const row = await contactById(context.services.readStore, id);
  if (row === null || row.workspace !== context.workspace) throw new CrmError('SUBJECT_ERASED', { field: 'input.id' });
  return { contact: toContact(row), version, position };
};

/** Whose keys seal the contact. Error: NOT_FOUND where the workspace has no such contact. */
export const subjectOf = async (id: string, context: Context, field = 'input.id'): Promise<string> => {
  const { subject } = await context.stateOf(contactDecider, id);
  if (subject === null) throw new CrmError('NOT_FOUND', { field });
  return subject;
};

export const requireContact = (id: string, field: string, context: Context): Promise<string> =>
  subjectOf(id, context, field);

export const todayIn = (context: Context): string => instant(context.services.clock.now()).slice(0, 10);

const group = <T extends object>(members: T): T | undefined =>
  Object.values(members).some((value) => value !== undefined) ? members : undefined;

const fieldsIn = async (input: ContactFields, context: Context) => {
  const { prefix, givenName, additionalNames, familyName, suffix, nickname, formattedName } = input;
  const { companyName, department, jobTitle, companyId: company } = input;
  const { emails, phones, addresses, birthDate, links, tags, notes } = input;
  if (wanted(company)) await requireCompany(company, 'input.companyId', context);
  return {
    name: group({ prefix, givenName, additionalNames, familyName, suffix, nickname, formattedName }),
    work: group({ companyName, department, jobTitle }),
    emails,
    phones,
    addresses,
    birthDate,
    links,
    tags,
    notes,
    company,
    customFields: customFieldsIn(input.customFields),
  };
};

const contactAsOf = async (id: string, asOf: string, context: Context): Promise<ContactRow | null> => {
  const { workspace, services } = context;
  const { subject } = await context.stateOf(contactDecider, id);
  if (subject === null) return null;
  const consent = consentNeededFor(context.purpose);
  if (consent !== null && (await context.loaders.contact.get(id)) === null) return null; // who has said no since
  const streams = [
    streamOf(contactDecider, id),
    streamOf(consentDecider, subject),
    streamOf(anonymisationDecider, id),
    streamOf(subjectDecider, subject),
  ];
  return rowAsOf({ projection: contacts, table: contactTable, key: id, workspace }, streams, asOf, services);
};
