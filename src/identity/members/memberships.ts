import { CrmError } from '../../errors.js';
import { type Clock, instant } from '../../kernel/clock.js';
import type { CommandContext, CommandHandler, Handled } from '../../kernel/commandHandler.js';
import { type RandomBytes, subjectIdOf } from '../../kernel/ids.js';
import { SerialByKey } from '../../kernel/memory.js';
import type { StateStore } from '../../statestore/port.js';
import { covers, type Permission, permissionsOf, type Role } from '../access/roles.js';
import { hashOf } from '../access/secretHash.js';
import { invitationDecider } from '../invitations/decider.js';
import { roleDecider } from '../roles/decider.js';
import { workspaceDecider } from '../workspaces/decider.js';
import { type MemberCommand, type MemberState, memberDecider, memberIdOf, type TeamOfMember } from './decider.js';
import type { Departure } from './events.js';

const INVITATIONS = 'invitations';
/** By workspace and account: the member whom the account became, where that is one who was only named before. */
const LINKED = 'linked-members';
const TOKEN_BYTES = 32;
const INVITATION_MS = 7 * 24 * 3600 * 1000;

/** What an invited person is sent. The token is in this message and nowhere else. */
export interface InvitationMail {
  readonly workspace: string;
  /** Whose keys seal what is said in it. */
  readonly invitation: string;
  readonly to: string;
  readonly token: string;
  readonly expiresAt: string;
}

export interface MembershipParts {
  readonly handler: CommandHandler;
  readonly stateStore: StateStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly accountByEmail: (email: string) => Promise<string | null>;
  /** Keyed hash of an address, as accounts claim it. */
  readonly emailKey: (email: string) => string;
  /** The account that has claimed the address of this keyed hash. */
  readonly accountByKey: (emailKey: string) => Promise<string | null>;
  /** The name that an account holder goes by. */
  readonly nameOf: (account: string) => Promise<string | null>;
  /** The teams that a member is in, as they are now. */
  readonly teamsOf: (workspace: string, member: string) => Promise<TeamOfMember[]>;
  readonly send: (mail: InvitationMail) => Promise<void>;
}

/** A role to give: one of ours, or `CUSTOM` with the id of one of the workspace's. */
export interface GivenRole {
  readonly role: Role;
  readonly customRole?: string;
}

/** Whom to invite, and as what. `member`: somebody who is only named yet, whom they become. */
export interface Invited extends GivenRole {
  readonly email: string;
  readonly member?: string;
}

/** What is kept of an invitation until it is used, under the hash of its token. */
interface Pending {
  readonly workspace: string;
  readonly invitation: string;
  readonly emailKey: string;
}

export interface Joined extends Handled {
  readonly workspace: string;
  readonly member: string;
}

/**
 * Who is a member of a workspace, and as what. Nobody gives, changes or takes away a role with a permission that they do
 * not have themselves (`own`). Commands on one workspace's members queue up, so that each sees what the one before did.
 */
export class Memberships {
  readonly #serial = new SerialByKey();

  constructor(private readonly parts: MembershipParts) {}

  /** Errors: ALREADY_MEMBER, FORBIDDEN, NOT_FOUND for a custom role or a member that there is not, BAD_USER_INPUT. */
  async invite(
    invitation: string,
    { email, member, ...given }: Invited,
    own: ReadonlySet<Permission>,
    context: CommandContext,
  ): Promise<Handled> {
    const { handler, stateStore, clock, random, accountByEmail, emailKey, send } = this.parts;
    const { workspace } = context;
    await this.#mayGive(given, own, workspace);
    const account = await accountByEmail(email);
    if (account !== null && (await this.#memberOf(account, workspace)).added) {
      throw new CrmError('ALREADY_MEMBER', { field: 'email' });
    }
    if (member !== undefined && !(await this.#isNamedOnly(member, workspace))) {
      throw new CrmError('NOT_FOUND', { field: 'memberId' });
    }
    const expires = clock.now() + INVITATION_MS;
    const expiresAt = instant(expires);
    const command = {
      type: 'SendInvitation',
      subject: invitation,
      email,
      member,
      ...given,
      given: { expiresAt },
    } as const;
    const handled = await handler.handle(invitationDecider, invitation, command, context);
    const token = random(TOKEN_BYTES).toString('base64url');
    const pending = { workspace, invitation, emailKey: emailKey(email) };
    await stateStore.put(INVITATIONS, hashOf(token), pending, expires);
    await send({ workspace, invitation, to: email, token, expiresAt });
    return handled;
  }

  /**
   * Makes the account a member, once: somebody new, or whom the invitation names. The invitation has to be open, and sent to the address that the account has.
   * Errors: INVITATION_NOT_VALID whatever is wrong with it, ALREADY_MEMBER.
   */
  async accept(
    token: string,
    account: string,
    base: Pick<CommandContext, 'commandId' | 'correlationId'>,
  ): Promise<Joined> {
    const { handler, stateStore, clock, accountByKey } = this.parts;
    const pending = (await stateStore.get(INVITATIONS, hashOf(token))) as Pending | null;
    if (pending === null || (await accountByKey(pending.emailKey)) !== account) {
      throw new CrmError('INVITATION_NOT_VALID', { field: 'token' });
    }
    const { workspace, invitation } = pending;
    const context = { ...base, workspace, controller: workspace, actor: account };
    return this.#serial.run(workspace, async () => {
      const before = await this.#memberOf(account, workspace);
      if (before.added) throw new CrmError('ALREADY_MEMBER', { field: 'token' });
      const { member: named } = await handler.stateOf(invitationDecider, invitation, workspace);
      if (named !== undefined && !(await this.#isNamedOnly(named, workspace))) {
        throw new CrmError('INVITATION_NOT_VALID', { field: 'token' });
      }
      const given = { now: instant(clock.now()) };
      const accept = { type: 'AcceptInvitation', subject: invitation, account, given } as const;
      await handler.handle(invitationDecider, invitation, accept, context);
      const { role, customRole } = await handler.stateOf(invitationDecider, invitation, workspace);
      const member = named ?? before.id;
      const handled =
        named === undefined
          ? await this.#add(member, account, { role, customRole }, context)
          : await this.#link(member, account, { role, customRole }, context);
      await stateStore.remove(INVITATIONS, hashOf(token));
      return { ...handled, workspace, member };
    });
  }

  /** Errors: NOT_FOUND, INVITATION_NOT_VALID for one that was accepted. */
  revoke(invitation: string, context: CommandContext): Promise<Handled> {
    const revoke = { type: 'RevokeInvitation', subject: invitation } as const;
    return this.parts.handler.handle(invitationDecider, invitation, revoke, context);
  }

  /** Errors: NOT_FOUND, FORBIDDEN, BAD_USER_INPUT for OWNER, which is transferred and not given. */
  changeRole(
    member: string,
    given: GivenRole,
    own: ReadonlySet<Permission>,
    context: CommandContext,
  ): Promise<Handled> {
    return this.#serial.run(context.workspace, async () => {
      await this.#mayGive(given, own, context.workspace);
      await this.#mayChange(member, own, context.workspace);
      return this.#handle(member, { type: 'ChangeRole', subject: subjectIdOf(member), ...given }, context);
    });
  }

  /** Errors: NOT_FOUND, FORBIDDEN; an owner cannot be removed, only leave. */
  remove(member: string, own: ReadonlySet<Permission>, context: CommandContext): Promise<Handled> {
    return this.#serial.run(context.workspace, async () => {
      const { account } = await this.#mayChange(member, own, context.workspace);
      if (account !== null && (await this.#owners(context.workspace)).has(account)) throw new CrmError('FORBIDDEN');
      return this.#depart(member, 'REMOVED', context);
    });
  }

  /** Error: LAST_OWNER. */
  leave(account: string, context: CommandContext): Promise<Handled> {
    const { workspace } = context;
    return this.#serial.run(workspace, async () => {
      const release = { type: 'ReleaseOwnership', subject: workspace, account } as const;
      await this.parts.handler.handle(workspaceDecider, workspace, release, context);
      return this.#depart((await this.#memberOf(account, workspace)).id, 'LEFT', context);
    });
  }

  /** What is left of an account holder's membership when their account is closed. Idempotent. */
  async end(member: string, context: CommandContext): Promise<void> {
    const { workspace } = context;
    await this.#serial.run(workspace, async () => {
      if ((await this.#member(member, workspace)).added) await this.#depart(member, 'LEFT', context);
    });
  }

  /** Makes the tokens of an invitation, or of all of a workspace, good for nothing. Answers how many there were. */
  async forgetInvitations(of: { readonly invitation: string } | { readonly workspace: string }): Promise<number> {
    const { stateStore } = this.parts;
    const isMeant = (each: Pending) =>
      'invitation' in of ? each.invitation === of.invitation : each.workspace === of.workspace;
    const meant = (await stateStore.list(INVITATIONS)).filter(({ value }) => isMeant(value as unknown as Pending));
    for (const { key } of meant) await stateStore.remove(INVITATIONS, key);
    return meant.length;
  }

  /** Invitations that were sent to an address and not accepted. */
  async invitationsTo(email: string): Promise<readonly { readonly workspace: string; readonly invitation: string }[]> {
    const emailKey = this.parts.emailKey(email);
    const pending = (await this.parts.stateStore.list(INVITATIONS)).map(({ value }) => value as unknown as Pending);
    return pending.filter((each) => each.emailKey === emailKey);
  }

  /** Makes a member an owner in the place of one, or beside them. Errors: NOT_FOUND, FORBIDDEN, BAD_USER_INPUT. */
  transfer(from: string, member: string, stays: boolean, context: CommandContext): Promise<Handled> {
    const { workspace } = context;
    return this.#serial.run(workspace, async () => {
      const { added, account } = await this.#member(member, workspace);
      if (!added) throw new CrmError('NOT_FOUND', { field: 'memberId' });
      if (account === null)
        throw new CrmError('BAD_USER_INPUT', { field: 'memberId', reason: 'Somebody who can sign in.' });
      const transfer = { type: 'TransferOwnership', subject: workspace, from, to: account, stays } as const;
      return this.parts.handler.handle(workspaceDecider, workspace, transfer, context);
    });
  }

  /** Whose records a member sees beside those of their teams. Errors: NOT_FOUND, TOO_MANY. */
  async assign(
    type: 'AssignMember' | 'UnassignMember',
    member: string,
    controller: string,
    context: CommandContext,
  ): Promise<Handled> {
    if (!(await this.#member(member, context.workspace)).added) throw new CrmError('NOT_FOUND', { field: 'memberId' });
    return this.#handle(member, { type, subject: subjectIdOf(member), controller }, context);
  }

  async #add(member: string, account: string, given: GivenRole, context: CommandContext): Promise<Handled> {
    const name = await this.parts.nameOf(account);
    if (name === null) throw new CrmError('UNAUTHENTICATED');
    return this.#handle(member, { type: 'AddMember', subject: subjectIdOf(member), account, ...given, name }, context);
  }

  /** What is kept beside the history is put there first: it counts for nothing until the member says the same. */
  async #link(member: string, account: string, given: GivenRole, context: CommandContext): Promise<Handled> {
    const { workspace } = context;
    await this.parts.stateStore.put(LINKED, `${workspace}/${account}`, member);
    const teams = await this.parts.teamsOf(workspace, member);
    const subject = subjectIdOf(member);
    return this.#handle(member, { type: 'LinkMember', subject, account, ...given, given: { teams } }, context);
  }

  /** The one member that an account is in a workspace, or would be. */
  async #memberOf(account: string, workspace: string): Promise<MemberState & { readonly id: string }> {
    const linked = await this.parts.stateStore.get(LINKED, `${workspace}/${account}`);
    if (typeof linked === 'string') {
      const state = await this.#member(linked, workspace);
      if (state.account === account) return { ...state, id: linked };
    }
    const id = memberIdOf(workspace, account);
    return { ...(await this.#member(id, workspace)), id };
  }

  async #isNamedOnly(member: string, workspace: string): Promise<boolean> {
    const { added, account } = await this.#member(member, workspace);
    return added && account === null;
  }

  #handle(member: string, command: MemberCommand, context: CommandContext): Promise<Handled> {
    return this.parts.handler.handle(memberDecider, member, command, context);
  }

  #depart(member: string, how: Departure, context: CommandContext): Promise<Handled> {
    return this.#handle(member, { type: 'RemoveMember', subject: subjectIdOf(member), how }, context);
  }

  #member(member: string, workspace: string): Promise<MemberState> {
    return this.parts.handler.stateOf(memberDecider, member, workspace);
  }

  async #owners(workspace: string): Promise<ReadonlySet<string>> {
    return (await this.parts.handler.stateOf(workspaceDecider, workspace, workspace)).owners;
  }

  async #mayGive({ role, customRole }: GivenRole, own: ReadonlySet<Permission>, workspace: string): Promise<void> {
    if (role === 'OWNER') throw new CrmError('BAD_USER_INPUT', { field: 'role', reason: 'Ownership is transferred.' });
    if ((role === 'CUSTOM') !== (customRole !== undefined)) {
      throw new CrmError('BAD_USER_INPUT', { field: 'customRoleId', reason: 'It goes with the role CUSTOM.' });
    }
    if (!covers(own, await this.#permissionsOf(role, customRole ?? null, workspace))) throw new CrmError('FORBIDDEN');
  }

  async #mayChange(member: string, own: ReadonlySet<Permission>, workspace: string): Promise<MemberState> {
    const state = await this.#member(member, workspace);
    if (!state.added) throw new CrmError('NOT_FOUND', { field: 'memberId' });
    const isOwner = state.account !== null && (await this.#owners(workspace)).has(state.account);
    const role = isOwner ? 'OWNER' : state.role === 'OWNER' ? 'ADMIN' : state.role;
    if (!covers(own, await this.#permissionsOf(role, state.customRole, workspace))) throw new CrmError('FORBIDDEN');
    return state;
  }

  async #permissionsOf(role: Role, customRole: string | null, workspace: string): Promise<Iterable<Permission>> {
    if (role !== 'CUSTOM') return permissionsOf[role];
    const { defined, permissions } = await this.parts.handler.stateOf(roleDecider, customRole ?? '', workspace);
    if (!defined) throw new CrmError('NOT_FOUND', { field: 'customRoleId' });
    return permissions;
  }
}
