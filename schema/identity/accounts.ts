import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { type AccountRow, accountById, accounts } from '../../projections/identity/accounts.js';
import { workspaces, workspacesByIds } from '../../projections/identity/workspaces.js';
import { CrmError } from '../../src/errors.js';
import type { Tokens } from '../../src/identity/access/sessions.js';
import { addressKey } from '../../src/kernel/addresses.js';
import { Allow } from '../access.js';
import { type Context, commandIdIn, inInput } from '../context.js';
import { Cost } from '../cost.js';
import { CommandInput } from '../crm/common.js';
import { DateTime } from '../scalars.js';
import { PASSWORD_COST, REFRESHABLE, TokensPayload, tokensPayload } from './tokens.js';
import { toWorkspace, Workspace } from './workspaces.js';

/** Sign-up hands out the new account before anybody is signed in; who may ask for one is said at the queries. */
@Allow('public')
@ObjectType({ simpleResolvers: true, description: 'Somebody who signs in.' })
export class Account {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => String, { nullable: true })
  email?: string;

  @Field(() => String, { nullable: true })
  phone?: string;

  @Field(() => DateTime, { nullable: true, description: 'Since when the address is known to be theirs.' })
  emailVerifiedAt?: string;

  @Field({ description: 'The version of the privacy policy that was accepted.' })
  acceptedPolicyVersion!: string;

  @Field(() => DateTime)
  createdAt!: string;

  @Field(() => [Workspace], { description: 'Where this account is a member.' })
  workspaces!: Workspace[];
}

@InputType()
class SignUpInput extends CommandInput {
  @Field()
  name!: string;

  @Field()
  email!: string;

  @Field(() => String, { nullable: true })
  phone?: string | null;

  @Field({ description: 'At least 8 characters.' })
  password!: string;

  @Field()
  workspaceName!: string;

  @Field({ description: 'The version of the privacy policy that you have read and accept.' })
  acceptedPolicyVersion!: string;

  @Field({ description: 'That you are 18 or older.' })
  confirmsAdult!: boolean;

  @Field({ defaultValue: false, description: REFRESHABLE })
  refreshable!: boolean;
}

@ObjectType({ simpleResolvers: true })
class SignUpPayload extends TokensPayload {
  @Field(() => Account)
  account!: Account;

  @Field(() => Workspace)
  workspace!: Workspace;
}

@InputType()
class SignInInput {
  @Field()
  email!: string;

  @Field()
  password!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Of your authenticator, or a recovery code: where the account asks for one.',
  })
  code?: string | null;

  @Field({ defaultValue: false, description: REFRESHABLE })
  refreshable!: boolean;
}

@ObjectType({ simpleResolvers: true })
export class SignInPayload extends TokensPayload {
  @Field(() => Account)
  account!: Account;
}

const toAccount = (row: AccountRow, own: readonly Workspace[]): Account => ({
  id: row.id,
  name: row.name,
  email: row.email,
  phone: row.phone,
  emailVerifiedAt: row.emailVerifiedAt,
  acceptedPolicyVersion: row.acceptedPolicyVersion,
  createdAt: row.createdAt,
  workspaces: [...own],
});

@Resolver(() => Account)
export class AccountResolver {
  @Allow('signed-in')
  @Query(() => Account, { description: 'Whoever is signed in.' })
  async currentAccount(@Ctx() context: Context): Promise<Account> {
    return accountOf(context.account, await context.workspacesOf(context.account), context);
  }

  @Allow('public')
  @Cost(PASSWORD_COST)
  @Mutation(() => SignUpPayload, { description: 'Opens an account with a workspace of its own.' })
  async signUp(@Arg('input') input: SignUpInput, @Ctx() context: Context): Promise<SignUpPayload> {
    const { services } = context;
    const { refreshable, ...form } = input;
    const commandId = commandIdIn(input.commandId);
    const request = { ...form, phone: input.phone ?? undefined, commandId, correlationId: context.requestId };
    const { account, workspace, position } = await inInput(() => services.signUp(request));
    await services.waitFor([accounts.name, workspaces.name], position);
    const shown = await accountOf(account, [workspace], context);
    const tokens = await services.beginSession(account, { refreshable, device: context.deviceShown });
    return { ...tokensPayload(tokens), account: shown, workspace: shown.workspaces[0]! };
  }

  @Allow('public')
  @Cost(PASSWORD_COST)
  @Mutation(() => SignInPayload)
  async signIn(@Arg('input') input: SignInInput, @Ctx() context: Context): Promise<SignInPayload> {
    const { remoteAddress, device: secret } = context.from;
    const place = { address: addressKey(remoteAddress), device: secret };
    const request = { ...input, code: input.code ?? undefined, place, device: context.deviceShown };
    return signedIn(await inInput(() => context.services.signIn(request)), context);
  }
}

/** What whoever has just signed in is told. */
export const signedIn = async (tokens: Tokens, context: Context): Promise<SignInPayload> => {
  const { account } = tokens;
  const shown = await accountOf(account, await context.workspacesOf(account), context);
  return { ...tokensPayload(tokens), account: shown };
};

const accountOf = async (id: string, workspaceIds: readonly string[], context: Context): Promise<Account> => {
  const { readStore } = context.services;
  const row = await accountById(readStore, id);
  if (row === null) throw new CrmError('UNAUTHENTICATED');
  const own = await workspacesByIds(readStore, workspaceIds);
  return toAccount(
    row,
    own.flatMap((each) => (each === null ? [] : toWorkspace(each))),
  );
};
