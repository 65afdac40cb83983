import type { GrantedAudit, Membership } from '../../src/identity/access/authority.js';
import type { Permission, Role } from '../../src/identity/access/roles.js';
import { auditEvents } from '../../src/identity/audits/events.js';
import { memberIdOf } from '../../src/identity/members/decider.js';
import { memberEvents } from '../../src/identity/members/events.js';
import { roleEvents } from '../../src/identity/roles/events.js';
import { teamEvents } from '../../src/identity/teams/events.js';
import { workspaceEvents } from '../../src/identity/workspaces/events.js';
import { unlessErased } from '../../src/kernel/personal.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { nameFacet } from '../crm/record.js';
import { inWorkspace, ofSubject } from '../person.js';
import { type Change, on, patch, put, remove } from '../projection.js';
import { sortKey } from '../tokens.js';

export interface MemberRow {
  readonly id: string;
  readonly workspace: string;
  readonly subject: string;
  readonly account?: string;
  readonly role: Role;
  readonly customRole?: string;
  readonly assigned?: { readonly [controller: string]: true };
  readonly name?: string;
  readonly manager?: string;
  readonly office?: string;
  readonly createdAt: string;
  /** Since when they are no member any more; what they did keeps their name. */
  readonly leftAt?: string;
}

/** Everything that tells what an account may do in one workspace, found by one key, which follows from both. */
export interface MembershipRow extends Membership {
  readonly member: string;
  readonly account: string;
  readonly workspace: string;
  readonly subject: string;
  readonly customRole?: string;
  readonly createdAt: string;
}

export interface RoleRow {
  readonly id: string;
  readonly workspace: string;
  readonly name?: string;
  readonly permissions: readonly Permission[];
}

export interface TeamRow {
  readonly id: string;
  readonly workspace: string;
  readonly name?: string;
  readonly members: readonly string[];
  readonly controllers: readonly string[];
}

const ACTIVE = 'active';
const ofAccount = (account: string): string => `account:${account}`;
const ofMember = (member: string): string => `member:${member}`;

const memberTable: Table<MemberRow> = {
  name: 'members',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: (row) => {
    const facets = [ofSubject(row.subject)];
    if (row.account !== undefined) facets.push(ofAccount(row.account));
    if (row.leftAt !== undefined) return facets;
    if (row.name !== undefined) facets.push(nameFacet(row.name));
    return [...facets, ACTIVE];
  },
  orders: { name: (row) => sortKey(row.name) },
};

/** Found before a workspace is known, so under the installation's own scope. */
const membershipTable: Table<MembershipRow> = {
  name: 'memberships',
  key: (row) => memberIdOf(row.workspace, row.account),
  scope: () => OPERATOR,
  facets: (row) => [
    ofAccount(row.account),
    ofMember(row.member),
    ofSubject(row.subject),
    inWorkspace(row.workspace),
    ...Object.keys(row.teams ?? {}).map((team) => `team:${team}`),
  ],
  orders: { created: (row) => row.createdAt },
};

const roleTable: Table<RoleRow> = {
  name: 'roles',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  orders: { name: (row) => sortKey(row.name) },
};

const teamTable: Table<TeamRow> = {
  name: 'teams',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  orders: { name: (row) => sortKey(row.name) },
};

export const memberTables: readonly Table[] = [
  memberTable as Table,
  membershipTable as Table,
  roleTable as Table,
  teamTable as Table,
];

const idIn = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

const membershipOf = (member: string) => ({ scope: OPERATOR, facet: ofMember(member) });

/** The same patch to both rows of a member; who has no account has no second one. */
const patchMember = (member: string, merge: object): readonly Change[] => [
  patch(memberTable, { key: member }, merge),
  patch(membershipTable, membershipOf(member), merge),
];

/** The same, where it is the account that is known. */
const patchAccount = (workspace: string, account: string, merge: object): readonly Change[] => [
  patch(memberTable, { scope: workspace, facet: ofAccount(account) }, merge),
  patch(membershipTable, { key: memberIdOf(workspace, account) }, merge),
];

const granted = ({ from, until, controllers, personal }: GrantedAudit): GrantedAudit => ({
  from,
  until,
  controllers,
  personal,
});

export const memberApply = {
  ...on(workspaceEvents, {
    OwnershipGranted: ({ workspace, data }) =>
      patchAccount(workspace, data.account, { role: 'OWNER', customRole: null }),
    OwnershipReleased: ({ workspace, data }) =>
      patchAccount(workspace, data.account, { role: data.role, customRole: null }),
  }),
  ...on(memberEvents, {
    MemberAdded: (event) => {
      const { workspace, subject, recordedAt: createdAt } = event;
      const { account, role, customRole } = event.data;
      const id = idIn(event.stream);
      const name = unlessErased(event.data.name);
      const manager = unlessErased(event.data.manager);
      const office = unlessErased(event.data.office);
      const row = { id, workspace, subject, account, role, customRole, name, manager, office, createdAt };
      const member = put(memberTable, row);
      if (account === undefined) return member;
      return [member, put(membershipTable, { member: id, account, workspace, subject, role, customRole, createdAt })];
    },
    MemberRoleChanged: ({ stream, data: { role, customRole = null } }) =>
      patchMember(idIn(stream), { role, customRole }),
    MemberLinked: ({ stream, workspace, subject, recordedAt: createdAt, data }) => {
      const { account, role, customRole } = data;
      const member = idIn(stream);
      const assigned = Object.fromEntries(data.assigned.map((controller) => [controller, true as const]));
      const teams = Object.fromEntries(data.teams.map(({ team, controllers }) => [team, controllers]));
      const row = { member, account, workspace, subject, role, customRole, assigned, teams, createdAt };
      return [
        patch(memberTable, { key: member }, { account, role, customRole: customRole ?? null }),
        put(membershipTable, row),
      ];
    },
    MemberRemoved: ({ stream, recordedAt }) => [
      patch(memberTable, { key: idIn(stream) }, { leftAt: recordedAt, assigned: null }),
      remove(membershipTable, membershipOf(idIn(stream))),
    ],
    MemberAssigned: ({ stream, data }) => patchMember(idIn(stream), { assigned: { [data.assigned]: true } }),
    MemberUnassigned: ({ stream, data }) => patchMember(idIn(stream), { assigned: { [data.assigned]: null } }),
  }),
  ...on(roleEvents, {
    RoleDefined: ({ stream, workspace, data }) =>
      put(roleTable, { id: idIn(stream), workspace, name: unlessErased(data.name), permissions: data.permissions }),
  }),
  ...on(teamEvents, {
    TeamDefined: ({ stream, workspace, data }) => {
      const team = idIn(stream);
      const { members, controllers } = data;
      return [
        put(teamTable, { id: team, workspace, name: unlessErased(data.name), members, controllers }),
        patch(membershipTable, { scope: OPERATOR, facet: `team:${team}` }, { teams: { [team]: null } }),
        ...members.map((member) => patch(membershipTable, membershipOf(member), { teams: { [team]: controllers } })),
      ];
    },
  }),
  ...on(auditEvents, {
    AuditAccessGranted: ({ stream, data }) =>
      patch(membershipTable, membershipOf(data.member), { audits: { [idIn(stream)]: granted(data) } }),
    AuditAccessEnded: ({ stream, data }) =>
      patch(membershipTable, membershipOf(data.member), { audits: { [idIn(stream)]: null } }),
  }),
};

/** What goes when a member is erased: their name, and their way in. */
export const memberErased = ({ workspace, subject }: { workspace: string; subject: string }): readonly Change[] => [
  remove(memberTable, { scope: workspace, facet: ofSubject(subject) }),
  remove(membershipTable, { scope: OPERATOR, facet: ofSubject(subject) }),
];

export const membershipIn = (store: ReadStore, workspace: string, account: string): Promise<MembershipRow | null> =>
  store.get(membershipTable, memberIdOf(workspace, account));
export const membershipsOf = (store: ReadStore, account: string): Promise<readonly MembershipRow[]> =>
  store.withFacet(membershipTable, OPERATOR, ofAccount(account));
/** Accounts that are members of a workspace now. */
export const accountsIn = async (store: ReadStore, workspace: string): Promise<readonly string[]> =>
  (await store.withFacet(membershipTable, OPERATOR, inWorkspace(workspace))).map(({ account }) => account);
export const membersByIds = (store: ReadStore, ids: readonly string[]) => store.many(memberTable, ids);
export const roleById = (store: ReadStore, id: string): Promise<RoleRow | null> => store.get(roleTable, id);
export const teamById = (store: ReadStore, id: string): Promise<TeamRow | null> => store.get(teamTable, id);

/** By name; all are few, so they come in one page of the size asked for. */
export const membersOf = (store: ReadStore, scope: string, limit: number) =>
  store.page(memberTable, { scope, order: 'name', direction: 'asc', facets: [ACTIVE], limit });
export const rolesOf = (store: ReadStore, scope: string, limit: number) =>
  store.page(roleTable, { scope, order: 'name', direction: 'asc', limit });
export const teamsOf = (store: ReadStore, scope: string, limit: number) =>
  store.page(teamTable, { scope, order: 'name', direction: 'asc', limit });
export const membersByName = (store: ReadStore, scope: string, names: readonly string[]) =>
  store.withFacets(memberTable, scope, names.map(nameFacet));

/** More teams than a workspace has. */
const MAX_TEAMS = 1_000;

/** The teams that a member is in, and whose records each sees. */
export const teamsWith = async (store: ReadStore, workspace: string, member: string) =>
  (await teamsOf(store, workspace, MAX_TEAMS)).rows
    .filter(({ row }) => row.members.includes(member))
    .map(({ row: { id: team, controllers } }) => ({ team, controllers: [...controllers] }));
