import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { CrmError } from '../../src/errors.js';
import { instant } from '../../src/kernel/clock.js';
import { Allow } from '../access.js';
import { type Context, commandIdIn } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { DateTime } from '../scalars.js';
import { TokensPayload, tokensPayload } from './tokens.js';

@Allow('signed-in')
@ObjectType({ simpleResolvers: true, description: 'Where the account is signed in.' })
class Device {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true, description: 'The IP address that it signed in from.' })
  address?: string;

  @Field(() => String, { nullable: true })
  browser?: string;

  @Field(() => String, { nullable: true, description: 'The operating system.' })
  system?: string;

  @Field(() => DateTime)
  signedInAt!: string;

  @Field(() => DateTime, { description: 'Within five minutes.' })
  lastSeenAt!: string;

  @Field({ description: 'Whether it is the one that asks.' })
  isThis!: boolean;
}

@InputType()
class RefreshSessionInput extends CommandInput {
  @Field()
  refreshToken!: string;
}

@ObjectType({ simpleResolvers: true })
class RefreshSessionPayload extends TokensPayload {}

@InputType()
class RevokeDeviceInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
class SignOutEverywhereInput {
  @Field({ defaultValue: false, description: 'Whether this session goes on.' })
  exceptHere!: boolean;
}

@Resolver()
export class SessionResolver {
  @Allow('signed-in')
  @Query(() => [Device], { description: 'Where the account is signed in, the first sign-in first.' })
  async devices(@Ctx() context: Context): Promise<Device[]> {
    const { sessions, devices } = context.services;
    const known = await devices.of(context.account);
    return (await sessions.of(context.account)).map(({ id, beganAt, seenAt }) => ({
      id,
      ...known.get(id),
      signedInAt: instant(beganAt),
      lastSeenAt: instant(seenAt),
      isThis: id === context.session.id,
    }));
  }

  @Allow('public')
  @Mutation(() => RefreshSessionPayload, {
    description:
      'New tokens for a refresh token. One that is used a second time ends its session, and its owner is told; after an answer that was lost, send it again with the same `commandId`.',
  })
  async refreshSession(
    @Arg('input') { refreshToken, commandId }: RefreshSessionInput,
    @Ctx() { services, requestId }: Context,
  ): Promise<RefreshSessionPayload> {
    return tokensPayload(await services.credentials.refresh(refreshToken, commandIdIn(commandId), requestId));
  }

  @Allow('signed-in')
  @Mutation(() => Boolean, { description: 'Ends this session: its tokens are worth nothing from here on.' })
  async signOut(@Ctx() context: Context): Promise<boolean> {
    await end(context.session.id, context);
    return true;
  }

  @Allow('signed-in')
  @Mutation(() => Boolean, { description: 'Signs a device of yours out.' })
  async revokeDevice(@Arg('input') { id }: RevokeDeviceInput, @Ctx() context: Context): Promise<boolean> {
    const own = await context.services.sessions.of(context.account);
    if (!own.some((session) => session.id === id)) throw new CrmError('NOT_FOUND', { field: 'input.id' });
    await end(id, context);
    return true;
  }

  @Allow('signed-in')
  @Mutation(() => Int, { description: 'Signs out on every device. Answers how many they were.' })
  signOutEverywhere(
    @Arg('input', { nullable: true }) input: SignOutEverywhereInput,
    @Ctx() { account, session, services }: Context,
  ): Promise<number> {
    return services.credentials.endSessions(account, input?.exceptHere ? session.id : undefined);
  }
}

const end = async (session: string, { account, services }: Context): Promise<void> => {
  await services.sessions.end(account, session);
  await services.devices.forget(account, [session]);
};
