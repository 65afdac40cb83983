import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import { rowAsOf } from '../../projections/asOf.js';
import { type DealRow, dealById, dealPage, deals, dealTable, dealTotals } from '../../projections/crm/deals.js';
import { pipelinesOf } from '../../projections/crm/pipelines.js';
import { BIN, clientFacet, externalFacet, LIVE, tagFacet } from '../../projections/crm/record.js';
import { dealDecider } from '../../src/crm/deals/decider.js';
import { CrmError } from '../../src/errors.js';
import { memberDecider } from '../../src/identity/members/decider.js';
import { streamOf } from '../../src/kernel/decider.js';
import { Allow } from '../access.js';
import { Connection, PageArgs } from '../connection.js';
import type { Context } from '../context.js';
import { Member, toMember } from '../identity/members.js';
import { requireClient } from '../identity/workspaces.js';
import { connectionOf, oneOrder, pageQuery } from '../page.js';
import { DateTime } from '../scalars.js';
import { selects, selectsCount } from '../selection.js';
import { customFieldsIn, RecordInput, wanted, withoutNulls } from './common.js';
import { Company, companyOf, requireCompany } from './companies.js';
import { requireContact, toContact } from './contacts.js';
import { Contact } from './contactTypes.js';
import {
  CreateDealInput,
  Deal,
  type DealFields,
  DealFilter,
  DealOrder,
  DealPayload,
  StageTotalType,
  UpdateDealInput,
} from './dealTypes.js';
import { Pipeline, stagesOf, toPipeline } from './pipelines.js';
import { Product, requireProduct, toProduct } from './products.js';

export const toDeal = (row: DealRow): Deal => new Deal(row);

const DealConnection = Connection(Deal);

const SHOWN_IN = [deals.name, 'history'];

const ORDERS = { CLOSE_DATE: 'closeDate', CREATED_AT: 'created', VALUE: 'value' } as const;

const facetsOf = (filter: DealFilter | null): readonly string[] => {
  const facets: string[] = [];
  if (wanted(filter?.stage)) facets.push(`stage:${filter.stage}`);
  if (wanted(filter?.outcome)) facets.push(`outcome:${filter.outcome}`);
  if (wanted(filter?.ownerId)) facets.push(`owner:${filter.ownerId}`);
  if (wanted(filter?.companyId)) facets.push(`company:${filter.companyId}`);
  if (wanted(filter?.contactId)) facets.push(`contact:${filter.contactId}`, LIVE);
  if (wanted(filter?.productId)) facets.push(`product:${filter.productId}`);
  if (wanted(filter?.clientId)) facets.push(clientFacet(filter.clientId));
  if (wanted(filter?.tag)) facets.push(tagFacet(filter.tag));
  if (wanted(filter?.externalId)) facets.push(externalFacet(filter.externalId));
  if (filter?.deleted) facets.push(BIN);
  return facets.length === 0 ? [LIVE] : facets;
};

@Resolver(() => Deal)
export class DealResolver {
  @Allow('deal:read')
  @Query(() => Deal, { nullable: true, description: 'Now, or as the history has it at an instant.' })
  async deal(
    @Arg('id', () => ID) id: string,
    @Arg('asOf', () => DateTime, { nullable: true }) asOf: string | null,
    @Ctx() context: Context,
  ): Promise<Deal | null> {
    const row = asOf ? await dealAsOf(id, asOf, context) : await context.loaders.deal.get(id);
    return row === null || !context.sees(row.controller) ? null : toDeal(row);
  }

  @Allow('deal:read')
  @Query(() => DealConnection)
  async deals(
    @Args() page: PageArgs,
    @Arg('filter', () => DealFilter, { nullable: true }) filter: DealFilter | null,
    @Arg('orderBy', () => [DealOrder], { nullable: true }) orderBy: DealOrder[] | null,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { field, descending } = oneOrder(orderBy, 'CLOSE_DATE');
    if (field === 'VALUE' && !context.can('deal:read-value')) throw new CrmError('FORBIDDEN', { field: 'orderBy' });
    const between = wanted(filter?.closingFrom) || wanted(filter?.closingTo);
    if (between && field !== 'CLOSE_DATE') {
      throw new CrmError('BAD_USER_INPUT', {
        field: 'orderBy',
        reason: 'A range of closing dates goes with the order CLOSE_DATE.',
      });
    }
    const query = pageQuery({
      scope: context.workspace,
      page,
      order: ORDERS[field],
      descending,
      facets: facetsOf(filter),
      search: filter?.search,
      from: filter?.closingFrom ?? undefined,
      to: filter?.closingTo ?? undefined,
      counted: selectsCount(info),
    });
    const found = await dealPage(context.services.readStore, query, context.controllers);
    const rows = found.rows.map(({ row }) => row);
    const { loaders } = context;
    for (const link of ['company', 'contact', 'product', 'owner', 'pipeline'] as const) {
      if (!selects(info, 'edges', 'node', link) && !selects(info, 'nodes', link)) continue;
      const loader = link === 'owner' ? loaders.member : loaders[link];
      await loader.prefetch(rows.map((row) => row[link]));
    }
    return connectionOf(found, page.after != null, toDeal);
  }

  @Allow('deal:read')
  @Query(() => [StageTotalType], { description: 'Live deals by stage and currency.' })
  dealTotals(@Ctx() context: Context): Promise<readonly StageTotalType[]> {
    return dealTotals(context.services.readStore, context.workspace, context.controllers);
  }

  @Allow('company:read')
  @FieldResolver(() => Company, { nullable: true })
  company(@Root() deal: Deal, @Ctx() context: Context): Company | null | Promise<Company | null> {
    return companyOf(context.loaders.company.get(deal.row.company));
  }

  @Allow('contact:read')
  @FieldResolver(() => Contact, { nullable: true, description: 'Nobody once the person was erased; the deal stays.' })
  async contact(@Root() deal: Deal, @Ctx() context: Context): Promise<Contact | null> {
    const row = await context.loaders.contact.get(deal.row.contact);
    return row === null ? null : toContact(row);
  }

  @Allow('product:read')
  @FieldResolver(() => Product, { nullable: true })
  async product(@Root() deal: Deal, @Ctx() context: Context): Promise<Product | null> {
    const row = await context.loaders.product.get(deal.row.product);
    return row === null ? null : toProduct(row);
  }

  @Allow('member:read')
  @FieldResolver(() => Member, { nullable: true })
  async owner(@Root() deal: Deal, @Ctx() context: Context): Promise<Member | null> {
    const row = await context.loaders.member.get(deal.row.owner);
    return row === null ? null : toMember(row);
  }

  @Allow('pipeline:read')
  @FieldResolver(() => Pipeline, { nullable: true })
  async pipeline(@Root() deal: Deal, @Ctx() context: Context): Promise<Pipeline | null> {
    const row = await context.loaders.pipeline.get(deal.row.pipeline);
    return row === null ? null : toPipeline(row);
  }

  @Allow('deal:write')
  @Mutation(() => DealPayload)
  async createDeal(@Arg('input') input: CreateDealInput, @Ctx() context: Context): Promise<DealPayload> {
    const pipeline = input.pipelineId ?? (await firstPipeline(context));
    const stages = await stagesOf(pipeline, 'input.pipelineId', context);
    const command = context.command(input.commandId, await controllerFor(input, context));
    const id = context.services.handler.newId(command, 'deal');
    const fields = withoutNulls(await fieldsIn(input, context));
    const { title } = input;
    const externalId = input.externalId ?? undefined;
    const data = { ...fields, subject: id, title, externalId, pipeline, stage: input.stage ?? stages[0]!.id };
    const options = { shownIn: SHOWN_IN, claim: { kind: 'deal', externalId, owner: id } } as const;
    const create = { type: 'CreateDeal', data, given: { stages } } as const;
    return payload(id, await context.handle(dealDecider, id, create, command, options), context);
  }

  @Allow('deal:write')
  @Mutation(() => DealPayload)
  async updateDeal(@Arg('input') input: UpdateDealInput, @Ctx() context: Context): Promise<DealPayload> {
    const { id, commandId, expectedVersion, title, stage } = input;
    const { pipeline } = await context.stateOf(dealDecider, id);
    if (pipeline === null) throw new CrmError('NOT_FOUND', { field: 'input.id' });
    const data = { ...(await fieldsIn(input, context)), subject: id, title };
    const stages = await stagesOf(pipeline, 'input.id', context);
    const update = { type: 'UpdateDeal', data, stage, given: { stages } } as const;
    const options = { expectedVersion, shownIn: SHOWN_IN };
    return payload(id, await context.handle(dealDecider, id, update, context.command(commandId), options), context);
  }

  @Allow('deal:write')
  @Mutation(() => DealPayload, { description: 'Puts the deal in the bin; totals no longer count it.' })
  deleteDeal(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<DealPayload> {
    return move('DeleteDeal', input, context);
  }

  @Allow('deal:write')
  @Mutation(() => DealPayload, { description: 'Takes the deal out of the bin.' })
  restoreDeal(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<DealPayload> {
    return move('RestoreDeal', input, context);
  }
}

/** On whose behalf a new deal is kept: the client's that is named, else that of the contact it is with, else the workspace's own. */
const controllerFor = async ({ clientId, contactId }: CreateDealInput, context: Context): Promise<string | null> => {
  if (!wanted(clientId) && wanted(contactId)) {
    await requireContact(contactId, 'input.contactId', context);
    return context.controllerOf(contactId);
  }
  await requireClient(clientId, context);
  return clientId ?? null;
};

const move = async (type: 'DeleteDeal' | 'RestoreDeal', input: RecordInput, context: Context): Promise<DealPayload> => {
  const { id, commandId, expectedVersion } = input;
  const options = { expectedVersion, shownIn: SHOWN_IN };
  const handled = await context.handle(dealDecider, id, { type, subject: id }, context.command(commandId), options);
  return payload(id, handled, context);
};

const payload = async (
  id: string,
  at: { version: number; position: string },
  context: Context,
): Promise<DealPayload> => {
  const row = await dealById(context.services.readStore, id);
  if (row === null || row.workspace !== context.workspace) throw new CrmError('NOT_FOUND', { field: 'input.id' });
  return { deal: toDeal(row), version: at.version, position: at.position };
};

const firstPipeline = async (context: Context): Promise<string> => {
  const [pipeline] = await pipelinesOf(context.services.readStore, context.workspace, 1);
  if (pipeline === undefined) throw new CrmError('NOT_FOUND', { field: 'input.pipelineId' });
  return pipeline.id;
};

const fieldsIn = async (input: DealFields, context: Context) => {
  const { valueMinor, currency, engageDate, closeDate, productText, tags, notes } = input;
  const { ownerId: owner, companyId: company, contactId: contact, productId: product } = input;
  if (wanted(company)) await requireCompany(company, 'input.companyId', context);
  if (wanted(contact)) await requireContact(contact, 'input.contactId', context);
  if (wanted(product)) await requireProduct(product, 'input.productId', context);
  if (wanted(owner)) {
    const member = await context.services.handler.stateOf(memberDecider, owner, context.workspace);
    if (!member.added) throw new CrmError('NOT_FOUND', { field: 'input.ownerId' });
  }
  return {
    valueMinor,
    currency,
    engageDate,
    closeDate,
    productText,
    tags,
    notes,
    owner,
    company,
    contact,
    product,
    customFields: customFieldsIn(input.customFields),
  };
};

const dealAsOf = (id: string, asOf: string, { workspace, services }: Context): Promise<DealRow | null> =>
  rowAsOf({ projection: deals, table: dealTable, key: id, workspace }, [streamOf(dealDecider, id)], asOf, services);
