import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import {
  type ClientRow,
  clientsByIds,
  clientsOf,
  type MemberRow,
  membersOf,
  type WorkspaceRow,
  workspaces,
} from '../../projections/identity/workspaces.js';
import { clientDecider } from '../../src/identity/clients/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput, CommandPayload } from '../crm/common.js';
import { type OneOf, RoleEnum } from '../enums.js';
import { DateTime } from '../scalars.js';

/** Members and clients of a workspace come in one list, up to this many. */
const MAX_LISTED = 1_000;

/** Handed out with an account, also by sign-up. */
@Allow('public')
@ObjectType({ simpleResolvers: true, description: 'What its members keep is kept apart from everybody else.' })
export class Workspace {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => DateTime)
  createdAt!: string;
}

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

  @Field(() => String, { nullable: true })
  manager?: string;

  @Field(() => String, { nullable: true })
  office?: string;

  @Field()
  canSignIn!: boolean;
}

@Allow('client:read')
@ObjectType({
  simpleResolvers: true,
  description: 'A client company that the workspace works for: it decides why its contacts are kept.',
})
export class Client {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => DateTime)
  createdAt!: string;
}

@InputType()
class AddClientInput extends CommandInput {
  @Field()
  name!: string;
}

@ObjectType({ simpleResolvers: true })
class ClientPayload extends CommandPayload {
  @Field(() => Client)
  client!: Client;
}

export const toWorkspace = ({ id, name, createdAt }: WorkspaceRow): Workspace => ({ id, name, createdAt });
export const toClient = ({ id, name, createdAt }: ClientRow): Client => ({ id, name, createdAt });
export const toMember = ({ id, name, role, manager, office, account }: MemberRow): Member => ({
  id,
  name,
  role,
  manager,
  office,
  canSignIn: account !== undefined,
});

@Resolver()
export class WorkspaceResolver {
  @Allow('member:read')
  @Query(() => [Member], { description: 'By name.' })
  async members(@Ctx() context: Context): Promise<Member[]> {
    const { rows } = await membersOf(context.services.readStore, context.workspace, MAX_LISTED);
    return rows.map(({ row }) => toMember(row));
  }

  @Allow('client:read')
  @Query(() => [Client], { description: 'By name.' })
  async clients(@Ctx() context: Context): Promise<Client[]> {
    const { rows } = await clientsOf(context.services.readStore, context.workspace, MAX_LISTED);
    return rows.map(({ row }) => toClient(row));
  }

  @Allow('client:write')
  @Mutation(() => ClientPayload, { description: 'Adds a client company, a controller of its own.' })
  async addClient(@Arg('input') input: AddClientInput, @Ctx() context: Context): Promise<ClientPayload> {
    const command = context.command(input.commandId);
    const id = context.services.handler.newId(command, 'client');
    const add = { type: 'AddClient', subject: id, name: input.name } as const;
    const shownIn = [workspaces.name, 'history'];
    const { version, position } = await context.handle(
      clientDecider,
      id,
      add,
      { ...command, controller: id },
      { shownIn },
    );
    const [row] = await clientsByIds(context.services.readStore, [id]);
    return { client: toClient(row!), version, position };
  }
}
