import { dealEvents } from '../../src/crm/deals/events.js';
import type { Outcome } from '../../src/crm/pipelines/events.js';
import { erasureEvents } from '../../src/privacy/erasure/events.js';
import type { PageQuery, ReadStore, Table } from '../../src/readstore/port.js';
import { type Controllers, pageOf } from '../controllers.js';
import { on, type Projection, patch, put } from '../projection.js';
import { numberKey, words } from '../tokens.js';
import {
  BIN,
  binFacet,
  clientFacet,
  created,
  deleted,
  externalFacet,
  LIVE,
  listedWhereFiltered,
  narrowToClient,
  type RecordRow,
  restored,
  tagFacet,
  touched,
  updated,
} from './record.js';

export interface DealRow extends RecordRow {
  readonly title?: string;
  readonly productText?: string;
  readonly tags?: readonly string[];
  readonly notes?: readonly string[];
  readonly customFields?: { readonly [name: string]: string };
  readonly pipeline: string;
  readonly stage: string;
  readonly outcome: Outcome;
  readonly owner?: string;
  readonly company?: string;
  readonly contact?: string;
  readonly product?: string;
  readonly valueMinor?: number;
  readonly currency?: string;
  readonly engageDate?: string;
  readonly closeDate?: string;
  /** Every stage it came into, by the revision of the event that brought it there. */
  readonly stageHistory: { readonly [revision: string]: StageEntry };
}

export interface StageEntry {
  readonly stage: string;
  readonly outcome: Outcome;
  readonly since: string;
}

/** Sums of value are kept per controller, stage and currency: amounts in different currencies do not add up. */
const WORTH = 'worth:';
const NO_CURRENCY = '-';

const facetsOf = (row: DealRow): string[] => {
  const links = row.contact === undefined ? [] : [`contact:${row.contact}`];
  if (row.deletedAt !== undefined) return [BIN, binFacet(row.controller), ...links];
  const facets = [LIVE, clientFacet(row.controller), `stage:${row.stage}`, `outcome:${row.outcome}`, ...links];
  facets.push(`${WORTH}${row.controller}:${row.stage}:${row.currency ?? NO_CURRENCY}`);
  if (row.owner !== undefined) facets.push(`owner:${row.owner}`);
  if (row.company !== undefined) facets.push(`company:${row.company}`);
  if (row.product !== undefined) facets.push(`product:${row.product}`);
  if (row.externalId !== undefined) facets.push(externalFacet(row.externalId));
  for (const tag of row.tags ?? []) facets.push(tagFacet(tag));
  return facets;
};

const table: Table<DealRow> = {
  name: 'deals',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: facetsOf,
  words: (row) => (row.deletedAt === undefined ? words(row.title, row.productText, ...(row.tags ?? [])) : []),
  listedIn: (facet) => (facet.startsWith(WORTH) ? [] : listedWhereFiltered(facet)),
  orders: {
    closeDate: (row) => row.closeDate ?? '9999',
    created: (row) => row.createdAt,
    value: (row) => numberKey(row.valueMinor ?? 0),
  },
  measure: (row) => row.valueMinor ?? 0,
};

export const deals: Projection = {
  name: 'deals',
  version: 2,
  tables: [table as Table],
  apply: {
    ...on(dealEvents, {
      DealCreated: (event) => {
        const { stage, outcome } = event.data;
        const stageHistory = { '0': { stage, outcome, since: event.recordedAt } };
        return put(table, { ...created(event.subject, event), stageHistory } as unknown as DealRow);
      },
      DealUpdated: (event) => patch(table, { key: event.subject }, updated(event)),
      DealStageChanged: (event) => {
        const { stage, outcome } = event.data;
        const stageHistory = { [event.revision]: { stage, outcome, since: event.recordedAt } };
        return patch(table, { key: event.subject }, { stage, outcome, stageHistory, ...touched(event) });
      },
      DealDeleted: (event) => patch(table, { key: event.subject }, deleted(event)),
      DealRestored: (event) => patch(table, { key: event.subject }, restored(event)),
    }),
    ...on(erasureEvents, {
      /** The deal and its value stay; the link to the person goes. */
      SubjectErased: (event) =>
        event.data.kind === 'ERASE'
          ? patch(table, { scope: event.workspace, facet: `contact:${event.data.record}` }, { contact: null })
          : [],
    }),
  },
};

/** For folding one deal's history (`asOf`). */
export const dealTable = table;

export const dealById = (store: ReadStore, id: string): Promise<DealRow | null> => store.get(table, id);
export const dealsByIds = (store: ReadStore, ids: readonly string[]) => store.many(table, ids);
export const dealPage = (store: ReadStore, query: PageQuery, controllers: Controllers) =>
  pageOf(store, table, query, controllers, narrowToClient);
export const dealsByExternalId = (store: ReadStore, scope: string, ids: readonly string[]) =>
  store.withFacets(table, scope, ids.map(externalFacet));

export interface StageTotal {
  readonly stage: string;
  readonly currency?: string;
  readonly count: number;
  readonly valueMinor: number;
}

/** How many live deals of these controllers are in each stage and what they are worth, per currency; by both. */
export const dealTotals = async (
  store: ReadStore,
  scope: string,
  controllers: Controllers,
): Promise<readonly StageTotal[]> => {
  const prefixes = controllers?.map((controller) => `${WORTH}${controller}:`) ?? [WORTH];
  const found = await Promise.all(prefixes.map((prefix) => store.totals(table as Table, scope, prefix)));
  const totals = new Map<string, StageTotal>();
  for (const { facet, count, sum } of found.flat()) {
    const [stage, currency] = facet.slice(WORTH.length).split(':').slice(1) as [string, string];
    const name = `${stage}:${currency}`;
    const before = totals.get(name);
    totals.set(name, {
      stage,
      currency: currency === NO_CURRENCY ? undefined : currency,
      count: count + (before?.count ?? 0),
      valueMinor: sum + (before?.valueMinor ?? 0),
    });
  }
  return [...totals].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, total]) => total);
};

/** How many deals, in the bin or not, are linked to a contact; counted up to a bound. */
export const dealsWith = async (store: ReadStore, scope: string, contact: string, upTo: number): Promise<number> => {
  const facets = [`contact:${contact}`];
  const query = { scope, order: 'created', direction: 'asc', facets, limit: upTo } as const;
  return (await store.page(table, query)).rows.length;
};
