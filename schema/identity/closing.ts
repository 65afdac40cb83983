import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { historyPage } from '../../projections/audit/history.js';
import { companyPage } from '../../projections/crm/companies.js';
import { contactPage } from '../../projections/crm/contacts.js';
import { dealPage } from '../../projections/crm/deals.js';
import { BIN, LIVE } from '../../projections/crm/record.js';
import { workspacesByIds } from '../../projections/identity/workspaces.js';
import { CrmError, isCrmError } from '../../src/errors.js';
import { type Fates, mayClose } from '../../src/identity/accounts/closing.js';
import { accountDecider } from '../../src/identity/accounts/decider.js';
import { streamOf } from '../../src/kernel/decider.js';
import { subjectIdOf } from '../../src/kernel/ids.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import { keptOf } from '../../src/privacy/erasure/certificate.js';
import { lastValues } from '../../src/privacy/erasure/lastValues.js';
import { previewFields } from '../../src/privacy/erasure/preview.js';
import type { Page, ReadStore } from '../../src/readstore/port.js';
import { Allow } from '../access.js';
import { type Context, commandIdIn, inInput } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { ErasureReasonEnum, ErasureStandingEnum, type OneOf, WorkspaceFateEnum } from '../enums.js';
import { PreviewedField } from '../privacy/erasurePreview.js';
import { DateTime } from '../scalars.js';
import { StepUp } from '../stepUp.js';

@ObjectType({ simpleResolvers: true, description: 'Something that would go, and how much of it there is now.' })
class GoingPart {
  @Field()
  name!: string;

  @Field(() => Int)
  count!: number;
}

@ObjectType({ simpleResolvers: true, description: 'Something that would stay.' })
class StayingPart {
  @Field()
  what!: string;

  @Field({ description: 'Why: the article of the law that lets it be kept.' })
  ground!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A workspace of somebody who is about to close their account.' })
class ClosingWorkspace {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => WorkspaceFateEnum)
  fate!: OneOf<typeof WorkspaceFateEnum>;
}

@Allow('signed-in')
@ObjectType({ simpleResolvers: true, description: 'What closing the account would do. Nothing is done.' })
class AccountClosurePreview {
  @Field({ description: 'Whether no workspace is in the way.' })
  mayClose!: boolean;

  @Field(() => [ClosingWorkspace])
  workspaces!: readonly ClosingWorkspace[];

  @Field(() => [PreviewedField], { description: 'What the account itself holds; all of it goes.' })
  fields!: readonly PreviewedField[];

  @Field(() => [GoingPart])
  goes!: readonly GoingPart[];

  @Field(() => [StayingPart])
  stays!: readonly StayingPart[];
}

@Allow('workspace:erase')
@ObjectType({ simpleResolvers: true, description: 'What erasing the workspace would do. Nothing is done.' })
class WorkspaceErasurePreview {
  @Field({ description: 'Somebody in it is under a hold, which keeps it from being erased.' })
  onHold!: boolean;

  @Field(() => [GoingPart])
  goes!: readonly GoingPart[];

  @Field(() => [StayingPart])
  stays!: readonly StayingPart[];
}

@InputType()
class CloseAccountInput extends CommandInput {}

@InputType()
class EraseWorkspaceInput extends CommandInput {
  @Field(() => ErasureReasonEnum, { defaultValue: 'OTHER' })
  reasonCode!: OneOf<typeof ErasureReasonEnum>;
}

const CERTIFICATE_PATH =
  'Where the certificate is served once it is signed, to whoever has this, without signing in; NOT_FOUND until then.';

@ObjectType({ simpleResolvers: true })
class CloseAccountPayload {
  @Field(() => ID)
  erasureId!: string;

  @Field(() => ID)
  subjectId!: string;

  @Field({ description: CERTIFICATE_PATH })
  certificatePath!: string;
}

@ObjectType({ simpleResolvers: true })
class EraseWorkspacePayload {
  @Field(() => ID)
  erasureId!: string;

  @Field(() => ErasureStandingEnum, {
    description: 'Where an approval or a delay comes first, nothing has happened yet.',
  })
  standing!: OneOf<typeof ErasureStandingEnum>;

  @Field(() => DateTime, { nullable: true, description: 'It can be called off until then.' })
  dueAt?: string;

  @Field({ description: CERTIFICATE_PATH })
  certificatePath!: string;
}

@Resolver()
export class ClosingResolver {
  @Allow('signed-in')
  @Query(() => AccountClosurePreview, { description: 'A dry run: what goes with the account, what stays, and why.' })
  async accountClosurePreview(@Ctx() context: Context): Promise<AccountClosurePreview> {
    const { services, account } = context;
    const fates = await services.closing.fates(account);
    const rows = await workspacesByIds(services.readStore, [...fates.keys()]);
    const { values, types } = await lastValues(streamOf(accountDecider, account), services);
    return {
      mayClose: mayClose(fates),
      workspaces: [...fates].map(([id, fate], index) => ({ id, name: rows[index]?.name, fate })),
      fields: previewFields(values, types, services.definitions),
      goes: await goingWithAccount(context, fates),
      stays: keptOf('ACCOUNT', { kind: 'ERASE', reason: 'SUBJECT_REQUEST' }),
    };
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => CloseAccountPayload, {
    description:
      'Erases the account and everything of its holder, and the workspaces that nobody else is in. What they did in others stays in their histories, under an id that leads to no name. Cannot be undone.',
  })
  async closeAccount(@Arg('input') input: CloseAccountInput, @Ctx() context: Context): Promise<CloseAccountPayload> {
    const { services, account, requestId } = context;
    const commandId = commandIdIn(input.commandId);
    const erasureId = await inInput(() => services.closing.close(account, commandId, requestId));
    const subjectId = subjectIdOf(account);
    return { erasureId, subjectId, certificatePath: services.certificateLinks.pathOf(OPERATOR, erasureId, subjectId) };
  }

  @Allow('workspace:erase')
  @Query(() => WorkspaceErasurePreview, {
    description: 'A dry run: what goes with the workspace, what stays, and why.',
  })
  async workspaceErasurePreview(@Ctx() context: Context): Promise<WorkspaceErasurePreview> {
    return {
      onHold: await context.services.erasures.isHeld(context.workspace),
      goes: await goingWithWorkspace(context),
      stays: keptOf('WORKSPACE', { kind: 'ERASE', reason: 'OTHER' }),
    };
  }

  @Allow('workspace:erase')
  @StepUp()
  @Mutation(() => EraseWorkspacePayload, {
    description:
      'Destroys the key under which everything in the workspace is, and takes it out of every read model. Members keep their accounts. Cannot be undone.',
  })
  async eraseWorkspace(
    @Arg('input') { reasonCode: reason, commandId }: EraseWorkspaceInput,
    @Ctx() context: Context,
  ): Promise<EraseWorkspacePayload> {
    const { services, workspace } = context;
    const target = { record: workspace, subject: workspace, controller: workspace, kind: 'WORKSPACE' } as const;
    const command = context.command(commandId);
    const erasureId = await services.erasures
      .request({ targets: [target], kind: 'ERASE', reason }, command)
      .catch((error: unknown) => {
        throw isCrmError(error, 'LEGAL_HOLD') ? new CrmError('LEGAL_HOLD', {}, { cause: error }) : error;
      });
    const { requested } = await services.erasures.state(erasureId, workspace);
    return {
      erasureId,
      standing: await services.erasures.standing(erasureId, workspace),
      dueAt: requested?.dueAt,
      certificatePath: services.certificateLinks.pathOf(workspace, erasureId, workspace),
    };
  }
}

const goingWithAccount = async ({ services, account }: Context, fates: Fates): Promise<readonly GoingPart[]> => {
  const { sessions, devices, secondFactors, passkeys, openIdSignIn, apiKeys, closing } = services;
  const targets = await closing.targets(account, fates);
  const kept = (kind: string) => targets.filter((target) => target.kind === kind).length;
  return [
    { name: 'sessions', count: (await sessions.of(account)).length },
    { name: 'devices', count: (await devices.of(account)).size },
    { name: 'secondFactors', count: Number(await secondFactors.required(account)) },
    { name: 'recoveryCodes', count: await secondFactors.recoveryCodesLeft(account) },
    { name: 'passkeys', count: (await passkeys.of(account)).length },
    { name: 'linkedIdentities', count: (await openIdSignIn.of(account)).length },
    { name: 'apiKeys', count: (await apiKeys.of({ account })).length },
    { name: 'memberships', count: kept('MEMBER') },
    { name: 'invitations', count: kept('INVITATION') },
    { name: 'workspaces', count: kept('WORKSPACE') },
  ];
};

/** Of one facet the count is one look-up, however many there are. */
const counted = async (page: (facets: readonly string[]) => Promise<Page<unknown>>, ...facets: string[]) => {
  const pages = await Promise.all(facets.map((facet) => page([facet])));
  return pages.reduce((sum, { total }) => sum + (total?.count ?? 0), 0);
};

const goingWithWorkspace = async ({ services, workspace: scope }: Context): Promise<readonly GoingPart[]> => {
  const { readStore, closing } = services;
  const query = { scope, order: 'created', direction: 'asc', limit: 1, countUpTo: Number.MAX_SAFE_INTEGER } as const;
  const records = { contacts: contactPage, companies: companyPage, deals: dealPage };
  const going: GoingPart[] = [];
  for (const [name, page] of Object.entries(records)) {
    const ofPlace = (facets: readonly string[]) => (page as RecordPage)(readStore, { ...query, facets }, null);
    going.push({ name, count: await counted(ofPlace, LIVE, BIN) });
  }
  const events = await historyPage(readStore, { ...query, order: 'time' }, null);
  going.push({ name: 'events', count: events.total?.count ?? 0 });
  return [...going, { name: 'members', count: (await closing.accountsIn(scope)).length }];
};

type RecordPage = (
  store: ReadStore,
  query: Parameters<typeof contactPage>[1],
  controllers: null,
) => Promise<Page<unknown>>;
