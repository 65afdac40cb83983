import { companyEvents } from '../../src/crm/companies/events.js';
import type { PageQuery, ReadStore, Table } from '../../src/readstore/port.js';
import { type Controllers, pageOf } from '../controllers.js';
import { holdsNobody } from '../person.js';
import { on, type Projection, patch, put } from '../projection.js';
import { sortKey, words } from '../tokens.js';
import {
  BIN,
  binFacet,
  clientFacet,
  created,
  deleted,
  externalFacet,
  LIVE,
  listedWhereFiltered,
  nameFacet,
  narrowToClient,
  type RecordRow,
  restored,
  tagFacet,
  updated,
} from './record.js';

export interface CompanyRow extends RecordRow {
  readonly name?: string;
  readonly domain?: string;
  readonly sector?: string;
  readonly location?: string;
  readonly tags?: readonly string[];
  readonly notes?: readonly string[];
  readonly customFields?: { readonly [name: string]: string };
  readonly yearEstablished?: number;
  readonly employees?: number;
  readonly revenueMinor?: number;
  readonly subsidiaryOf?: string;
}

const table: Table<CompanyRow> = {
  name: 'companies',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: (row) => {
    if (row.deletedAt !== undefined) return [BIN, binFacet(row.controller)];
    const facets = [LIVE, clientFacet(row.controller), ...(row.tags ?? []).map(tagFacet)];
    if (row.externalId !== undefined) facets.push(externalFacet(row.externalId));
    if (row.name !== undefined) facets.push(nameFacet(row.name));
    return facets;
  },
  words: (row) =>
    row.deletedAt === undefined ? words(row.name, row.domain, row.sector, row.location, ...(row.tags ?? [])) : [],
  listedIn: listedWhereFiltered,
  orders: { name: (row) => sortKey(row.name), created: (row) => row.createdAt },
};

export const companies: Projection = {
  name: 'companies',
  version: 2,
  tables: [table as Table],
  apply: {
    ...on(companyEvents, {
      CompanyCreated: (event) => put(table, created(event.subject, event) as CompanyRow),
      CompanyUpdated: (event) => patch(table, { key: event.subject }, updated(event)),
      CompanyDeleted: (event) => patch(table, { key: event.subject }, deleted(event)),
      CompanyRestored: (event) => patch(table, { key: event.subject }, restored(event)),
    }),
    ...holdsNobody,
  },
};

export const companiesByIds = (store: ReadStore, ids: readonly string[]) => store.many(table, ids);
export const companyPage = (store: ReadStore, query: PageQuery, controllers: Controllers) =>
  pageOf(store, table, query, controllers, narrowToClient);

/** Companies by name, folded as for sorting: what an import knows of them. In the order of the names. */
export const companiesByName = (store: ReadStore, scope: string, names: readonly string[]) =>
  store.withFacets(table, scope, names.map(nameFacet));
