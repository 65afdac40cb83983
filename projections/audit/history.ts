import type { Opened } from '../../src/kernel/openEvent.js';
import type { PageQuery, ReadStore, Table } from '../../src/readstore/port.js';
import { type Controllers, type Narrow, pageOf } from '../controllers.js';
import { EVERY_EVENT, type Projection, put } from '../projection.js';

/** Where an event is found again, and by what. Nothing of its fields: those are read from the event store. */
export interface HistoryRow {
  readonly workspace: string;
  readonly controller: string;
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly actor: string;
  readonly subject: string;
}

/** The id of the record that a stream is about. */
export const entityIn = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

export const entityFacet = (id: string) => `entity:${id}`;
export const subjectFacet = (id: string) => `subject:${id}`;
export const actorFacet = (id: string) => `actor:${id}`;
const controllerFacet = (id: string) => `controller:${id}`;
export const typeFacet = (type: string) => `type:${type}`;

/** Time first, so that a range of time is a range of the order. */
const timeKey = (row: HistoryRow) => `${row.recordedAt} ${row.position}`;

const table: Table<HistoryRow> = {
  name: 'history',
  key: (row) => row.position,
  scope: (row) => row.workspace,
  facets: (row) => {
    const entity = entityFacet(entityIn(row.stream));
    const whose = [controllerFacet(row.controller), subjectFacet(row.subject)];
    return [entity, ...whose, actorFacet(row.actor), typeFacet(row.type)];
  },
  orders: { time: timeKey },
};

/** What becomes of the erasure of a whole workspace is told when nothing of it may be shown any more. */
const isOfNothing = ({ workspace, data }: Opened) => data.target === workspace;

const record = (event: Opened) => {
  if (isOfNothing(event)) return [];
  const { workspace, controller, position, stream, revision, type, recordedAt, actor, subject } = event;
  return put(table, { workspace, controller, position, stream, revision, type, recordedAt, actor, subject });
};

/** Every event is history, also an erasure; its rows hold ids, codes and times alone, so nobody has to be taken out. */
export const history: Projection = {
  name: 'history',
  version: 2,
  tables: [table as Table],
  personal: false,
  apply: { SubjectErased: record, [EVERY_EVENT]: record },
};

const narrow: Narrow = (facets, controller) => [...facets, controllerFacet(controller)];

export const historyPage = (store: ReadStore, query: PageQuery, controllers: Controllers) =>
  pageOf(store, table, query, controllers, narrow);
