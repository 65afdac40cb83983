import { mergeSorted } from '../src/readstore/merge.js';
import { placeOrder } from '../src/readstore/order.js';
import type { Page, PageQuery, ReadStore, Row, Table, Total } from '../src/readstore/port.js';

/** Whose records a caller sees: these controllers', or, with `null`, everybody's in the workspace. */
export type Controllers = readonly string[] | null;

/** The facets of a query, narrowed to one controller. */
export type Narrow = (facets: readonly string[], controller: string) => readonly string[];

/**
 * A page of the rows of these controllers. A store finds rows that have all of the facets, never any of them, so each
 * controller is a page of its own, and these are merged and their counts added. Every row has one controller.
 */
export const pageOf = async <R extends Row>(
  store: ReadStore,
  table: Table<R>,
  query: PageQuery,
  controllers: Controllers,
  narrow: Narrow,
): Promise<Page<R>> => {
  if (controllers === null) return store.page(table, query);
  const pages = await Promise.all(
    controllers.map((controller) => store.page(table, { ...query, facets: narrow(query.facets ?? [], controller) })),
  );
  return pages.length === 1 ? pages[0]! : merged(pages, query);
};

const merged = <R extends Row>(pages: readonly Page<R>[], { direction, limit, countUpTo }: PageQuery): Page<R> => {
  const order = placeOrder(direction);
  const rows = [
    ...mergeSorted<Page<R>['rows'][number]>(
      pages.map((page) => page.rows),
      (a, b) => order(a.place, b.place),
    ),
  ];
  const hasMore = rows.length > limit || pages.some((page) => page.hasMore);
  const page = { rows: rows.slice(0, limit), hasMore };
  if (countUpTo === undefined) return page;
  return {
    ...page,
    total: sumOf(
      pages.map(({ total }) => total!),
      countUpTo,
    ),
  };
};

const sumOf = (totals: readonly Total[], upTo: number): Total => {
  const count = totals.reduce((sum, total) => sum + total.count, 0);
  const exact = totals.every((total) => total.exact);
  return exact ? { count, exact } : { count: Math.min(count, upTo), exact };
};
