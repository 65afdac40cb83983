import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import {
  type RoleRow,
  roleById,
  rolesOf,
  type TeamRow,
  teamById,
  teamsOf,
} from '../../projections/identity/members.js';
import { workspaces } from '../../projections/identity/workspaces.js';
import { CrmError } from '../../src/errors.js';
import { builtInRoles, covers, type Permission, permissionsOf } from '../../src/identity/access/roles.js';
import { memberDecider } from '../../src/identity/members/decider.js';
import { roleDecider } from '../../src/identity/roles/decider.js';
import { teamDecider } from '../../src/identity/teams/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput, CommandPayload, wanted } from '../crm/common.js';
import { type OneOf, PermissionEnum, RoleEnum } from '../enums.js';
import { requireClient } from './workspaces.js';

const MAX_LISTED = 1_000;

@Allow('member:read')
@ObjectType('RoleDefinition', { simpleResolvers: true, description: 'What a role may do.' })
class RoleType {
  @Field(() => RoleEnum)
  role!: OneOf<typeof RoleEnum>;

  @Field(() => ID, { nullable: true, description: 'Of a role that the workspace has made.' })
  id?: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => [PermissionEnum])
  permissions!: readonly Permission[];
}

@Allow('member:read')
@ObjectType({ simpleResolvers: true, description: 'Members who serve the same clients.' })
class Team {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => [ID])
  memberIds!: readonly string[];

  @Field(() => [ID], { description: "Whose records its members see; the workspace's id stands for its own." })
  assignedIds!: readonly string[];
}

@InputType({ description: 'A role of your own; defined anew, it changes for everybody who has it.' })
class DefineRoleInput extends CommandInput {
  @Field(() => ID, { nullable: true, description: 'Left out: a new role.' })
  id?: string | null;

  @Field()
  name!: string;

  @Field(() => [PermissionEnum], {
    description: 'None that you do not have yourself. Without CLIENT_ALL it sees the clients it is assigned to.',
  })
  permissions!: Permission[];
}

@InputType({ description: 'A team as a whole: who is not named is not in it any more.' })
class DefineTeamInput extends CommandInput {
  @Field(() => ID, { nullable: true, description: 'Left out: a new team.' })
  id?: string | null;

  @Field()
  name!: string;

  @Field(() => [ID])
  memberIds!: string[];

  @Field(() => [ID])
  clientIds!: string[];

  @Field({ defaultValue: false, description: "Whether they see the workspace's own records too." })
  ownRecords!: boolean;
}

@ObjectType({ simpleResolvers: true })
class RolePayload extends CommandPayload {
  @Field(() => RoleType)
  role!: RoleType;
}

@ObjectType({ simpleResolvers: true })
class TeamPayload extends CommandPayload {
  @Field(() => Team)
  team!: Team;
}

const toRole = ({ id, name, permissions }: RoleRow): RoleType => ({ role: 'CUSTOM', id, name, permissions });
const toTeam = ({ id, name, members, controllers }: TeamRow): Team => ({
  id,
  name,
  memberIds: members,
  assignedIds: controllers,
});
const ours: readonly RoleType[] = builtInRoles.map((role) => ({ role, permissions: [...permissionsOf[role]] }));

const SHOWN_IN = [workspaces.name, 'history'];

@Resolver()
export class RoleResolver {
  @Allow('member:read')
  @Query(() => [RoleType], { description: "Ours, then the workspace's own by name." })
  async roles(@Ctx() context: Context): Promise<RoleType[]> {
    const { rows } = await rolesOf(context.services.readStore, context.workspace, MAX_LISTED);
    return [...ours, ...rows.map(({ row }) => toRole(row))];
  }

  @Allow('member:read')
  @Query(() => [Team], { description: 'By name.' })
  async teams(@Ctx() context: Context): Promise<Team[]> {
    const { rows } = await teamsOf(context.services.readStore, context.workspace, MAX_LISTED);
    return rows.map(({ row }) => toTeam(row));
  }

  @Allow('role:write')
  @Mutation(() => RolePayload)
  async defineRole(@Arg('input') input: DefineRoleInput, @Ctx() context: Context): Promise<RolePayload> {
    const { services, workspace } = context;
    const command = context.command(input.commandId);
    const id = input.id ?? services.handler.newId(command, 'role');
    const own = context.authority.permissions;
    const before = await services.handler.stateOf(roleDecider, id, workspace);
    if (wanted(input.id) && !before.defined) throw new CrmError('NOT_FOUND', { field: 'input.id' });
    if (!covers(own, [...input.permissions, ...before.permissions])) throw new CrmError('FORBIDDEN');
    const permissions = [...new Set(input.permissions)];
    const define = { type: 'DefineRole', subject: workspace, name: input.name, permissions } as const;
    const { version, position } = await context.handle(roleDecider, id, define, command, { shownIn: SHOWN_IN });
    return { role: toRole((await roleById(services.readStore, id))!), version, position };
  }

  @Allow('client:assign')
  @Mutation(() => TeamPayload)
  async defineTeam(@Arg('input') input: DefineTeamInput, @Ctx() context: Context): Promise<TeamPayload> {
    const { services, workspace } = context;
    const command = context.command(input.commandId);
    const id = input.id ?? services.handler.newId(command, 'team');
    if (wanted(input.id) && !(await services.handler.stateOf(teamDecider, id, workspace)).defined) {
      throw new CrmError('NOT_FOUND', { field: 'input.id' });
    }
    await requireAll(input, context);
    const controllers = [...new Set(input.ownRecords ? [...input.clientIds, workspace] : input.clientIds)];
    const members = [...new Set(input.memberIds)];
    const define = { type: 'DefineTeam', subject: workspace, name: input.name, members, controllers } as const;
    const { version, position } = await context.handle(teamDecider, id, define, command, { shownIn: SHOWN_IN });
    return { team: toTeam((await teamById(services.readStore, id))!), version, position };
  }
}

/** Errors: NOT_FOUND where a member or a client is not the workspace's. */
const requireAll = async ({ memberIds, clientIds, ownRecords }: DefineTeamInput, context: Context): Promise<void> => {
  for (const id of memberIds) {
    const { added } = await context.services.handler.stateOf(memberDecider, id, context.workspace);
    if (!added) throw new CrmError('NOT_FOUND', { field: 'input.memberIds' });
  }
  for (const id of clientIds) await requireClient(id, context, 'input.clientIds');
  if (ownRecords) await requireClient(null, context, 'input.ownRecords');
};
