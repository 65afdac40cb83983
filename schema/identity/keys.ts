import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { type ApiKeyRow, access, keyById, keysOf } from '../../projections/identity/access.js';
import { CrmError } from '../../src/errors.js';
import { covers, type Permission } from '../../src/identity/access/roles.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { CommandInput, CommandPayload } from '../crm/common.js';
import { PermissionEnum } from '../enums.js';
import { DateTime } from '../scalars.js';
import { StepUp } from '../stepUp.js';
import { requireClient } from './workspaces.js';

const MAX_LISTED = 1_000;
const DEFAULT_DAYS = 90;
const MAX_DAYS = 366;

@Allow('key:read')
@ObjectType({ simpleResolvers: true, description: 'A key with which a program acts for a member.' })
class ApiKey {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => [PermissionEnum], { description: 'What it may do, for as long as its member may do it.' })
  scopes!: readonly Permission[];

  @Field(() => [ID], {
    nullable: true,
    description: 'Clients whose records it sees; none: those that its member sees.',
  })
  clientIds?: readonly string[];

  @Field(() => DateTime)
  createdAt!: string;

  @Field(() => DateTime)
  expiresAt!: string;

  @Field(() => DateTime, { nullable: true })
  revokedAt?: string;
}

@InputType()
class CreateApiKeyInput {
  @Field()
  name!: string;

  @Field(() => [PermissionEnum], { description: 'At least one, and none that you do not have yourself.' })
  scopes!: Permission[];

  @Field(() => [ID], { nullable: true })
  clientIds?: string[] | null;

  @Field(() => Int, { defaultValue: DEFAULT_DAYS, description: `At most ${MAX_DAYS}.` })
  expiresInDays!: number;
}

@InputType()
class RevokeApiKeyInput extends CommandInput {
  @Field(() => ID)
  id!: string;
}

@ObjectType({ simpleResolvers: true })
class CreateApiKeyPayload extends CommandPayload {
  @Field({ description: 'For the header `Authorization: Bearer crm_…`. Told this once: only its hash is kept.' })
  secret!: string;

  @Field(() => ApiKey)
  apiKey!: ApiKey;
}

@ObjectType({ simpleResolvers: true })
class ApiKeyPayload extends CommandPayload {
  @Field(() => ApiKey)
  apiKey!: ApiKey;
}

const toKey = ({ id, name, scopes, controllers, createdAt, expiresAt, revokedAt }: ApiKeyRow): ApiKey => ({
  id,
  name,
  scopes,
  clientIds: controllers,
  createdAt,
  expiresAt,
  revokedAt,
});

const SHOWN_IN = [access.name, 'history'];

@Resolver()
export class KeyResolver {
  @Allow('key:read')
  @Query(() => [ApiKey], { description: 'The newest first.' })
  async apiKeys(@Ctx() context: Context): Promise<ApiKey[]> {
    return (await keysOf(context.services.readStore, context.workspace, MAX_LISTED)).map(toKey);
  }

  @Allow('key:write')
  @StepUp()
  @Mutation(() => CreateApiKeyPayload)
  async createApiKey(@Arg('input') input: CreateApiKeyInput, @Ctx() context: Context): Promise<CreateApiKeyPayload> {
    const { name, expiresInDays: days } = input;
    if (days < 1 || days > MAX_DAYS)
      throw new CrmError('BAD_USER_INPUT', { field: 'input.expiresInDays', limit: MAX_DAYS });
    if (!covers(context.authority.permissions, input.scopes)) throw new CrmError('FORBIDDEN');
    for (const id of input.clientIds ?? []) await requireClient(id, context, 'input.clientIds');
    const { services, account } = context;
    const command = context.command();
    const id = services.handler.newId(command, 'apiKey');
    const scopes = [...new Set(input.scopes)];
    const key = { account, name, scopes, controllers: input.clientIds ?? undefined, days };
    const { secret, ...handled } = await inInput(() => services.apiKeys.create(id, key, command));
    return { secret, ...(await payload(id, handled, context)) };
  }

  @Allow('key:write')
  @Mutation(() => ApiKeyPayload, { description: 'Worth nothing from here on.' })
  async revokeApiKey(@Arg('input') input: RevokeApiKeyInput, @Ctx() context: Context): Promise<ApiKeyPayload> {
    const command = context.command(input.commandId);
    return payload(input.id, await inInput(() => context.services.apiKeys.revoke(input.id, command)), context);
  }
}

const payload = async (
  id: string,
  { version, position }: { version: number; position: string },
  { services }: Context,
): Promise<ApiKeyPayload> => {
  await services.waitFor(SHOWN_IN, position);
  return { apiKey: toKey((await keyById(services.readStore, id))!), version, position };
};
