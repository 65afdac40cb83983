import { pipelineEvents, type Stage } from '../../src/crm/pipelines/events.js';
import { unlessErased } from '../../src/kernel/personal.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { holdsNobody } from '../person.js';
import { on, type Projection, put } from '../projection.js';

export interface PipelineRow {
  readonly id: string;
  readonly workspace: string;
  readonly name?: string;
  readonly version: number;
  readonly createdAt: string;
  readonly stages: readonly (Stage & { readonly name?: string })[];
}

const table: Table<PipelineRow> = {
  name: 'pipelines',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  orders: { created: (row) => row.createdAt },
};

export const pipelines: Projection = {
  name: 'pipelines',
  version: 1,
  tables: [table as Table],
  apply: {
    ...on(pipelineEvents, {
      PipelineDefined: (event) => {
        const names = unlessErased(event.data.stageNames);
        return put(table, {
          id: event.stream.slice('pipeline-'.length),
          workspace: event.workspace,
          name: unlessErased(event.data.name),
          version: event.revision + 1,
          createdAt: event.recordedAt,
          stages: event.data.stages.map((stage) => ({ ...stage, name: names?.[stage.id] })),
        });
      },
    }),
    ...holdsNobody,
  },
};

export const pipelinesByIds = (store: ReadStore, ids: readonly string[]) => store.many(table, ids);

/** The pipelines of a workspace, the first made first. */
export const pipelinesOf = async (store: ReadStore, scope: string, limit: number): Promise<readonly PipelineRow[]> =>
  (await store.page(table, { scope, order: 'created', direction: 'asc', limit })).rows.map(({ row }) => row);
