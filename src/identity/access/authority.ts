import { type Permission, permissionsOf, type Role } from './roles.js';

/** A grant of access to an auditor, as the membership has it. */
export interface GrantedAudit {
  /** UTC with milliseconds: from the first instant on, until before the second. */
  readonly from: string;
  readonly until: string;
  /** Whose events; none named: every controller's in the workspace. */
  readonly controllers?: readonly string[];
  /** Whether sealed fields are opened for the auditor. */
  readonly personal: boolean;
}

/** What is kept of somebody's membership to tell what they may do: everything in one row. */
export interface Membership {
  readonly role: Role;
  /** Controllers that the member is assigned to; the workspace itself may be one. */
  readonly assigned?: { readonly [controller: string]: true };
  /** Controllers of the teams that the member is in, by team. */
  readonly teams?: { readonly [team: string]: readonly string[] };
  readonly audits?: { readonly [grant: string]: GrantedAudit };
}

/** What somebody may do in a workspace, and with whose records. */
export interface Authority {
  readonly permissions: ReadonlySet<Permission>;
  /** Controllers whose records they see; `null`: all. */
  readonly controllers: ReadonlySet<string> | null;
}

/** May do nothing, and sees nobody's records. */
export const noAuthority: Authority = { permissions: new Set(), controllers: new Set() };

/**
 * What a member may do at an instant.
 * @param custom the permissions of the member's custom role, where they have one
 * @param now UTC with milliseconds
 */
export const authorityOf = (membership: Membership, custom: Iterable<Permission>, now: string): Authority => {
  const { role } = membership;
  if (role === 'AUDITOR') return audited(Object.values(membership.audits ?? {}), now);
  const permissions = role === 'CUSTOM' ? new Set(custom) : permissionsOf[role];
  if (permissions.has('client:all')) return { permissions, controllers: null };
  const { assigned = {}, teams = {} } = membership;
  return { permissions, controllers: new Set([...Object.keys(assigned), ...Object.values(teams).flat()]) };
};

/** Sealed fields stay redacted unless every grant that is running opens them. */
const audited = (grants: readonly GrantedAudit[], now: string): Authority => {
  const running = grants.filter(({ from, until }) => from <= now && now < until);
  if (running.length === 0) return noAuthority;
  const permissions = new Set<Permission>(['history:read', 'access-log:read']);
  if (running.every(({ personal }) => personal)) {
    for (const each of ['history:read-personal', 'contact:read-birth-date', 'note:read', 'deal:read-value'] as const)
      permissions.add(each);
  }
  const unbounded = running.some(({ controllers }) => controllers === undefined);
  const controllers = unbounded ? null : new Set(running.flatMap((grant) => grant.controllers ?? []));
  return { permissions, controllers };
};

/** What is left of somebody's authority where they act by a key: its scopes, for as long as they have them themselves. */
export const narrowed = (
  { permissions, controllers }: Authority,
  scopes: readonly Permission[],
  clients: readonly string[] | null,
): Authority => ({
  permissions: new Set(scopes.filter((scope) => permissions.has(scope))),
  controllers:
    clients === null ? controllers : new Set(clients.filter((each) => controllers === null || controllers.has(each))),
});
