import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { accountById } from '../../projections/identity/accounts.js';
import type { Passkey as KnownPasskey } from '../../src/identity/access/passkeys.js';
import { instant } from '../../src/kernel/clock.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { Cost } from '../cost.js';
import { DateTime, Json } from '../scalars.js';
import { StepUp } from '../stepUp.js';
import { SignInPayload, signedIn } from './accounts.js';
import { inSession } from './inSession.js';
import { PASSKEY_COST, REFRESHABLE } from './tokens.js';

@Allow('signed-in')
@ObjectType({ simpleResolvers: true, description: 'What signs in to your account without a password (WebAuthn).' })
class Passkey {
  @Field(() => ID)
  id!: string;

  @Field({ description: 'As its owner calls it.' })
  name!: string;

  @Field(() => DateTime)
  createdAt!: string;

  @Field(() => DateTime, { nullable: true })
  lastUsedAt!: string | null;
}

@ObjectType({ simpleResolvers: true })
class PasskeyOptionsPayload {
  @Field(() => Json, {
    description:
      'For `navigator.credentials`, as its `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` take it. Good once, for five minutes.',
  })
  options!: object;
}

@InputType()
class PasskeyResponseInput {
  @Field(() => Json, { description: "The credential's `toJSON()`." })
  response!: unknown;
}

@InputType()
class RegisterPasskeyInput extends PasskeyResponseInput {
  @Field({ description: 'To know it again by.' })
  name!: string;
}

@InputType()
class SignInWithPasskeyInput extends PasskeyResponseInput {
  @Field({ defaultValue: false, description: REFRESHABLE })
  refreshable!: boolean;
}

@InputType()
class StepUpWithPasskeyInput extends PasskeyResponseInput {}

@InputType()
class RemovePasskeyInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
class RenamePasskeyInput extends RemovePasskeyInput {
  @Field()
  name!: string;
}

@ObjectType({ simpleResolvers: true })
class PasskeyPayload {
  @Field(() => Passkey)
  passkey!: Passkey;
}

const toPasskey = ({ id, name, createdAt, lastUsedAt }: KnownPasskey): Passkey => ({
  id,
  name,
  createdAt: instant(createdAt),
  lastUsedAt: lastUsedAt === null ? null : instant(lastUsedAt),
});

/** Passkeys are no events, and a challenge is good once: none of these takes a `commandId`. */
@Resolver()
export class PasskeyResolver {
  @Allow('signed-in')
  @Query(() => [Passkey], { description: 'Those of your account, the oldest first.' })
  async passkeys(@Ctx() { account, services }: Context): Promise<Passkey[]> {
    return (await services.passkeys.of(account)).map(toPasskey);
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => PasskeyOptionsPayload, { description: 'To make a passkey with.' })
  async beginPasskeyRegistration(@Ctx() { account, session, services }: Context): Promise<PasskeyOptionsPayload> {
    const label = (await accountById(services.readStore, account))?.email ?? account;
    return { options: await services.passkeys.offer(account, label, session.id) };
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => PasskeyPayload, { description: 'From here on the passkey signs in to the account.' })
  async registerPasskey(
    @Arg('input') { response, name }: RegisterPasskeyInput,
    @Ctx() context: Context,
  ): Promise<PasskeyPayload> {
    const { passkeySignIn } = context.services;
    return { passkey: toPasskey(await inInput(() => passkeySignIn.register(inSession(context), response, name))) };
  }

  @Allow('signed-in')
  @Mutation(() => PasskeyPayload)
  async renamePasskey(
    @Arg('input') { id, name }: RenamePasskeyInput,
    @Ctx() { account, services }: Context,
  ): Promise<PasskeyPayload> {
    return { passkey: toPasskey(await inInput(() => services.passkeys.rename(account, id, name))) };
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => Boolean, { description: 'It signs in no more.' })
  async removePasskey(@Arg('input') { id }: RemovePasskeyInput, @Ctx() context: Context): Promise<boolean> {
    await inInput(() => context.services.passkeySignIn.remove(inSession(context), id));
    return true;
  }

  @Allow('public')
  @Cost(PASSKEY_COST)
  @Mutation(() => PasskeyOptionsPayload, { description: 'To ask for a passkey with, whosever it is.' })
  async beginPasskeySignIn(@Ctx() { services }: Context): Promise<PasskeyOptionsPayload> {
    return { options: await services.passkeys.ask({ kind: 'SIGN_IN' }) };
  }

  @Allow('public')
  @Cost(PASSKEY_COST)
  @Mutation(() => SignInPayload, { description: 'Signs in without a password and without a code.' })
  async signInWithPasskey(
    @Arg('input') { response, refreshable }: SignInWithPasskeyInput,
    @Ctx() context: Context,
  ): Promise<SignInPayload> {
    const { services, deviceShown: device, requestId } = context;
    const wanted = { refreshable, device };
    return signedIn(await inInput(() => services.passkeySignIn.signIn(response, wanted, requestId)), context);
  }

  @Allow('signed-in')
  @Mutation(() => PasskeyOptionsPayload, { description: 'To ask for a passkey of yours with, for what is dangerous.' })
  async beginPasskeyStepUp(@Ctx() { account, session, services }: Context): Promise<PasskeyOptionsPayload> {
    return { options: await services.passkeys.ask({ kind: 'STEP_UP', session: session.id }, account) };
  }

  @Allow('signed-in')
  @Cost(PASSKEY_COST)
  @Mutation(() => Boolean, { description: 'Proves again that it is you, as `stepUp` does.' })
  async stepUpWithPasskey(
    @Arg('input') { response }: StepUpWithPasskeyInput,
    @Ctx() context: Context,
  ): Promise<boolean> {
    await inInput(() => context.services.passkeySignIn.prove(inSession(context), response));
    return true;
  }
}
