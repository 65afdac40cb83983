import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { type CompanyRow, companies, companiesByIds, companyPage } from '../../projections/crm/companies.js';
import { BIN, LIVE, tagFacet } from '../../projections/crm/record.js';
import { companyDecider } from '../../src/crm/companies/decider.js';
import { CrmError } from '../../src/errors.js';
import { Allow } from '../access.js';
import { Connection, PageArgs } from '../connection.js';
import type { Context } from '../context.js';
import { CompanyOrderEnum, DirectionEnum, type OneOf } from '../enums.js';
import { requireClient } from '../identity/workspaces.js';
import { connectionOf, oneOrder, pageQuery } from '../page.js';
import { selectsCount } from '../selection.js';
import {
  CommandInput,
  CommandPayload,
  CustomField,
  CustomFieldInput,
  customFieldsIn,
  customFieldsOf,
  RecordInput,
  RecordType,
  wanted,
  withoutNulls,
} from './common.js';

@Allow('company:read')
@ObjectType({ simpleResolvers: true, description: 'A company that the workspace deals with.' })
export class Company extends RecordType<CompanyRow> {
  @Field(() => String, { nullable: true })
  get name(): string | undefined {
    return this.row.name;
  }

  @Field(() => String, { nullable: true })
  get domain(): string | undefined {
    return this.row.domain;
  }

  @Field(() => String, { nullable: true })
  get sector(): string | undefined {
    return this.row.sector;
  }

  @Field(() => String, { nullable: true })
  get location(): string | undefined {
    return this.row.location;
  }

  @Field(() => [String])
  get tags(): readonly string[] {
    return this.row.tags ?? [];
  }

  @Allow('note:read')
  @Field(() => [String])
  get notes(): readonly string[] {
    return this.row.notes ?? [];
  }

  @Allow('note:read')
  @Field(() => [CustomField])
  get customFields(): readonly CustomField[] {
    return customFieldsOf(this.row.customFields);
  }

  @Field(() => Int, { nullable: true })
  get yearEstablished(): number | undefined {
    return this.row.yearEstablished;
  }

  @Field(() => Int, { nullable: true })
  get employees(): number | undefined {
    return this.row.employees;
  }

  @Field(() => Number, { nullable: true, description: 'In minor units.' })
  get revenueMinor(): number | undefined {
    return this.row.revenueMinor;
  }
}

export const toCompany = (row: CompanyRow): Company => new Company(row);

/** A row that may still be on its way, as a company. */
export const companyOf = (
  row: CompanyRow | null | Promise<CompanyRow | null>,
): Company | null | Promise<Company | null> => {
  if (row instanceof Promise) return row.then((found) => (found === null ? null : toCompany(found)));
  return row === null ? null : toCompany(row);
};

const CompanyConnection = Connection(Company);

@InputType()
class CompanyOrder {
  @Field(() => CompanyOrderEnum)
  field!: OneOf<typeof CompanyOrderEnum>;

  @Field(() => DirectionEnum, { defaultValue: 'ASC' })
  direction!: OneOf<typeof DirectionEnum>;
}

@InputType()
class CompanyFilter {
  @Field(() => String, {
    nullable: true,
    description: 'Words of the name, domain, sector, location or tags; the last may be unfinished.',
  })
  search?: string | null;

  @Field(() => String, { nullable: true })
  tag?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'The bin instead of what is live.' })
  deleted?: boolean | null;
}

@InputType()
abstract class CompanyFields extends CommandInput {
  @Field(() => String, { nullable: true })
  domain?: string | null;

  @Field(() => String, { nullable: true })
  sector?: string | null;

  @Field(() => String, { nullable: true })
  location?: string | null;

  @Field(() => [String], { nullable: true })
  tags?: string[] | null;

  @Field(() => [String], { nullable: true })
  notes?: string[] | null;

  @Field(() => [CustomFieldInput], { nullable: true })
  customFields?: CustomFieldInput[] | null;

  @Field(() => Int, { nullable: true })
  yearEstablished?: number | null;

  @Field(() => Int, { nullable: true })
  employees?: number | null;

  @Field(() => Number, { nullable: true })
  revenueMinor?: number | null;

  @Field(() => ID, { nullable: true })
  subsidiaryOfId?: string | null;
}

@InputType()
class CreateCompanyInput extends CompanyFields {
  @Field()
  name!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The client on whose behalf the company is kept; left out: the workspace itself.',
  })
  clientId?: string | null;

  @Field(() => String, { nullable: true })
  externalId?: string | null;
}

@InputType({ description: 'What is left out stays as it is; null clears.' })
class UpdateCompanyInput extends CompanyFields {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true })
  name?: string;
}

@ObjectType({ simpleResolvers: true })
class CompanyPayload extends CommandPayload {
  @Field(() => Company)
  company!: Company;
}

const SHOWN_IN = [companies.name, 'history'];

@Resolver(() => Company)
export class CompanyResolver {
  @Allow('company:read')
  @Query(() => Company, { nullable: true })
  async company(@Arg('id', () => ID) id: string, @Ctx() context: Context): Promise<Company | null> {
    return companyOf(context.loaders.company.get(id));
  }

  @Allow('company:read')
  @Query(() => CompanyConnection)
  async companies(
    @Args() page: PageArgs,
    @Arg('filter', () => CompanyFilter, { nullable: true }) filter: CompanyFilter | null,
    @Arg('orderBy', () => [CompanyOrder], { nullable: true }) orderBy: CompanyOrder[] | null,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { field, descending } = oneOrder(orderBy, 'NAME');
    const facets = wanted(filter?.tag) ? [tagFacet(filter.tag)] : [filter?.deleted ? BIN : LIVE];
    const query = pageQuery({
      scope: context.workspace,
      page,
      order: field === 'NAME' ? 'name' : 'created',
      descending,
      facets,
      search: filter?.search,
      counted: selectsCount(info),
    });
    return connectionOf(
      await companyPage(context.services.readStore, query, context.controllers),
      page.after != null,
      toCompany,
    );
  }

  @Allow('company:read')
  @FieldResolver(() => Company, { nullable: true })
  subsidiaryOf(@Root() company: Company, @Ctx() context: Context): Company | null | Promise<Company | null> {
    return companyOf(context.loaders.company.get(company.row.subsidiaryOf));
  }

  @Allow('company:write')
  @Mutation(() => CompanyPayload)
  async createCompany(@Arg('input') input: CreateCompanyInput, @Ctx() context: Context): Promise<CompanyPayload> {
    await requireClient(input.clientId, context);
    const command = context.command(input.commandId, input.clientId);
    const id = context.services.handler.newId(command, 'company');
    const { name, externalId } = input;
    const data = {
      subject: id,
      ...withoutNulls(await fieldsIn(input, context)),
      name,
      externalId: externalId ?? undefined,
    };
    const claim = { kind: 'company', externalId: data.externalId, owner: id } as const;
    const options = { shownIn: SHOWN_IN, claim };
    const handled = await context.handle(companyDecider, id, { type: 'CreateCompany', ...data }, command, options);
    return payload(id, handled, context);
  }

  @Allow('company:write')
  @Mutation(() => CompanyPayload)
  async updateCompany(@Arg('input') input: UpdateCompanyInput, @Ctx() context: Context): Promise<CompanyPayload> {
    const data = { subject: input.id, ...(await fieldsIn(input, context)), name: input.name };
    const handled = await context.handle(
      companyDecider,
      input.id,
      { type: 'UpdateCompany', ...data },
      context.command(input.commandId),
      { expectedVersion: input.expectedVersion, shownIn: SHOWN_IN },
    );
    return payload(input.id, handled, context);
  }

  @Allow('company:write')
  @Mutation(() => CompanyPayload, { description: 'Puts the company in the bin.' })
  deleteCompany(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<CompanyPayload> {
    return move('DeleteCompany', input, context);
  }

  @Allow('company:write')
  @Mutation(() => CompanyPayload, { description: 'Takes the company out of the bin.' })
  restoreCompany(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<CompanyPayload> {
    return move('RestoreCompany', input, context);
  }
}

const move = async (type: 'DeleteCompany' | 'RestoreCompany', input: RecordInput, context: Context) => {
  const { id, commandId, expectedVersion } = input;
  const options = { expectedVersion, shownIn: SHOWN_IN };
  const handled = await context.handle(companyDecider, id, { type, subject: id }, context.command(commandId), options);
  return payload(id, handled, context);
};

const payload = async (
  id: string,
  { version, position }: { version: number; position: string },
  context: Context,
): Promise<CompanyPayload> => {
  const [row] = await companiesByIds(context.services.readStore, [id]);
  if (!row) throw new CrmError('NOT_FOUND', { field: 'input.id' });
  return { company: toCompany(row), version, position };
};

const fieldsIn = async (input: CompanyFields, context: Context) => {
  const { domain, sector, location, tags, notes, customFields, yearEstablished, employees, revenueMinor } = input;
  const subsidiaryOf = input.subsidiaryOfId;
  if (wanted(subsidiaryOf)) await requireCompany(subsidiaryOf, 'input.subsidiaryOfId', context);
  return {
    domain,
    sector,
    location,
    tags,
    notes,
    yearEstablished,
    employees,
    revenueMinor,
    subsidiaryOf,
    customFields: customFieldsIn(customFields),
  };
};

/** Error: NOT_FOUND where the workspace has no such company. */
export const requireCompany = async (id: string, field: string, context: Context): Promise<void> => {
  const state = await context.stateOf(companyDecider, id);
  if (!state.exists) throw new CrmError('NOT_FOUND', { field });
};
