/**
 * Everything that can be permitted in a workspace, one permission a line: what is not named here cannot be asked for in
 * the schema, and what a role does not list it does not have.
 */
export const permissions = [
  'contact:read',
  'contact:read-birth-date',
  'contact:write',
  'contact:import',
  'contact:anonymise',
  'contact:erase',
  /** To look for an identifier among the contacts of every client; each search is an event. */
  'contact:find',
  /** Notes and custom fields, of contacts, companies and deals: free text, where anything may stand. */
  'note:read',
  'company:read',
  'company:write',
  'product:read',
  'product:write',
  'pipeline:read',
  'pipeline:write',
  'deal:read',
  'deal:read-value',
  'deal:write',
  'deal:import',
  'consent:read',
  'consent:write',
  'safeguards:read',
  'safeguards:write',
  'erasure:read',
  'erasure:approve',
  'hold:read',
  'hold:write',
  'history:read',
  /** To see sealed fields of the history opened; without it they are shown as redacted. */
  'history:read-personal',
  /** Who read whom. */
  'access-log:read',
  'member:read',
  'member:invite',
  'member:manage',
  'role:write',
  'client:read',
  'client:write',
  /** To see the records of every client; who lacks it sees those of the controllers they are assigned to. */
  'client:all',
  'client:assign',
  'key:read',
  'key:write',
  'audit:read',
  'audit:grant',
  'workspace:transfer',
  /** To erase the whole workspace, with everything in it. */
  'workspace:erase',
] as const;
export type Permission = (typeof permissions)[number];

export const builtInRoles = ['OWNER', 'ADMIN', 'MANAGER', 'AGENT', 'READ_ONLY', 'COMPLIANCE', 'AUDITOR'] as const;
export type BuiltInRole = (typeof builtInRoles)[number];

/** `CUSTOM`: a role that the workspace has put together from permissions. */
export const roles = [...builtInRoles, 'CUSTOM'] as const;
export type Role = (typeof roles)[number];

const everything = (...except: readonly Permission[]) => permissions.filter((each) => !except.includes(each));

const WORKING: readonly Permission[] = [
  'contact:read',
  'note:read',
  'contact:write',
  'company:read',
  'company:write',
  'product:read',
  'pipeline:read',
  'deal:read',
  'deal:read-value',
  'deal:write',
  'consent:read',
  'consent:write',
  'history:read',
  'member:read',
  'client:read',
];

/** What each role may do. An auditor may do nothing but by a grant that is running (`audits`). */
export const permissionsOf: { readonly [R in BuiltInRole]: ReadonlySet<Permission> } = {
  OWNER: new Set(permissions),
  ADMIN: new Set(everything('workspace:transfer', 'workspace:erase')),
  MANAGER: new Set<Permission>([
    ...WORKING,
    'contact:read-birth-date',
    'contact:import',
    'product:write',
    'pipeline:write',
    'deal:import',
    'member:invite',
    'client:write',
    'client:all',
    'client:assign',
  ]),
  AGENT: new Set(WORKING),
  READ_ONLY: new Set<Permission>([
    'contact:read',
    'company:read',
    'product:read',
    'pipeline:read',
    'deal:read',
    'deal:read-value',
    'consent:read',
    'member:read',
    'client:read',
    'client:all',
  ]),
  COMPLIANCE: new Set<Permission>([
    'contact:read',
    'contact:read-birth-date',
    'note:read',
    'contact:anonymise',
    'contact:erase',
    'contact:find',
    'company:read',
    'product:read',
    'pipeline:read',
    'deal:read',
    'consent:read',
    'consent:write',
    'safeguards:read',
    'safeguards:write',
    'erasure:read',
    'erasure:approve',
    'hold:read',
    'hold:write',
    'history:read',
    'history:read-personal',
    'access-log:read',
    'member:read',
    'client:read',
    'client:all',
    'audit:read',
    'audit:grant',
  ]),
  AUDITOR: new Set(),
};

/** Fields that ask for more than their record does, by their name in events: the history withholds them alike. */
export const fieldPermissions: ReadonlyMap<string, Permission> = new Map([
  ['birthDate', 'contact:read-birth-date'],
  ['notes', 'note:read'],
  ['customFields', 'note:read'],
  ['valueMinor', 'deal:read-value'],
]);

/** Whether somebody may give these permissions to another: nobody gives what they do not have. */
export const covers = (own: ReadonlySet<Permission>, given: Iterable<Permission>): boolean => {
  for (const permission of given) if (!own.has(permission)) return false;
  return true;
};
