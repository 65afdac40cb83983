import { queryWords } from '../projections/tokens.js';
import { CrmError } from '../src/errors.js';
import type { Page, PageQuery } from '../src/readstore/port.js';
import { decodeCursor, encodeCursor, type PageArgs } from './connection.js';

/** Lists count exactly up to here, and say so past it. */
const COUNT_UP_TO = 10_000;

export interface ListRequest {
  readonly scope: string;
  readonly page: PageArgs;
  readonly order: string;
  readonly descending?: boolean;
  readonly facets: readonly string[];
  readonly search?: string | null;
  readonly from?: string;
  readonly to?: string;
  /** Whether the request selects `totalCount`. */
  readonly counted: boolean;
}

export const pageQuery = (request: ListRequest): PageQuery => {
  const { page, search } = request;
  const words = search === undefined || search === null ? [] : queryWords(search);
  if (search && words.length === 0)
    throw new CrmError('BAD_USER_INPUT', { field: 'filter.search', reason: 'At least one word.' });
  return {
    scope: request.scope,
    order: request.order,
    direction: request.descending ? 'desc' : 'asc',
    facets: request.facets,
    words,
    after: page.after ? decodeCursor(page.after) : undefined,
    from: request.from,
    to: request.to,
    limit: page.first,
    countUpTo: request.counted ? COUNT_UP_TO : undefined,
  };
};

/** A page of rows as a Relay connection. */
export const connectionOf = <R, N>({ rows, hasMore, total }: Page<R>, after: boolean, toNode: (row: R) => N) => {
  const edges = rows.map(({ row, place }) => ({ cursor: encodeCursor(place), node: toNode(row) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: hasMore,
      hasPreviousPage: after,
      startCursor: edges[0]?.cursor,
      endCursor: edges.at(-1)?.cursor,
    },
    totalCount: total?.count,
    totalCountIsExact: total?.exact,
  };
};

/** Lists have one order at a time; ties within it are broken by the record's own id. */
export const oneOrder = <F extends string>(
  orderBy: readonly { readonly field: F; readonly direction: 'ASC' | 'DESC' }[] | null | undefined,
  byDefault: F,
): { field: F; descending: boolean } => {
  if (orderBy && orderBy.length > 1) {
    throw new CrmError('BAD_USER_INPUT', { field: 'orderBy', reason: 'One order at a time.' });
  }
  const [order] = orderBy ?? [];
  return { field: order?.field ?? byDefault, descending: order?.direction === 'DESC' };
};
