import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import {
  type ClientRow,
  clientsByIds,
  clientsOf,
  type WorkspaceRow,
  workspaces,
} from '../../projections/identity/workspaces.js';
import { CrmError } from '../../src/errors.js';
import { clientDecider } from '../../src/identity/clients/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput, CommandPayload, wanted } from '../crm/common.js';
import { DateTime } from '../scalars.js';

/** Clients of a workspace come in one list, up to this many. */
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

@Resolver()
export class WorkspaceResolver {
  @Allow('client:read')
  @Query(() => [Client], { description: 'By name.' })
  async clients(@Ctx() context: Context): Promise<Client[]> {
    const { rows } = await clientsOf(context.services.readStore, context.workspace, MAX_LISTED);
    return rows.filter(({ row }) => context.sees(row.id)).map(({ row }) => toClient(row));
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

/** Error: NOT_FOUND where the workspace has no such client, or the caller does not see its records; `null`: the workspace itself. */
export const requireClient = async (
  id: string | null | undefined,
  context: Context,
  field = 'input.clientId',
): Promise<void> => {
  const own = !wanted(id);
  const isThere = own || (await context.services.handler.stateOf(clientDecider, id, context.workspace)).added;
  if (!isThere || !context.sees(own ? context.workspace : id)) throw new CrmError('NOT_FOUND', { field });
};
