import { type MembershipRow, membershipIn, membershipsOf, roleById } from '../projections/identity/members.js';
import { type Authority, authorityOf, narrowed } from '../src/identity/access/authority.js';
import type { Session } from '../src/identity/access/sessions.js';
import { KEY_PREFIX, type KeyHolder } from '../src/identity/keys/apiKeys.js';
import { instant } from '../src/kernel/clock.js';
import type { Caller } from './caller.js';
import type { Services } from './services.js';

/** Who asks, and what they are in the workspaces that the request may be about. */
export interface Identity {
  readonly account: string;
  /** Under whose name the history has it: the account's, or the key's that acts for it. */
  readonly actor: string;
  /** `null` for a key, which is no session. */
  readonly session: Session | null;
  /** In the workspace that was named, or, where none was, in all. */
  readonly memberships: readonly MembershipRow[];
  /** In the one workspace that the request is about, where there is one. */
  readonly authority: Authority | null;
}

/** `null` for who is not signed in. One look-up beside the session's: of a member's row by its key. */
export const identify = async (services: Services, { token, workspace }: Caller): Promise<Identity | null> => {
  if (token === undefined) return null;
  if (token.startsWith(KEY_PREFIX)) return identifyKey(services, token);
  const session = await services.sessions.find(token);
  if (session === null) return null;
  const { account } = session;
  const memberships = await membershipsIn(services, account, workspace);
  const [only] = memberships;
  const authority = only !== undefined && memberships.length === 1 ? await authorityIn(services, only) : null;
  return { account, actor: account, session, memberships, authority };
};

const identifyKey = async (services: Services, secret: string): Promise<Identity | null> => {
  const key = await services.apiKeys.holderOf(secret);
  if (key === null) return null;
  const { id: actor, account } = key;
  const memberships = await membershipsIn(services, account, key.workspace);
  const [membership] = memberships;
  const authority = membership === undefined ? null : await authorityOfKey(services, membership, key);
  return { account, actor, session: null, memberships, authority };
};

const membershipsIn = async ({ readStore }: Services, account: string, workspace: string | undefined) => {
  if (workspace === undefined) return membershipsOf(readStore, account);
  const membership = await membershipIn(readStore, workspace, account);
  return membership === null ? [] : [membership];
};

const authorityIn = async ({ readStore, clock }: Services, membership: MembershipRow): Promise<Authority> => {
  const { customRole } = membership;
  const custom = customRole === undefined ? null : await roleById(readStore, customRole);
  return authorityOf(membership, custom?.permissions ?? [], instant(clock.now()));
};

const authorityOfKey = async (services: Services, membership: MembershipRow, { scopes, controllers }: KeyHolder) =>
  narrowed(await authorityIn(services, membership), scopes, controllers);
