import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  Field,
  ID,
  Info,
  InputType,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import {
  actorFacet,
  entityFacet,
  entityIn,
  type HistoryRow,
  historyPage,
  subjectFacet,
  typeFacet,
} from '../../projections/audit/history.js';
import { CrmError } from '../../src/errors.js';
import { consentNeededFor } from '../../src/identity/access/readPurposes.js';
import { fieldPermissions } from '../../src/identity/access/roles.js';
import type { StoredEvent } from '../../src/kernel/envelope.js';
import { type Opened, openEvents } from '../../src/kernel/openEvent.js';
import { type Category, Erased } from '../../src/kernel/personal.js';
import { subjectDecider } from '../../src/privacy/erasure/decider.js';
import { Allow } from '../access.js';
import { Connection, PageArgs } from '../connection.js';
import type { Context } from '../context.js';
import { wanted } from '../crm/common.js';
import { connectionOf, pageQuery } from '../page.js';
import { DateTime, Json } from '../scalars.js';
import { selectsCount } from '../selection.js';

@Allow('history:read')
@ObjectType({ simpleResolvers: true, description: 'Who did it.' })
export class Actor {
  @Field(() => ID)
  id!: string;
}

@Allow('history:read')
@ObjectType({ simpleResolvers: true, description: 'One field of an event.' })
export class EventField {
  @Field()
  name!: string;

  @Field(() => Json, { nullable: true, description: 'null where it was erased or is not for you to see.' })
  value?: unknown;

  @Field({ description: 'Whether it is sealed under a key of the person or record.' })
  personal!: boolean;

  @Field({ description: 'Whether its key was destroyed: nobody can read it any more.' })
  erased!: boolean;

  @Field({ description: 'Whether there is a value that is not for you to see.' })
  redacted!: boolean;
}

@Allow('history:read')
@ObjectType({ simpleResolvers: true, description: 'Something that happened, as it was recorded.' })
export class HistoryEvent {
  @Field(() => ID)
  id!: string;

  @Field()
  type!: string;

  @Field(() => ID, { description: 'The record that it happened to.' })
  entityId!: string;

  @Field(() => ID, { description: 'The person, or the record with keys of its own, whose data it holds.' })
  subjectId!: string;

  @Field(() => ID, { description: 'On whose behalf the data is kept.' })
  controllerId!: string;

  @Field(() => DateTime)
  recordedAt!: string;

  @Field(() => Actor)
  actor!: Actor;

  @Field(() => Int, { description: 'From 0, without gaps, within the record.' })
  revision!: number;

  @Field({ description: 'Where it stands in the whole history; opaque, but ordered.' })
  position!: string;

  @Field(() => ID, { nullable: true })
  commandId?: string | null;

  @Field(() => [EventField])
  fields!: readonly EventField[];

  /** Categories of the sealed fields that are shown opened. */
  opened!: readonly Category[];
}

@InputType()
export class HistoryFilter {
  @Field(() => ID, { nullable: true })
  entityId?: string | null;

  @Field(() => ID, { nullable: true })
  subjectId?: string | null;

  @Field(() => ID, { nullable: true })
  actorId?: string | null;

  @Field(() => String, { nullable: true })
  type?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Recorded then or later.' })
  from?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Recorded then or earlier.' })
  to?: string | null;
}

const HistoryConnection = Connection(HistoryEvent);

const facetsOf = (filter: HistoryFilter | null): readonly string[] => {
  const facets: string[] = [];
  if (wanted(filter?.entityId)) facets.push(entityFacet(filter.entityId));
  if (wanted(filter?.subjectId)) facets.push(subjectFacet(filter.subjectId));
  if (wanted(filter?.actorId)) facets.push(actorFacet(filter.actorId));
  if (wanted(filter?.type)) facets.push(typeFacet(filter.type));
  return facets;
};

/** After every position that begins with an instant: positions are digits. */
const AFTER_ALL = '~';

@Resolver()
export class HistoryResolver {
  @Allow('history:read')
  @Query(() => HistoryConnection, { description: 'What happened in the workspace, the oldest first.' })
  async eventHistory(
    @Args() page: PageArgs,
    @Arg('filter', () => HistoryFilter, { nullable: true }) filter: HistoryFilter | null,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const query = pageQuery({
      scope: context.workspace,
      page,
      order: 'time',
      facets: facetsOf(filter),
      from: filter?.from ?? undefined,
      to: wanted(filter?.to) ? `${filter.to}${AFTER_ALL}` : undefined,
      counted: selectsCount(info),
    });
    const found = await historyPage(context.services.readStore, query, context.controllers);
    const events = await Promise.all(found.rows.map(({ row }) => eventOf(row, context)));
    const shown = new Map((await toHistoryEvents(events, context)).map((event) => [event.position, event]));
    return connectionOf(found, page.after != null, (row) => shown.get(row.position)!);
  }

  @Allow('history:read')
  @Subscription(() => HistoryEvent, {
    description: 'Events as they happen, from now on.',
    subscribe: ({ args, context }: { args: { filter?: HistoryFilter | null }; context: Context }) =>
      follow(args.filter ?? null, context),
  })
  events(
    @Root() event: HistoryEvent,
    @Arg('filter', () => HistoryFilter, { nullable: true }) _filter: HistoryFilter | null,
  ): HistoryEvent {
    return event;
  }
}

const eventOf = async ({ stream, revision, position }: HistoryRow, context: Context): Promise<StoredEvent> => {
  const [event] = await context.services.eventStore.readStream(stream, { from: revision, to: revision });
  if (event === undefined) throw new CrmError('CORRUPT_EVENT', { position });
  return event;
};

/** Fields are shown to those who may read them, and none of a person for what asks for consent: the history has no say to go by; for others they are there, without their value. */
const toHistoryEvents = async (events: readonly StoredEvent[], context: Context): Promise<HistoryEvent[]> => {
  const maySeePersonal = context.can('history:read-personal') && consentNeededFor(context.purpose) === null;
  const forLaw = maySeePersonal ? await openForLawAlone(events, context) : new Set<string>();
  const shown = events.map((event) => (forLaw.has(event.subject) ? { ...event, sealed: {} } : event));
  const opened = maySeePersonal ? await openEvents(shown, context.services.keys) : [];
  const maySee = (name: string) => {
    const permission = fieldPermissions.get(name);
    return permission === undefined || context.can(permission);
  };
  return events.map((event, index) => ({
    id: event.id,
    type: event.type,
    entityId: entityIn(event.stream),
    subjectId: event.subject,
    controllerId: event.controller,
    recordedAt: event.recordedAt,
    actor: { id: event.actor },
    revision: event.revision,
    position: event.position,
    commandId: event.commandId,
    fields: [
      ...Object.entries(event.open).map(([name, value]) => eventField(name, value, false, maySee(name))),
      ...Object.keys(event.sealed).map((name) =>
        eventField(name, valueIn(opened[index], name), true, maySeePersonal && maySee(name)),
      ),
    ],
    opened: Object.keys(event.sealed)
      .filter((name) => maySeePersonal && maySee(name) && valueIn(opened[index], name) !== Erased)
      .flatMap((name) => categoryIn(event.type, name, context)),
  }));
};

/** A sealed field that is not opened here is as good as erased. */
const valueIn = (event: Opened | undefined, name: string): unknown =>
  event !== undefined && name in event.data ? event.data[name] : Erased;

/**
 * Erased people among the subjects, where the purpose is none that a law gives: what still opens of them is kept for a
 * legal obligation, and for nothing else.
 */
const openForLawAlone = async (events: readonly StoredEvent[], context: Context): Promise<ReadonlySet<string>> => {
  if (context.purpose === 'LEGAL_OBLIGATION') return new Set();
  const { handler } = context.services;
  const subjects = new Set(events.filter(({ sealed }) => Object.keys(sealed).length > 0).map((event) => event.subject));
  const erased = await Promise.all(
    [...subjects].map(async (subject) => {
      const state = await handler.stateOf(subjectDecider, subject, context.workspace);
      return state.erased === null ? [] : [subject];
    }),
  );
  return new Set(erased.flat());
};

const categoryIn = (type: string, name: string, { services }: Context): readonly Category[] => {
  const field = services.definitions.find(type)?.fields[name];
  return field?.kind === 'personal' ? [field.category] : [];
};

const eventField = (name: string, value: unknown, personal: boolean, isShown: boolean): EventField => ({
  name,
  value: isShown && value !== Erased ? value : null,
  personal,
  erased: isShown && value === Erased,
  redacted: !isShown,
});

/** Ends at once when whoever follows has gone, also while nothing happens that the filter lets through. */
export const follow = (filter: HistoryFilter | null, context: Context): AsyncGenerator<HistoryEvent> => {
  const stop = new AbortController();
  const events = followed(filter, context, stop.signal);
  const end = events.return.bind(events);
  events.return = (value) => {
    // A generator that waits for an event would only hear of its end after the next one.
    stop.abort();
    return end(value);
  };
  return events;
};

/** What the caller may see is asked anew for every batch: a role that changes, or a grant that ends, does so here too. */
async function* followed(
  filter: HistoryFilter | null,
  context: Context,
  signal: AbortSignal,
): AsyncGenerator<HistoryEvent> {
  const { eventStore } = context.services;
  const { workspace } = context;
  const types = wanted(filter?.type) ? [filter.type] : undefined;
  for await (const batch of eventStore.subscribe({ after: await eventStore.head(), types, signal })) {
    const ofFilter = batch.events.filter((event) => event.workspace === workspace && matches(event, filter));
    if (ofFilter.length === 0) continue;
    const now = await context.renewed();
    if (!now.can('history:read')) throw new CrmError(now.isSignedIn ? 'FORBIDDEN' : 'UNAUTHENTICATED');
    yield* await toHistoryEvents(
      ofFilter.filter((event) => now.sees(event.controller)),
      now,
    );
  }
}

const matches = (event: StoredEvent, filter: HistoryFilter | null): boolean =>
  (!wanted(filter?.entityId) || entityIn(event.stream) === filter.entityId) &&
  (!wanted(filter?.subjectId) || event.subject === filter.subjectId) &&
  (!wanted(filter?.actorId) || event.actor === filter.actorId) &&
  (!wanted(filter?.from) || event.recordedAt >= filter.from) &&
  (!wanted(filter?.to) || event.recordedAt <= filter.to);
