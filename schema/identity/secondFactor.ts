import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { Cost } from '../cost.js';
import { StepUp } from '../stepUp.js';
import { inSession } from './inSession.js';
import { PASSWORD_COST } from './tokens.js';

@Allow('signed-in')
@ObjectType({ simpleResolvers: true, description: 'What signing in to your account asks for beside the password.' })
class SecondFactor {
  @Field({ description: 'Whether a code of an authenticator is asked for (RFC 6238).' })
  totp!: boolean;

  @Field(() => Int)
  recoveryCodesLeft!: number;
}

@ObjectType({ simpleResolvers: true })
class BeginTotpPayload {
  @Field({ description: 'In base32, to type into an authenticator.' })
  secret!: string;

  @Field({ description: 'To show as a QR code.' })
  uri!: string;
}

@InputType()
class ConfirmTotpInput {
  @Field({ description: 'What the authenticator shows.' })
  code!: string;
}

@ObjectType({ simpleResolvers: true })
class RecoveryCodesPayload {
  @Field(() => [String], { description: 'Each is good once in place of a code. They are not shown again.' })
  recoveryCodes!: readonly string[];
}

@InputType()
class StepUpInput {
  @Field(() => String, { nullable: true, description: 'Where the account has no second factor.' })
  password?: string | null;

  @Field(() => String, { nullable: true, description: 'Of the authenticator, or a recovery code.' })
  code?: string | null;
}

/** Codes are good once, and no events: none of these takes a `commandId`. */
@Resolver()
export class SecondFactorResolver {
  @Allow('signed-in')
  @Query(() => SecondFactor)
  async secondFactor(@Ctx() { account, services: { secondFactors } }: Context): Promise<SecondFactor> {
    const recoveryCodesLeft = await secondFactors.recoveryCodesLeft(account);
    return { totp: await secondFactors.required(account), recoveryCodesLeft };
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => BeginTotpPayload, { description: 'A secret for an authenticator; confirm it within ten minutes.' })
  beginTotp(@Ctx() { account, services }: Context): Promise<BeginTotpPayload> {
    return services.credentials.offerTotp(account);
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => RecoveryCodesPayload, { description: 'From here on signing in asks for a code.' })
  async confirmTotp(
    @Arg('input') { code }: ConfirmTotpInput,
    @Ctx() { account, services, requestId }: Context,
  ): Promise<RecoveryCodesPayload> {
    return { recoveryCodes: await inInput(() => services.credentials.confirmTotp(account, code, requestId)) };
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => Boolean, { description: 'Signing in asks for no code any more.' })
  async removeTotp(@Ctx() { account, services, requestId }: Context): Promise<boolean> {
    await services.credentials.removeTotp(account, requestId);
    return true;
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => RecoveryCodesPayload, { description: 'New recovery codes, in place of those there were.' })
  async renewRecoveryCodes(@Ctx() { account, services, requestId }: Context): Promise<RecoveryCodesPayload> {
    return { recoveryCodes: await services.credentials.renewRecoveryCodes(account, requestId) };
  }

  @Allow('signed-in')
  @Cost(PASSWORD_COST)
  @Mutation(() => Boolean, {
    description:
      'Proves again that it is you, for what is dangerous: with a code, or without a second factor the password.',
  })
  async stepUp(@Arg('input') { password, code }: StepUpInput, @Ctx() context: Context): Promise<boolean> {
    const given = { password: password ?? undefined, code: code ?? undefined };
    await inInput(() => context.services.credentials.prove(inSession(context), given));
    return true;
  }
}
