import { Arg, Ctx, Field, ID, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { invitationById, invitationsOf } from '../../projections/identity/access.js';
import { type MemberRow, membersByIds, membersOf } from '../../projections/identity/members.js';
import { workspaces, workspacesByIds } from '../../projections/identity/workspaces.js';
import { CrmError } from '../../src/errors.js';
import type { CommandContext, Handled } from '../../src/kernel/commandHandler.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { CommandPayload } from '../crm/common.js';
import { type OneOf, RoleEnum } from '../enums.js';
import { DateTime } from '../scalars.js';
import { StepUp } from '../stepUp.js';
import {
  AcceptInvitationInput,
  AcceptInvitationPayload,
  AssignClientInput,
  ChangeMemberRoleInput,
  Invitation,
  InvitationPayload,
  InviteMemberInput,
  LeaveWorkspaceInput,
  RemoveMemberInput,
  RevokeInvitationInput,
  TransferOwnershipInput,
  toInvitation,
  UnassignClientInput,
} from './memberTypes.js';
import { requireClient, toWorkspace } from './workspaces.js';

/** Members and invitations come in one list, up to this many. */
const MAX_LISTED = 1_000;

@Allow('member:read')
@ObjectType({
  simpleResolvers: true,
  description: 'Somebody who works here; without an account they cannot sign in yet.',
})
export class Member {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => RoleEnum)
  role!: OneOf<typeof RoleEnum>;

  @Field(() => ID, { nullable: true, description: 'Which role, where it is CUSTOM.' })
  customRoleId?: string;

  @Field(() => [ID], {
    description: "Clients whose records they see, where they do not see all; the workspace's id stands for its own.",
  })
  assignedIds!: readonly string[];

  @Field(() => String, { nullable: true })
  manager?: string;

  @Field(() => String, { nullable: true })
  office?: string;

  @Field()
  canSignIn!: boolean;

  @Field(() => DateTime, { nullable: true, description: 'Since when they are no member any more.' })
  leftAt?: string;
}

@ObjectType({ simpleResolvers: true })
class MemberPayload extends CommandPayload {
  @Field(() => Member)
  member!: Member;
}

@ObjectType({ simpleResolvers: true })
class LeaveWorkspacePayload {
  @Field()
  position!: string;
}

export const toMember = (row: MemberRow): Member => ({
  id: row.id,
  name: row.name,
  role: row.role,
  customRoleId: row.customRole,
  assignedIds: Object.keys(row.assigned ?? {}),
  manager: row.manager,
  office: row.office,
  canSignIn: row.account !== undefined && row.leftAt === undefined,
  leftAt: row.leftAt,
});

const SHOWN_IN = [workspaces.name, 'access', 'history'];

@Resolver()
export class MemberResolver {
  @Allow('member:read')
  @Query(() => [Member], { description: 'By name.' })
  async members(@Ctx() context: Context): Promise<Member[]> {
    const { rows } = await membersOf(context.services.readStore, context.workspace, MAX_LISTED);
    return rows.map(({ row }) => toMember(row));
  }

  @Allow('member:invite')
  @Query(() => [Invitation], { description: 'The newest first.' })
  async invitations(@Ctx() context: Context): Promise<Invitation[]> {
    const rows = await invitationsOf(context.services.readStore, context.workspace, MAX_LISTED);
    return rows.map((row) => toInvitation(row, context.services.clock.now()));
  }

  @Allow('member:invite')
  @Mutation(() => InvitationPayload, {
    description:
      'Sends an invitation, good once and for seven days. Nobody gives a role that may do more than they may.',
  })
  async inviteMember(@Arg('input') input: InviteMemberInput, @Ctx() context: Context): Promise<InvitationPayload> {
    const command = context.command(input.commandId);
    const id = context.services.handler.newId(command, 'invitation');
    const { email, role } = input;
    const invited = { email, role, customRole: input.customRoleId ?? undefined, member: input.memberId ?? undefined };
    const { memberships } = context.services;
    return invitation(id, context, () => memberships.invite(id, invited, context.authority.permissions, command));
  }

  @Allow('member:invite')
  @Mutation(() => InvitationPayload)
  revokeInvitation(@Arg('input') input: RevokeInvitationInput, @Ctx() context: Context): Promise<InvitationPayload> {
    const command = context.command(input.commandId);
    return invitation(input.id, context, () => context.services.memberships.revoke(input.id, command));
  }

  @Allow('signed-in')
  @Mutation(() => AcceptInvitationPayload, {
    description: 'Makes whoever is signed in a member, if the invitation was sent to their address.',
  })
  async acceptInvitation(
    @Arg('input') { token, commandId }: AcceptInvitationInput,
    @Ctx() context: Context,
  ): Promise<AcceptInvitationPayload> {
    const { services, account, requestId } = context;
    const base = { commandId: commandId?.toLowerCase() ?? null, correlationId: requestId };
    const joined = await inInput(() => services.memberships.accept(token, account, base));
    await services.waitFor(SHOWN_IN, joined.position);
    const [workspace] = await workspacesByIds(services.readStore, [joined.workspace]);
    return { workspace: toWorkspace(workspace!), memberId: joined.member, position: joined.position };
  }

  @Allow('member:manage')
  @Mutation(() => MemberPayload, { description: 'Effective at once, also for who is signed in.' })
  changeMemberRole(@Arg('input') input: ChangeMemberRoleInput, @Ctx() context: Context): Promise<MemberPayload> {
    const given = { role: input.role, customRole: input.customRoleId ?? undefined };
    const { permissions } = context.authority;
    return changed(input.memberId, input.commandId, context, (command) =>
      context.services.memberships.changeRole(input.memberId, given, permissions, command),
    );
  }

  @Allow('member:manage')
  @Mutation(() => MemberPayload, { description: 'They are out at once; what they did keeps their name.' })
  removeMember(@Arg('input') input: RemoveMemberInput, @Ctx() context: Context): Promise<MemberPayload> {
    const { permissions } = context.authority;
    return changed(input.memberId, input.commandId, context, (command) =>
      context.services.memberships.remove(input.memberId, permissions, command),
    );
  }

  @Allow('signed-in')
  @Mutation(() => LeaveWorkspacePayload, { description: 'The last owner cannot leave.' })
  async leaveWorkspace(
    @Arg('input') input: LeaveWorkspaceInput,
    @Ctx() context: Context,
  ): Promise<LeaveWorkspacePayload> {
    const { services, account } = context;
    const { position } = await inInput(() => services.memberships.leave(account, context.command(input.commandId)));
    await services.waitFor(SHOWN_IN, position);
    return { position };
  }

  @Allow('workspace:transfer')
  @StepUp()
  @Mutation(() => MemberPayload, { description: 'Makes a member the owner in place of the caller, or beside them.' })
  transferOwnership(@Arg('input') input: TransferOwnershipInput, @Ctx() context: Context): Promise<MemberPayload> {
    const { memberId, stayOwner, commandId } = input;
    return changed(memberId, commandId, context, (command) =>
      context.services.memberships.transfer(context.account, memberId, stayOwner, command),
    );
  }

  @Allow('client:assign')
  @Mutation(() => MemberPayload, { description: "Lets a member see a client's records, or the workspace's own." })
  assignClient(@Arg('input') input: AssignClientInput, @Ctx() context: Context): Promise<MemberPayload> {
    return assigned('AssignMember', input, context);
  }

  @Allow('client:assign')
  @Mutation(() => MemberPayload)
  unassignClient(@Arg('input') input: UnassignClientInput, @Ctx() context: Context): Promise<MemberPayload> {
    return assigned('UnassignMember', input, context);
  }
}

const assigned = async (type: 'AssignMember' | 'UnassignMember', input: AssignClientInput, context: Context) => {
  const { memberId, clientId, commandId } = input;
  await requireClient(clientId, context);
  return changed(memberId, commandId, context, (command) =>
    context.services.memberships.assign(type, memberId, clientId ?? context.workspace, command),
  );
};

const changed = async (
  memberId: string,
  commandId: string | null | undefined,
  context: Context,
  work: (command: CommandContext) => Promise<Handled>,
): Promise<MemberPayload> => {
  const { services } = context;
  const { version, position } = await inInput(() => work(context.command(commandId)));
  await services.waitFor(SHOWN_IN, position);
  const [row] = await membersByIds(services.readStore, [memberId]);
  if (!row) throw new CrmError('NOT_FOUND', { field: 'input.memberId' });
  return { member: toMember(row), version, position };
};

const invitation = async (id: string, context: Context, work: () => Promise<Handled>): Promise<InvitationPayload> => {
  const { services } = context;
  const { version, position } = await inInput(work);
  await services.waitFor(SHOWN_IN, position);
  const row = await invitationById(services.readStore, id);
  if (row === null) throw new CrmError('NOT_FOUND', { field: 'input.id' });
  return { invitation: toInvitation(row, services.clock.now()), version, position };
};
