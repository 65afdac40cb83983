import { Field, ObjectType } from 'type-graphql';
import type { Tokens } from '../../src/identity/access/sessions.js';
import { instant } from '../../src/kernel/clock.js';
import { DateTime } from '../scalars.js';

/** Hashing one takes some 40 ms of a processor: as much as a list of this many fields. */
export const PASSWORD_COST = 1_000;

/** A challenge is kept for each beginning, and a signature checked for each end: as much as a list of this many fields. */
export const PASSKEY_COST = 100;

/** A provider is asked, and nobody else's server is to be asked often: as much as a password. */
export const OPENID_COST = 1_000;

export const REFRESHABLE =
  'Whether this client refreshes its tokens: it gets one for 15 minutes and a refresh token, instead of one for 12 hours.';

@ObjectType({ simpleResolvers: true })
export abstract class TokensPayload {
  @Field({ description: 'For the header `Authorization: Bearer …`.' })
  token!: string;

  @Field(() => DateTime)
  expiresAt!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Good once, for `refreshSession`; only for who asked to refresh.',
  })
  refreshToken!: string | null;
}

export const tokensPayload = ({ token, expiresAt, refreshToken }: Tokens): TokensPayload => ({
  token,
  expiresAt: instant(expiresAt),
  refreshToken,
});
