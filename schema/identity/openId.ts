import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { accounts } from '../../projections/identity/accounts.js';
import { workspaces } from '../../projections/identity/workspaces.js';
import type { LinkedIdentity as Linked } from '../../src/identity/accounts/openIdSignIn.js';
import { instant } from '../../src/kernel/clock.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { Cost } from '../cost.js';
import { DateTime } from '../scalars.js';
import { StepUp } from '../stepUp.js';
import { SignInPayload, signedIn } from './accounts.js';
import { inSession } from './inSession.js';
import { OPENID_COST, REFRESHABLE } from './tokens.js';

@Allow('signed-in')
@ObjectType({ simpleResolvers: true, description: 'Whom a provider knows you as: it signs in to your account.' })
class LinkedIdentity {
  @Field(() => ID)
  id!: string;

  @Field()
  provider!: string;

  @Field(() => String, { nullable: true, description: 'As the provider said it when it was linked.' })
  email!: string | null;

  @Field(() => DateTime)
  linkedAt!: string;
}

@InputType()
class OpenIdProviderInput {
  @Field({ description: 'One of `openIdProviders`.' })
  provider!: string;
}

@InputType()
class BeginOpenIdSignInInput extends OpenIdProviderInput {}

@InputType()
class BeginOpenIdLinkInput extends OpenIdProviderInput {}

@ObjectType({ simpleResolvers: true })
class OpenIdAttemptPayload {
  @Field({ description: 'Where to go. The provider sends back to `/openid` of the product.' })
  url!: string;

  @Field({ description: 'To be kept where no other page can read it, and given back. Good once, for ten minutes.' })
  attempt!: string;
}

@InputType()
class OpenIdAnswerInput {
  @Field()
  attempt!: string;

  @Field({ description: 'What stands behind `?` where the provider sent back to.' })
  response!: string;
}

@InputType()
class OpenIdSignUpInput {
  @Field()
  name!: string;

  @Field(() => String, { nullable: true })
  phone?: string | null;

  @Field()
  workspaceName!: string;

  @Field({ description: 'The version of the privacy policy that you have read and accept.' })
  acceptedPolicyVersion!: string;

  @Field({ description: 'That you are 18 or older.' })
  confirmsAdult!: boolean;
}

@InputType()
class SignInWithOpenIdInput extends OpenIdAnswerInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Of your authenticator, or a recovery code: after SECOND_FACTOR_REQUIRED, send it with the same attempt within five minutes.',
  })
  code?: string | null;

  @Field(() => OpenIdSignUpInput, {
    nullable: true,
    description: 'Opens an account where none is linked, with the address that the provider vouches for.',
  })
  signUp?: OpenIdSignUpInput | null;

  @Field({ defaultValue: false, description: REFRESHABLE })
  refreshable!: boolean;
}

@InputType()
class LinkOpenIdInput extends OpenIdAnswerInput {}

@InputType()
class UnlinkOpenIdInput {
  @Field(() => ID)
  id!: string;
}

@ObjectType({ simpleResolvers: true })
class LinkOpenIdPayload {
  @Field(() => LinkedIdentity)
  identity!: LinkedIdentity;
}

const toIdentity = ({ id, provider, email, linkedAt }: Linked): LinkedIdentity => ({
  id,
  provider,
  email,
  linkedAt: instant(linkedAt),
});

/** Identities are no events, and an attempt is good once: none of these takes a `commandId`. */
@Resolver()
export class OpenIdResolver {
  @Allow('public')
  @Query(() => [String], { description: 'Where people can sign in instead (OpenID Connect).' })
  openIdProviders(@Ctx() { services }: Context): readonly string[] {
    return services.openIdSignIn.providers;
  }

  @Allow('signed-in')
  @Query(() => [LinkedIdentity], { description: 'Those of your account, the oldest first.' })
  async linkedIdentities(@Ctx() { account, services }: Context): Promise<LinkedIdentity[]> {
    return (await services.openIdSignIn.of(account)).map(toIdentity);
  }

  @Allow('public')
  @Cost(OPENID_COST)
  @Mutation(() => OpenIdAttemptPayload)
  beginOpenIdSignIn(
    @Arg('input') { provider }: BeginOpenIdSignInInput,
    @Ctx() { services }: Context,
  ): Promise<OpenIdAttemptPayload> {
    return inInput(() => services.openIdSignIn.begin(provider));
  }

  @Allow('public')
  @Cost(OPENID_COST)
  @Mutation(() => SignInPayload, {
    description: 'Signs in to the account that the identity is linked to; an address alone finds none.',
  })
  async signInWithOpenId(
    @Arg('input') { code, signUp: form, ...input }: SignInWithOpenIdInput,
    @Ctx() context: Context,
  ): Promise<SignInPayload> {
    const { services, deviceShown: device, requestId: correlationId } = context;
    const signUp = form ? { ...form, phone: form.phone ?? undefined } : undefined;
    const request = { ...input, code: code ?? undefined, signUp, device, correlationId };
    const { tokens, signedUp } = await inInput(() => services.openIdSignIn.signIn(request));
    if (signedUp !== null) await services.waitFor([accounts.name, workspaces.name], signedUp.position);
    return signedIn(tokens, context);
  }

  @Allow('signed-in')
  @StepUp()
  @Cost(OPENID_COST)
  @Mutation(() => OpenIdAttemptPayload, { description: 'To link an identity to your account.' })
  beginOpenIdLink(
    @Arg('input') { provider }: BeginOpenIdLinkInput,
    @Ctx() { session, services }: Context,
  ): Promise<OpenIdAttemptPayload> {
    return inInput(() => services.openIdSignIn.begin(provider, session.id));
  }

  @Allow('signed-in')
  @StepUp()
  @Cost(OPENID_COST)
  @Mutation(() => LinkOpenIdPayload, { description: 'From here on the identity signs in to your account.' })
  async linkOpenId(
    @Arg('input') { attempt, response }: LinkOpenIdInput,
    @Ctx() context: Context,
  ): Promise<LinkOpenIdPayload> {
    const { openIdSignIn } = context.services;
    return { identity: toIdentity(await inInput(() => openIdSignIn.link(inSession(context), attempt, response))) };
  }

  @Allow('signed-in')
  @StepUp()
  @Mutation(() => Boolean, { description: 'It signs in no more.' })
  async unlinkOpenId(@Arg('input') { id }: UnlinkOpenIdInput, @Ctx() context: Context): Promise<boolean> {
    await inInput(() => context.services.openIdSignIn.unlink(inSession(context), id));
    return true;
  }
}
