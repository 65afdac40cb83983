import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { InvitationRow } from '../../projections/identity/access.js';
import { instant } from '../../src/kernel/clock.js';
import { Allow } from '../access.js';
import { CommandInput, CommandPayload } from '../crm/common.js';
import { InvitationStateEnum, type OneOf, RoleEnum } from '../enums.js';
import { DateTime } from '../scalars.js';
import { Workspace } from './workspaces.js';

@Allow('member:invite')
@ObjectType({
  simpleResolvers: true,
  description: 'Sent to somebody who shall become a member. The token is in the mail alone.',
})
export class Invitation {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  email?: string;

  @Field(() => RoleEnum)
  role!: OneOf<typeof RoleEnum>;

  @Field(() => ID, { nullable: true })
  customRoleId?: string;

  @Field(() => ID, { nullable: true, description: 'Somebody who could not sign in yet: whoever accepts becomes them.' })
  memberId?: string;

  @Field(() => InvitationStateEnum)
  state!: OneOf<typeof InvitationStateEnum>;

  @Field(() => DateTime)
  expiresAt!: string;

  @Field(() => DateTime)
  createdAt!: string;
}

/** @param now milliseconds */
export const toInvitation = (row: InvitationRow, now: number): Invitation => ({
  id: row.id,
  email: row.email,
  role: row.role,
  customRoleId: row.customRole,
  memberId: row.member,
  state: row.state === 'OPEN' && row.expiresAt <= instant(now) ? 'EXPIRED' : row.state,
  expiresAt: row.expiresAt,
  createdAt: row.createdAt,
});

@InputType()
export class InviteMemberInput extends CommandInput {
  @Field()
  email!: string;

  @Field(() => RoleEnum, { defaultValue: 'AGENT' })
  role!: OneOf<typeof RoleEnum>;

  @Field(() => ID, { nullable: true, description: 'Goes with the role CUSTOM.' })
  customRoleId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'A member who cannot sign in yet, e.g. an imported agent: whoever accepts becomes them, and keeps what is theirs.',
  })
  memberId?: string | null;
}

@InputType()
export class RevokeInvitationInput extends CommandInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class AcceptInvitationInput extends CommandInput {
  @Field({ description: 'From the mail.' })
  token!: string;
}

@InputType()
export class ChangeMemberRoleInput extends CommandInput {
  @Field(() => ID)
  memberId!: string;

  @Field(() => RoleEnum)
  role!: OneOf<typeof RoleEnum>;

  @Field(() => ID, { nullable: true, description: 'Goes with the role CUSTOM.' })
  customRoleId?: string | null;
}

@InputType()
export class RemoveMemberInput extends CommandInput {
  @Field(() => ID)
  memberId!: string;
}

@InputType()
export class LeaveWorkspaceInput extends CommandInput {}

@InputType()
export class TransferOwnershipInput extends CommandInput {
  @Field(() => ID)
  memberId!: string;

  @Field({ defaultValue: false, description: 'To own the workspace together from here on.' })
  stayOwner!: boolean;
}

@InputType()
export class AssignClientInput extends CommandInput {
  @Field(() => ID)
  memberId!: string;

  @Field(() => ID, { nullable: true, description: "Left out: the workspace's own records." })
  clientId?: string | null;
}

@InputType()
export class UnassignClientInput extends AssignClientInput {}

@ObjectType({ simpleResolvers: true })
export class InvitationPayload extends CommandPayload {
  @Field(() => Invitation)
  invitation!: Invitation;
}

@ObjectType({ simpleResolvers: true })
export class AcceptInvitationPayload {
  @Field(() => Workspace)
  workspace!: Workspace;

  @Field(() => ID)
  memberId!: string;

  @Field()
  position!: string;
}
