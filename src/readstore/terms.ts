import { placeOrder } from './order.js';
import { ALL, type Row, type Table } from './port.js';

/** What a row is found by: everything that an index holds of it, as pure functions of the row. */
export interface Indexed {
  readonly scope: string;
  /** Names of terms: facets and words, told apart by `facetName` and `wordName`. */
  readonly names: ReadonlySet<string>;
  /** Sort keys, in the sequence of the table's orders. */
  readonly sorts: readonly string[];
  readonly measure: number;
}

/** Facets and words share one dictionary; a facet is never found by searching for it as a word. */
export const facetName = (facet: string): string => `f${facet}`;
export const wordName = (word: string): string => `w${word}`;
export const isFacetName = (name: string): boolean => name.startsWith('f');

/** The facets of a row, `ALL` among them, as names of terms. */
export const facetNames = (table: Table, row: Row): Set<string> => {
  const names = new Set([facetName(ALL)]);
  for (const facet of table.facets?.(row) ?? []) names.add(facetName(facet));
  return names;
};

/** The sort keys of a row, in the sequence of the table's orders. */
export const sortsOf = (table: Table, row: Row): readonly string[] =>
  orderNames(table).map((order) => table.orders[order]!(row));

/** Throws TypeError where the measure is no safe integer, which is a bug of the table's. */
export const indexed = (table: Table, row: Row): Indexed => {
  const names = facetNames(table, row);
  for (const word of table.words?.(row) ?? []) names.add(wordName(word));
  const measure = table.measure?.(row) ?? 0;
  if (!Number.isSafeInteger(measure)) throw new TypeError(`The measure of ${table.name} is not a safe integer.`);
  return { scope: table.scope(row), names, sorts: sortsOf(table, row), measure };
};

export const orderNames = (table: Table): readonly string[] => Object.keys(table.orders);

export const firstOrder = (table: Table): string => {
  const [order] = orderNames(table);
  if (order === undefined) throw new TypeError(`The table ${table.name} declares no order.`);
  return order;
};

/** Rows in the table's first order. */
export const inFirstOrder = (table: Table, rows: readonly Row[]): readonly Row[] => {
  const sortOf = table.orders[firstOrder(table)]!;
  return rows
    .map((row) => ({ row, sort: sortOf(row), key: table.key(row) }))
    .sort(placeOrder('asc'))
    .map(({ row }) => row);
};

/** The orders in which search words can be paged through. */
export const wordOrders = (table: Table): readonly string[] => table.wordOrders ?? [firstOrder(table)];

/** The orders that a term has postings in. */
export const ordersOf = (table: Table, name: string): readonly string[] =>
  isFacetName(name) ? facetOrders(table, name.slice(facetName('').length)) : wordOrders(table);

/** The orders in which a facet can be paged through. */
export const facetOrders = (table: Table, facet: string): readonly string[] =>
  table.listedIn?.(facet) ?? orderNames(table);

/** The first of those. Throws TypeError where there is none: to ask for a list that is not kept is a bug. */
export const listOf = (table: Table, facet: string): string => {
  const [order] = facetOrders(table, facet);
  if (order === undefined) throw new TypeError(`The table ${table.name} keeps no list of such rows.`);
  return order;
};
