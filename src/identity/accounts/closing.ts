import { CrmError } from '../../errors.js';
import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import { subjectIdOf } from '../../kernel/ids.js';
import { OPERATOR } from '../../kernel/workspace.js';
import type { Memberships } from '../members/memberships.js';
import { workspaceDecider } from '../workspaces/decider.js';

/** Something that a workspace keeps of an account holder. */
export interface Affiliation {
  readonly id: string;
  readonly kind: 'MEMBER' | 'INVITATION';
  readonly workspace: string;
  /** Whose keys seal it. */
  readonly subject: string;
}

/** A record to be erased with an account. */
export interface ClosingTarget {
  readonly record: string;
  readonly subject: string;
  readonly controller: string;
  readonly kind: 'ACCOUNT' | 'MEMBER' | 'INVITATION' | 'WORKSPACE';
  readonly workspace: string;
}

/**
 * What a workspace does when somebody closes their account: it stays, without them; it goes along, having nobody else; or it is
 * in the way, because they alone own it and others are there, or because it must not be erased just like that.
 */
export const workspaceFates = ['STAYS', 'GOES', 'IN_THE_WAY'] as const;
export type WorkspaceFate = (typeof workspaceFates)[number];
/** By workspace. */
export type Fates = ReadonlyMap<string, WorkspaceFate>;

/** Whether an account can be closed: no workspace is in the way. */
export const mayClose = (fates: Fates): boolean => ![...fates.values()].includes('IN_THE_WAY');

export interface ClosingParts {
  readonly handler: CommandHandler;
  readonly memberships: Memberships;
  /** Memberships, also those that have ended, and invitations that were accepted. */
  readonly affiliationsOf: (account: string) => Promise<readonly Affiliation[]>;
  /** Accounts that are members now. */
  readonly accountsIn: (workspace: string) => Promise<readonly string[]>;
  /** Whether the workspace wants an approval or a delay before an erasure, or has anybody under a hold. */
  readonly isGuarded: (workspace: string) => Promise<boolean>;
  readonly emailOf: (account: string) => Promise<string | undefined>;
  /** Erases these records in one request; answers its id. */
  readonly erase: (targets: readonly ClosingTarget[], context: CommandContext) => Promise<string>;
}

/** Closing an account: everything of its holder goes, here and in the workspaces; what they did there stays, under a pseudonym. */
export class AccountClosing {
  constructor(private readonly parts: ClosingParts) {}

  /** What becomes of each workspace that the account is in. */
  async fates(account: string): Promise<Fates> {
    const fates = new Map<string, WorkspaceFate>();
    for (const { kind, workspace } of await this.parts.affiliationsOf(account)) {
      if (kind !== 'MEMBER') continue;
      const accounts = await this.parts.accountsIn(workspace);
      if (accounts.includes(account)) fates.set(workspace, await this.#fateOf(workspace, account, accounts));
    }
    return fates;
  }

  /** Accounts that are members of a workspace now. */
  accountsIn(workspace: string): Promise<readonly string[]> {
    return this.parts.accountsIn(workspace);
  }

  /** Everything that is erased with an account, itself first: from then on nobody can act as its holder. */
  async targets(account: string, fates: Fates): Promise<readonly ClosingTarget[]> {
    const gone = [...fates].flatMap(([workspace, fate]) => (fate === 'GOES' ? [workspace] : []));
    const own = { record: account, subject: subjectIdOf(account), controller: OPERATOR, workspace: OPERATOR };
    const kept = [...(await this.parts.affiliationsOf(account)), ...(await this.#openInvitations(account))];
    return [
      { ...own, kind: 'ACCOUNT' },
      ...kept
        .filter(({ workspace }) => !gone.includes(workspace))
        .map(({ id, kind, workspace, subject }) => ({ record: id, subject, controller: workspace, kind, workspace })),
      ...gone.map(
        (id) => ({ record: id, subject: id, controller: id, kind: 'WORKSPACE', workspace: id }) satisfies ClosingTarget,
      ),
    ];
  }

  /** Answers the id of the erasure. Error: LAST_OWNER where a workspace is in the way. */
  async close(account: string, commandId: string | null, correlationId: string): Promise<string> {
    const fates = await this.fates(account);
    if (!mayClose(fates)) throw new CrmError('LAST_OWNER');
    const base = { actor: account, correlationId };
    for (const [workspace, fate] of fates) {
      if (fate !== 'STAYS') continue;
      // Refused where the other owner has just left: nothing is erased then.
      await this.parts.memberships.leave(account, { ...base, workspace, controller: workspace, commandId: null });
    }
    const targets = await this.targets(account, await this.fates(account));
    return this.parts.erase(targets, { ...base, workspace: OPERATOR, controller: OPERATOR, commandId });
  }

  async #fateOf(workspace: string, account: string, accounts: readonly string[]): Promise<WorkspaceFate> {
    const { owners } = await this.parts.handler.stateOf(workspaceDecider, workspace, workspace);
    if (!owners.has(account) || owners.size > 1) return 'STAYS';
    return accounts.length > 1 || (await this.parts.isGuarded(workspace)) ? 'IN_THE_WAY' : 'GOES';
  }

  async #openInvitations(account: string): Promise<readonly Affiliation[]> {
    const email = await this.parts.emailOf(account);
    if (email === undefined) return [];
    const open = await this.parts.memberships.invitationsTo(email);
    return open.map(({ workspace, invitation: id }) => ({ id, kind: 'INVITATION', workspace, subject: id }));
  }
}
