import { clientEvents } from '../../src/identity/clients/events.js';
import { workspaceEvents } from '../../src/identity/workspaces/events.js';
import { unlessErased } from '../../src/kernel/personal.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { inWorkspace } from '../person.js';
import { on, type Projection, put } from '../projection.js';
import { sortKey } from '../tokens.js';
import { memberApply, memberErased, memberTables } from './members.js';

export interface WorkspaceRow {
  readonly id: string;
  readonly name?: string;
  readonly owner: string;
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
  facets: (row) => [inWorkspace(row.id)],
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
  version: 3,
  tables: [workspaceTable as Table, clientTable as Table, ...memberTables],
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
    ...on(clientEvents, {
      ClientAdded: (event) =>
        put(clientTable, {
          id: idIn(event.stream),
          workspace: event.workspace,
          name: unlessErased(event.data.name),
          createdAt: event.recordedAt,
        }),
    }),
    ...memberApply,
    SubjectErased: memberErased,
  },
};

export const workspacesByIds = (store: ReadStore, ids: readonly string[]) => store.many(workspaceTable, ids);
export const clientsByIds = (store: ReadStore, ids: readonly string[]) => store.many(clientTable, ids);

/** Clients of a workspace by name; they are few, so they come in one page of the size asked for. */
export const clientsOf = (store: ReadStore, scope: string, limit: number) =>
  store.page(clientTable, { scope, order: 'name', direction: 'asc', limit });

/** Every workspace of the installation, the first made first: for who runs it, not for the API. */
export const allWorkspaces = async (store: ReadStore): Promise<readonly WorkspaceRow[]> => {
  const query = { scope: OPERATOR, order: 'created', direction: 'asc', limit: 1_000 } as const;
  return (await store.page(workspaceTable, query)).rows.map(({ row }) => row);
};
