import { Arg, Ctx, Field, InputType, Mutation, Resolver } from 'type-graphql';
import { accounts } from '../../projections/identity/accounts.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { Cost } from '../cost.js';
import { StepUp } from '../stepUp.js';
import { inSession } from './inSession.js';
import { PASSWORD_COST } from './tokens.js';

@InputType()
class TokenInput {
  @Field({ description: 'As it was mailed.' })
  token!: string;
}

@InputType()
class RequestPasswordResetInput {
  @Field()
  email!: string;
}

@InputType()
class RequestEmailChangeInput {
  @Field()
  newEmail!: string;
}

@InputType()
class ResetPasswordInput extends TokenInput {
  @Field({ description: 'At least 8 characters, and none of those that are guessed first.' })
  newPassword!: string;
}

@InputType()
class ChangePasswordInput {
  @Field()
  currentPassword!: string;

  @Field({ description: 'At least 8 characters, and none of those that are guessed first.' })
  newPassword!: string;
}

/** Tokens and passwords are no events, and what is good once is not repeated: none of these takes a `commandId`. */
@Resolver()
export class CredentialResolver {
  @Allow('signed-in')
  @Mutation(() => Boolean, { description: 'Mails a new code to confirm the address with, unless that is done.' })
  requestEmailVerification(@Ctx() { account, services }: Context): boolean {
    services.credentials.requestVerification(account);
    return true;
  }

  @Allow('public')
  @Mutation(() => Boolean, { description: 'Confirms the address that the code was mailed to.' })
  async verifyEmail(@Arg('input') { token }: TokenInput, @Ctx() { services, requestId }: Context): Promise<boolean> {
    const position = await inInput(() => services.credentials.verifyEmail(token, requestId));
    await services.waitFor([accounts.name], position);
    return true;
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => Boolean, {
    description:
      'Mails a code to another address, which the account has once that is confirmed. The answer is the same where the address has an account already.',
  })
  async requestEmailChange(
    @Arg('input') { newEmail }: RequestEmailChangeInput,
    @Ctx() { account, services }: Context,
  ): Promise<boolean> {
    await inInput(async () => services.emailChanges.request(account, newEmail));
    return true;
  }

  @Allow('public')
  @Mutation(() => Boolean, { description: 'From here on the account has the address that the code was mailed to.' })
  async confirmEmailChange(
    @Arg('input') { token }: TokenInput,
    @Ctx() { services, requestId }: Context,
  ): Promise<boolean> {
    const position = await inInput(() => services.emailChanges.confirm(token, requestId));
    await services.waitFor([accounts.name], position);
    return true;
  }

  @Allow('public')
  @Mutation(() => Boolean, {
    description:
      'Mails a code to choose a new password with, where the address has an account. The answer is always the same.',
  })
  requestPasswordReset(@Arg('input') { email }: RequestPasswordResetInput, @Ctx() { services }: Context): boolean {
    services.credentials.requestReset(email);
    return true;
  }

  @Allow('public')
  @Cost(PASSWORD_COST)
  @Mutation(() => Boolean, { description: 'Sets a new password for who has the code, and signs out everywhere.' })
  async resetPassword(
    @Arg('input') { token, newPassword }: ResetPasswordInput,
    @Ctx() { services, requestId }: Context,
  ): Promise<boolean> {
    await inInput(() => services.credentials.reset(token, newPassword, requestId));
    return true;
  }

  @Allow('signed-in')
  @Cost(PASSWORD_COST)
  @Mutation(() => Boolean, { description: 'Sets another password, and signs out everywhere else.' })
  async changePassword(
    @Arg('input') { currentPassword, newPassword }: ChangePasswordInput,
    @Ctx() context: Context,
  ): Promise<boolean> {
    const { credentials } = context.services;
    await inInput(() => credentials.changePassword(inSession(context), currentPassword, newPassword));
    return true;
  }
}
