import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { membershipsOf } from '../../projections/identity/members.js';
import type { AccessFilter, AccessPage, PlacedEntry } from '../../src/accesslog/port.js';
import { CrmError } from '../../src/errors.js';
import { purposeNamed } from '../../src/identity/access/readPurposes.js';
import { Allow } from '../access.js';
import { PageArgs, PageInfo } from '../connection.js';
import type { Context } from '../context.js';
import { Cost } from '../cost.js';
import { wanted } from '../crm/common.js';
import { Contact } from '../crm/contactTypes.js';
import { DateTime } from '../scalars.js';

/** A look-up reads files: on a list of contacts it would do so for each of them. */
const LOOK_UP_COST = 500;
const PLACE = /^\d{8}(-\d{8}-\d{5})?$/;

@ObjectType({
  simpleResolvers: true,
  description: 'People whose data was read, and which categories: of each the same.',
})
class ReadSubjects {
  @Field(() => ID)
  controllerId!: string;

  @Field(() => [String])
  categories!: readonly string[];

  @Field(() => [ID])
  subjectIds!: readonly string[];
}

@Allow('access-log:read')
@ObjectType({ simpleResolvers: true, description: 'An answer that held personal data.' })
class AccessLogEntry {
  @Field(() => ID)
  id!: string;

  @Field(() => DateTime)
  at!: string;

  @Field(() => ID, { description: 'The account, or the API key that acted for it.' })
  actorId!: string;

  @Field(() => ID)
  accountId!: string;

  @Field({ description: 'What it was read for.' })
  purpose!: string;

  @Field({ description: 'The kind of operation and its root fields.' })
  operation!: string;

  @Field(() => [ReadSubjects])
  reads!: readonly ReadSubjects[];
}

@ObjectType({ simpleResolvers: true })
class AccessLogPage {
  @Field(() => [AccessLogEntry])
  nodes!: readonly AccessLogEntry[];

  @Field(() => PageInfo)
  pageInfo!: PageInfo;
}

@ObjectType({ simpleResolvers: true, description: 'A read of one person’s data, as the person is told of it.' })
class DataRead {
  @Field(() => ID)
  id!: string;

  @Field(() => DateTime)
  at!: string;

  @Field(() => [String])
  categories!: readonly string[];

  @Field()
  purpose!: string;

  @Field({ description: 'Who read it: a pseudonym, the same for the same person in one workspace.' })
  reader!: string;

  @Field(() => ID, { nullable: true, description: 'Their account, where it was asked for and may be told.' })
  readerId?: string;
}

@ObjectType({ simpleResolvers: true })
class DataReadPage {
  @Field(() => [DataRead])
  nodes!: readonly DataRead[];

  @Field(() => PageInfo)
  pageInfo!: PageInfo;
}

@InputType()
class AccessLogFilter {
  @Field(() => ID, { nullable: true, description: 'Whose data: the subject’s id, which a contact has beside its own.' })
  subjectId?: string | null;

  @Field(() => ID, { nullable: true, description: 'An account or an API key.' })
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: 'As the header x-purpose has it.' })
  purpose?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Then or later.' })
  from?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Then or earlier.' })
  to?: string | null;
}

@Resolver()
export class AccessLogResolver {
  @Allow('access-log:read')
  @Cost(LOOK_UP_COST)
  @Query(() => AccessLogPage, { description: 'Who read whom, which categories, for what: the newest first.' })
  async accessLog(
    @Args() page: PageArgs,
    @Arg('filter', () => AccessLogFilter, { nullable: true }) filter: AccessLogFilter | null,
    @Ctx() context: Context,
  ): Promise<AccessLogPage> {
    const { subjectId, actorId, from, to } = filter ?? {};
    const found = await look(context, page, {
      workspace: context.workspace,
      controllers: context.controllers ?? undefined,
      subjects: wanted(subjectId) ? [subjectId] : undefined,
      actor: actorId ?? undefined,
      purpose: purposeIn(filter),
      from: from ?? undefined,
      to: to ?? undefined,
    });
    return { nodes: found.entries.map(toEntry), pageInfo: pageInfoOf(found, page) };
  }

  @Allow('signed-in')
  @Cost(LOOK_UP_COST)
  @Query(() => DataReadPage, {
    description: 'Who read the name of whoever is signed in, in the workspaces where they are a member.',
  })
  async ownAccessLog(@Args() page: PageArgs, @Ctx() context: Context): Promise<DataReadPage> {
    const memberships = await membershipsOf(context.services.readStore, context.account);
    const found = await look(context, page, { subjects: memberships.map(({ subject }) => subject) });
    return { nodes: found.entries.map((entry) => toRead(entry, context)), pageInfo: pageInfoOf(found, page) };
  }
}

@Resolver(() => Contact)
export class ContactAccessResolver {
  @Allow('access-log:read')
  @Cost(LOOK_UP_COST)
  @FieldResolver(() => DataReadPage, {
    description:
      'Who read the person’s data, for the answer to their own request: readers are masked unless asked for.',
  })
  async accessLog(
    @Root() { row }: Contact,
    @Args() page: PageArgs,
    @Arg('readersNamed', { defaultValue: false }) readersNamed: boolean,
    @Ctx() context: Context,
  ): Promise<DataReadPage> {
    const found = await look(context, page, { workspace: context.workspace, subjects: [row.subject] });
    const nodes = found.entries.map((entry) => ({
      ...toRead(entry, context),
      readerId: readersNamed ? entry.account : undefined,
    }));
    return { nodes, pageInfo: pageInfoOf(found, page) };
  }
}

const purposeIn = (filter: AccessLogFilter | null): string | undefined => {
  if (!wanted(filter?.purpose)) return undefined;
  const purpose = purposeNamed(filter.purpose);
  if (purpose === undefined) throw new CrmError('BAD_USER_INPUT', { field: 'filter.purpose' });
  return purpose;
};

/** Error: BAD_CURSOR. */
const look = ({ services }: Context, { first, after }: PageArgs, filter: AccessFilter): Promise<AccessPage> => {
  if (wanted(after) && !PLACE.test(after)) throw new CrmError('BAD_CURSOR', { field: 'after' });
  return services.accessLog.page({ ...filter, after: after ?? undefined, limit: first });
};

const toEntry = ({ place, at, actor, account, purpose, operation, reads }: PlacedEntry): AccessLogEntry => ({
  id: place,
  at,
  actorId: actor,
  accountId: account,
  purpose,
  operation,
  reads: reads.map(({ controller, categories, subjects }) => ({
    controllerId: controller,
    categories,
    subjectIds: subjects,
  })),
});

const toRead = ({ place, workspace, at, account, purpose, reads }: PlacedEntry, context: Context): DataRead => ({
  id: place,
  at,
  purpose,
  categories: [...new Set(reads.flatMap(({ categories }) => categories))].sort(),
  reader: context.services.readerName(workspace, account),
});

const pageInfoOf = ({ entries, hasMore }: AccessPage, { after }: PageArgs): PageInfo => ({
  hasNextPage: hasMore,
  hasPreviousPage: wanted(after),
  startCursor: entries[0]?.place,
  endCursor: entries.at(-1)?.place,
});
