import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { type AuditAccessRow, access, auditAccessById, auditAccessOf } from '../../projections/identity/access.js';
import { workspaces } from '../../projections/identity/workspaces.js';
import { CrmError } from '../../src/errors.js';
import { auditDecider } from '../../src/identity/audits/decider.js';
import { memberDecider } from '../../src/identity/members/decider.js';
import { instant } from '../../src/kernel/clock.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput, CommandPayload } from '../crm/common.js';
import { AuditPurposeEnum, type OneOf } from '../enums.js';
import { DateTime } from '../scalars.js';
import { requireClient } from './workspaces.js';

const MAX_LISTED = 1_000;

@Allow('audit:read')
@ObjectType({ simpleResolvers: true, description: 'Access to the history that an auditor has for a while.' })
class AuditAccess {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  memberId!: string;

  @Field(() => DateTime)
  from!: string;

  @Field(() => DateTime, { description: 'It ends by itself at this instant.' })
  until!: string;

  @Field(() => AuditPurposeEnum)
  purpose!: OneOf<typeof AuditPurposeEnum>;

  @Field(() => [ID], { nullable: true, description: 'Clients whose events it covers; none: all.' })
  clientIds?: readonly string[];

  @Field({ description: 'Whether sealed fields are opened; otherwise they are redacted.' })
  personal!: boolean;

  @Field(() => String, { nullable: true })
  note?: string;

  @Field(() => DateTime, { nullable: true, description: 'Where it was ended before its time.' })
  endedAt?: string;
}

@InputType()
class GrantAuditAccessInput extends CommandInput {
  @Field(() => ID, { description: 'A member with the role AUDITOR.' })
  memberId!: string;

  @Field(() => DateTime, { nullable: true, description: 'Left out: from now on.' })
  from?: string | null;

  @Field(() => DateTime, { description: 'At most 366 days after its beginning.' })
  until!: string;

  @Field(() => AuditPurposeEnum)
  purpose!: OneOf<typeof AuditPurposeEnum>;

  @Field(() => [ID], { nullable: true, description: 'Left out: the whole workspace.' })
  clientIds?: string[] | null;

  @Field({ defaultValue: false })
  personal!: boolean;

  @Field(() => String, { nullable: true })
  note?: string | null;
}

@InputType()
class EndAuditAccessInput extends CommandInput {
  @Field(() => ID)
  id!: string;
}

@ObjectType({ simpleResolvers: true })
class AuditAccessPayload extends CommandPayload {
  @Field(() => AuditAccess)
  auditAccess!: AuditAccess;
}

const toAccess = ({ id, member, from, until, purpose, controllers, personal, note, endedAt }: AuditAccessRow) => ({
  id,
  memberId: member,
  from,
  until,
  purpose,
  clientIds: controllers,
  personal,
  note,
  endedAt,
});

const SHOWN_IN = [access.name, workspaces.name, 'history'];

@Resolver()
export class AuditAccessResolver {
  @Allow('audit:read')
  @Query(() => [AuditAccess], { description: 'The newest first.' })
  async auditAccess(@Ctx() context: Context): Promise<AuditAccess[]> {
    return (await auditAccessOf(context.services.readStore, context.workspace, MAX_LISTED)).map(toAccess);
  }

  @Allow('audit:grant')
  @Mutation(() => AuditAccessPayload)
  async grantAuditAccess(
    @Arg('input') input: GrantAuditAccessInput,
    @Ctx() context: Context,
  ): Promise<AuditAccessPayload> {
    const { services, workspace } = context;
    const { memberId: member, until, purpose, personal } = input;
    const command = context.command(input.commandId);
    const id = services.handler.newId(command, 'auditAccess');
    if (personal && !context.can('history:read-personal')) throw new CrmError('FORBIDDEN');
    for (const each of input.clientIds ?? []) await requireClient(each, context, 'input.clientIds');
    await requireAuditor(member, context);
    const grant = {
      type: 'GrantAuditAccess',
      subject: workspace,
      member,
      from: input.from ?? undefined,
      until,
      purpose,
      controllers: input.clientIds ?? undefined,
      personal,
      note: input.note ?? undefined,
      given: { now: instant(services.clock.now()) },
    } as const;
    return payload(id, await context.handle(auditDecider, id, grant, command, { shownIn: SHOWN_IN }), context);
  }

  @Allow('audit:grant')
  @Mutation(() => AuditAccessPayload, { description: 'Ends it before its time.' })
  async endAuditAccess(@Arg('input') { id, commandId }: EndAuditAccessInput, @Ctx() context: Context) {
    const end = { type: 'EndAuditAccess', subject: context.workspace } as const;
    const options = { shownIn: SHOWN_IN };
    return payload(id, await context.handle(auditDecider, id, end, context.command(commandId), options), context);
  }
}

/** Errors: NOT_FOUND, BAD_USER_INPUT for a member who is something else. */
const requireAuditor = async (id: string, { services, workspace }: Context): Promise<void> => {
  const { added, role } = await services.handler.stateOf(memberDecider, id, workspace);
  if (!added) throw new CrmError('NOT_FOUND', { field: 'input.memberId' });
  if (role !== 'AUDITOR') {
    throw new CrmError('BAD_USER_INPUT', { field: 'input.memberId', reason: 'A member with the role AUDITOR.' });
  }
};

const payload = async (
  id: string,
  { version, position }: { version: number; position: string },
  { services }: Context,
): Promise<AuditAccessPayload> => ({
  auditAccess: toAccess((await auditAccessById(services.readStore, id))!),
  version,
  position,
});
