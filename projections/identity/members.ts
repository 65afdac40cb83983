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
import { ofSubject } from '../person.js';
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

/** Everything that tells what an account may do in one workspace, found by one key: the member's id follows from both. */
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

const memberTable: Table<MemberRow> = {
  name: 'members',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: (row) => {
    const facets = [ofSubject(row.subject)];
    if (row.leftAt !== undefined) return facets;
    if (row.name !== undefined) facets.push(nameFacet(row.name));
    return [...facets, ACTIVE];
  },
  orders: { name: (row) => sortKey(row.name) },
};

/** Found before a workspace is known, so under the installation's own scope. */
const membershipTable: Table<MembershipRow> = {
  name: 'memberships',
  key: (row) => row.member,
  scope: () => OPERATOR,
  facets: (row) => [
    `account:${row.account}`,
    ofSubject(row.subject),
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

/** The same patch to both rows of a member; who has no account has no second one. */
const patchMember = (member: string, merge: object): readonly Change[] => [
  patch(memberTable, { key: member }, merge),
  patch(membershipTable, { key: member }, merge),
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
      patchMember(memberIdOf(workspace, data.account), { role: 'OWNER', customRole: null }),
    OwnershipReleased: ({ workspace, data }) =>
      patchMember(memberIdOf(workspace, data.account), { role: data.role, customRole: null }),
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
    MemberRemoved: ({ stream, recordedAt }) => [
      patch(memberTable, { key: idIn(stream) }, { leftAt: recordedAt, assigned: null }),
      remove(membershipTable, { key: idIn(stream) }),
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
        ...members.map((key) => patch(membershipTable, { key }, { teams: { [team]: controllers } })),
      ];
    },
  }),
  ...on(auditEvents, {
    AuditAccessGranted: ({ stream, data }) =>
      patch(membershipTable, { key: data.member }, { audits: { [idIn(stream)]: granted(data) } }),
    AuditAccessEnded: ({ stream, data }) =>
      patch(membershipTable, { key: data.member }, { audits: { [idIn(stream)]: null } }),
  }),
};

/** What goes when a member is erased: their name, and their way in. */
export const memberErased = ({ workspace, subject }: { workspace: string; subject: string }): readonly Change[] => [
  remove(memberTable, { scope: workspace, facet: ofSubject(subject) }),
  remove(membershipTable, { scope: OPERATOR, facet: ofSubject(subject) }),
];

export const membershipById = (store: ReadStore, member: string): Promise<MembershipRow | null> =>
  store.get(membershipTable, member);
export const membershipsOf = (store: ReadStore, account: string): Promise<readonly MembershipRow[]> =>
  store.withFacet(membershipTable, OPERATOR, `account:${account}`);
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
