import { clientEvents } from '../../src/identity/clients/events.js';
import { memberEvents, type Role } from '../../src/identity/members/events.js';
import { workspaceEvents } from '../../src/identity/workspaces/events.js';
import { unlessErased } from '../../src/kernel/personal.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { nameFacet } from '../crm/record.js';
import { ofSubject } from '../person.js';
import { on, type Projection, put, remove } from '../projection.js';
import { sortKey } from '../tokens.js';

export interface WorkspaceRow {
  readonly id: string;
  readonly name?: string;
  readonly owner: string;
  readonly createdAt: string;
}

export interface MemberRow {
  readonly id: string;
  readonly workspace: string;
  readonly subject: string;
  readonly account?: string;
  readonly role: Role;
  readonly name?: string;
  readonly manager?: string;
  readonly office?: string;
  readonly createdAt: string;
}

/** A client of the workspace: a controller of its own. */
export interface ClientRow {
  readonly id: string;
  readonly workspace: string;
  readonly name?: string;
  readonly createdAt: string;
}

const workspaceTable: Table<WorkspaceRow> = {
  name: 'workspaces',
  key: (row) => row.id,
  scope: () => OPERATOR,
  orders: { created: (row) => row.createdAt },
};

const memberTable: Table<MemberRow> = {
  name: 'members',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: (row) => (row.name === undefined ? [ofSubject(row.subject)] : [ofSubject(row.subject), nameFacet(row.name)]),
  orders: { name: (row) => sortKey(row.name) },
};

/** Which workspaces an account may enter: found before a workspace is known, so under the installation's own scope. */
interface MembershipRow {
  readonly member: string;
  readonly account: string;
  readonly workspace: string;
  readonly role: Role;
  readonly createdAt: string;
}

const membershipTable: Table<MembershipRow> = {
  name: 'memberships',
  key: (row) => row.member,
  scope: () => OPERATOR,
  facets: (row) => [`account:${row.account}`],
  orders: { created: (row) => row.createdAt },
};

const clientTable: Table<ClientRow> = {
  name: 'clients',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  orders: { name: (row) => sortKey(row.name) },
};

const idIn = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

export const workspaces: Projection = {
  name: 'workspaces',
  version: 1,
  tables: [workspaceTable as Table, memberTable as Table, membershipTable as Table, clientTable as Table],
  apply: {
    ...on(workspaceEvents, {
      WorkspaceCreated: (event) =>
        put(workspaceTable, {
          id: event.workspace,
          name: unlessErased(event.data.name),
          owner: event.data.owner,
          createdAt: event.recordedAt,
        }),
    }),
    ...on(memberEvents, {
      MemberAdded: (event) => {
        const { workspace, subject, recordedAt: createdAt } = event;
        const { account, role } = event.data;
        const id = idIn(event.stream);
        const name = unlessErased(event.data.name);
        const manager = unlessErased(event.data.manager);
        const office = unlessErased(event.data.office);
        const member = put(memberTable, { id, workspace, subject, account, role, name, manager, office, createdAt });
        if (account === undefined) return member;
        return [member, put(membershipTable, { member: id, account, workspace, role, createdAt })];
      },
    }),
    ...on(clientEvents, {
      ClientAdded: (event) =>
        put(clientTable, {
          id: idIn(event.stream),
          workspace: event.workspace,
          name: unlessErased(event.data.name),
          createdAt: event.recordedAt,
        }),
    }),
    SubjectErased: (event) => remove(memberTable, { scope: event.workspace, facet: ofSubject(event.subject) }),
  },
};

export const workspacesByIds = (store: ReadStore, ids: readonly string[]) => store.many(workspaceTable, ids);
export const membershipsOf = (store: ReadStore, account: string): Promise<readonly MembershipRow[]> =>
  store.withFacet(membershipTable, OPERATOR, `account:${account}`);
export const membersByIds = (store: ReadStore, ids: readonly string[]) => store.many(memberTable, ids);
export const clientsByIds = (store: ReadStore, ids: readonly string[]) => store.many(clientTable, ids);

/** Members or clients of a workspace by name; both are few, so they come in one page of the size asked for. */
export const membersOf = (store: ReadStore, scope: string, limit: number) =>
  store.page(memberTable, { scope, order: 'name', direction: 'asc', limit });
export const clientsOf = (store: ReadStore, scope: string, limit: number) =>
  store.page(clientTable, { scope, order: 'name', direction: 'asc', limit });
export const membersByName = (store: ReadStore, scope: string, names: readonly string[]) =>
  store.withFacets(memberTable, scope, names.map(nameFacet));

/** Every workspace of the installation, the first made first: for who runs it, not for the API. */
export const allWorkspaces = async (store: ReadStore): Promise<readonly WorkspaceRow[]> => {
  const query = { scope: OPERATOR, order: 'created', direction: 'asc', limit: 1_000 } as const;
  return (await store.page(workspaceTable, query)).rows.map(({ row }) => row);
};
