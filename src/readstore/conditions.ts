import { CrmError } from '../errors.js';
import { ALL, type PageQuery, type Table, type Total } from './port.js';
import { facetName, type Indexed, ordersOf, wordName, wordOrders } from './terms.js';

/** What a row has to meet: every name, and for every prefix a word that begins so. */
export interface Conditions {
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

/** Facets and words of one query at the most: each is a step of an intersection. */
export const MAX_TERMS = 32;

/**
 * The conditions of a query; `ALL` alone where it states none.
 * Errors: BAD_USER_INPUT for an order that the table does not declare, for words in an order that they cannot be
 * combined with, and for more than `MAX_TERMS`.
 */
export const conditionsOf = (table: Table, query: PageQuery): Conditions => {
  const words = new Set(query.words ?? []);
  if (!Object.hasOwn(table.orders, query.order) || (words.size > 0 && !wordOrders(table).includes(query.order))) {
    throw noSuchOrder();
  }
  const names = new Set((query.facets ?? []).filter((facet) => facet !== ALL).map(facetName));
  const prefixes: string[] = [];
  for (const word of words) {
    if (word.endsWith('*')) prefixes.push(wordName(word.slice(0, -1)));
    else names.add(wordName(word));
  }
  if (names.size + prefixes.length > MAX_TERMS) {
    throw new CrmError('BAD_USER_INPUT', { limit: MAX_TERMS, actual: names.size + prefixes.length });
  }
  if (names.size + prefixes.length === 0) names.add(facetName(ALL));
  if ([...names].some((name) => !ordersOf(table, name).includes(query.order))) throw noSuchOrder();
  return { names: [...names], prefixes };
};

const noSuchOrder = (): CrmError =>
  new CrmError('BAD_USER_INPUT', { field: 'orderBy', reason: 'The list has no such order for this filter or search.' });

export const meets = (row: Indexed, { names, prefixes }: Conditions): boolean =>
  names.every((name) => row.names.has(name)) &&
  prefixes.every((prefix) => {
    for (const name of row.names) if (name.startsWith(prefix)) return true;
    return false;
  });

export const isWholeRange = ({ from, to }: PageQuery): boolean => from === undefined && to === undefined;

/** One term within no bounds: its total is known without counting, however large. */
export const isWholeTerm = ({ names, prefixes }: Conditions, query: PageQuery): boolean =>
  names.length === 1 && prefixes.length === 0 && isWholeRange(query);

export const counted = (count: number, upTo: number): Total =>
  count > upTo ? { count: upTo, exact: false } : { count, exact: true };
