import { productEvents } from '../../src/crm/products/events.js';
import type { PageQuery, ReadStore, Table } from '../../src/readstore/port.js';
import { holdsNobody } from '../person.js';
import { on, type Projection, patch, put } from '../projection.js';
import { sortKey } from '../tokens.js';
import {
  BIN,
  created,
  deleted,
  externalFacet,
  LIVE,
  listedWhereFiltered,
  nameFacet,
  type RecordRow,
  restored,
  updated,
} from './record.js';

export interface ProductRow extends RecordRow {
  readonly name?: string;
  readonly series?: string;
  readonly priceMinor?: number;
  readonly currency?: string;
}

const table: Table<ProductRow> = {
  name: 'products',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: (row) => {
    if (row.deletedAt !== undefined) return [BIN];
    const facets = [LIVE];
    if (row.externalId !== undefined) facets.push(externalFacet(row.externalId));
    if (row.name !== undefined) facets.push(nameFacet(row.name));
    return facets;
  },
  listedIn: listedWhereFiltered,
  orders: { name: (row) => sortKey(row.name) },
};

export const products: Projection = {
  name: 'products',
  version: 1,
  tables: [table as Table],
  apply: {
    ...on(productEvents, {
      ProductCreated: (event) => put(table, created(event.subject, event) as ProductRow),
      ProductUpdated: (event) => patch(table, { key: event.subject }, updated(event)),
      ProductDeleted: (event) => patch(table, { key: event.subject }, deleted(event)),
      ProductRestored: (event) => patch(table, { key: event.subject }, restored(event)),
    }),
    ...holdsNobody,
  },
};

export const productsByIds = (store: ReadStore, ids: readonly string[]) => store.many(table, ids);
export const productPage = (store: ReadStore, query: PageQuery) => store.page(table, query);
export const productsByName = (store: ReadStore, scope: string, names: readonly string[]) =>
  store.withFacets(table, scope, names.map(nameFacet));
