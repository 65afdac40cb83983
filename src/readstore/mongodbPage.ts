import type { Collection, Filter } from 'mongodb';
import { afterPrefix, endOf, firstOf, joined, startOf } from '../mongodb/texts.js';
import { type Conditions, conditionsOf, counted, isWholeTerm } from './conditions.js';
import { beginningOf, indexName, type RowDocument, type TotalDocument } from './mongodbRows.js';
import { compareText } from './order.js';
import type { Page, PageQuery, Row, Table, Total } from './port.js';
import { facetName, firstOrder, isFacetName, listOf, wordName } from './terms.js';

/** The two collections of a table. */
export interface TableCollections {
  readonly rows: Collection<RowDocument>;
  readonly totals: Collection<TotalDocument>;
}

/** Rows of one reply where all are wanted. */
export const BATCH_ROWS = 1_000;

type RowFilter = Filter<RowDocument>;

/** One range of one index. Errors: as `conditionsOf`. */
export const readPage = async (collections: TableCollections, table: Table, query: PageQuery): Promise<Page<Row>> => {
  const conditions = conditionsOf(table, query);
  const { countUpTo } = query;
  const whole = countUpTo !== undefined && isWholeTerm(conditions, query);
  const [rows, wholeTotal] = await Promise.all([
    pageRows(collections, query, conditions),
    whole ? wholeTermTotal(collections, query, conditions) : undefined,
  ]);
  const hasMore = rows.length > query.limit;
  const page = { rows: hasMore ? rows.slice(0, query.limit) : rows, hasMore };
  if (countUpTo === undefined) return page;
  if (wholeTotal) return { ...page, total: wholeTotal };
  if (!query.after && !hasMore) return { ...page, total: counted(rows.length, countUpTo) };
  return { ...page, total: await boundedTotal(collections, query, conditions, countUpTo) };
};

const pageRows = async (
  { rows }: TableCollections,
  query: PageQuery,
  conditions: Conditions,
): Promise<Page<Row>['rows']> => {
  const { order, direction, limit } = query;
  const path = `places.${order}`;
  const found = await rows
    .find(filterOf(query, conditions, rangeOf(query)), { hint: indexName(order), batchSize: limit + 2 })
    .sort({ [path]: direction === 'asc' ? 1 : -1 })
    .limit(limit + 1)
    .project<RowDocument>({ row: 1, [path]: 1 })
    .toArray();
  return found.map(({ _id, row, places }) => ({
    row: JSON.parse(row) as Row,
    place: { sort: firstOf(places[order]!, _id), key: _id },
  }));
};

const wholeTermTotal = async (
  collections: TableCollections,
  query: PageQuery,
  conditions: Conditions,
): Promise<Total> => {
  const [name] = conditions.names as [string];
  if (!isFacetName(name)) return { count: await count(collections, query, conditions), exact: true };
  const total = await collections.totals.findOne({ _id: joined(query.scope, name) });
  return { count: total?.count ?? 0, exact: true };
};

const boundedTotal = async (
  collections: TableCollections,
  query: PageQuery,
  conditions: Conditions,
  upTo: number,
): Promise<Total> => counted(await count(collections, query, conditions, upTo + 1), upTo);

const count = (
  { rows }: TableCollections,
  { after: _, ...query }: PageQuery,
  conditions: Conditions,
  limit?: number,
): Promise<number> => {
  const bound = limit === undefined ? {} : { limit };
  return rows.countDocuments(filterOf(query, conditions, rangeOf(query)), { hint: indexName(query.order), ...bound });
};

/**
 * The conditions in the sequence in which they are likely to leave least: the first one's range of the index is read,
 * and each of its rows held against the others.
 */
const filterOf = (
  { scope, order }: PageQuery,
  { names, prefixes }: Conditions,
  range: object | undefined,
): RowFilter => {
  const words = names.filter((name) => !isFacetName(name)).sort((a, b) => b.length - a.length);
  const beginnings = [...prefixes].sort((a, b) => b.length - a.length);
  const terms = [...words, ...beginnings.map(beginningTerm), ...names.filter(isFacetName)];
  const path = `terms.${order}`;
  const all: object[] = [
    ...terms.map((term) => ({ [path]: term })),
    ...beginnings.flatMap((prefix) => unsaid(path, prefix)),
  ];
  const place = range === undefined ? {} : { [`places.${order}`]: range };
  return (all.length === 1 ? { scope, ...all[0], ...place } : { scope, $and: all, ...place }) as RowFilter;
};

const beginning = (prefix: string) => beginningOf(prefix.slice(wordName('').length));

const beginningTerm = (prefix: string): string => beginning(prefix).name;

/** What the beginning that is looked up leaves open. */
const unsaid = (path: string, prefix: string): object[] =>
  beginning(prefix).exact ? [] : [{ [path]: { $elemMatch: { $gte: prefix, $lt: afterPrefix(prefix) } } }];

/** The part of the order that the bounds leave, and only what comes after the place asked for. */
const rangeOf = ({ from, to, after, direction }: PageQuery): object | undefined => {
  let low: { $gt: string } | { $gte: string } | undefined;
  let high: { $lt: string } | undefined;
  if (from !== undefined) low = { $gte: startOf(from) };
  if (to !== undefined) high = { $lt: endOf(to) };
  if (after) {
    const place = joined(after.sort, after.key);
    if (direction === 'asc' && (from === undefined || compareText(place, startOf(from)) >= 0)) low = { $gt: place };
    if (direction === 'desc' && (to === undefined || compareText(place, endOf(to)) < 0)) high = { $lt: place };
  }
  return low || high ? { ...low, ...high } : undefined;
};

/** Every row with each of the facets, in the table's first order. Throws TypeError where no list of one is kept. */
export const readFacets = async (
  rows: Collection<RowDocument>,
  table: Table,
  scope: string,
  facets: readonly string[],
): Promise<readonly (readonly Row[])[]> => {
  const namesIn = new Map<string, Set<string>>();
  for (const facet of facets) {
    const order = listOf(table, facet);
    namesIn.set(order, (namesIn.get(order) ?? new Set()).add(facetName(facet)));
  }
  const order = firstOrder(table);
  const byName = new Map<string, RowDocument[]>(facets.map((facet) => [facetName(facet), []]));
  const readList = async ([listed, names]: [string, Set<string>]): Promise<void> => {
    const found = await rows
      .find({ scope, [`terms.${listed}`]: { $in: [...names] } }, { hint: indexName(listed), batchSize: BATCH_ROWS })
      .project<RowDocument>({ row: 1, facets: 1, [`places.${order}`]: 1 })
      .toArray();
    for (const row of found) for (const name of row.facets) if (names.has(name)) byName.get(name)!.push(row);
  };
  await Promise.all([...namesIn].map(readList));
  return facets.map((facet) => inOrder(byName.get(facetName(facet))!, order));
};

const inOrder = (documents: readonly RowDocument[], order: string): readonly Row[] =>
  [...documents]
    .sort((a, b) => compareText(a.places[order]!, b.places[order]!))
    .map(({ row }) => JSON.parse(row) as Row);
