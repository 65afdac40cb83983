import type { IndexDescription } from 'mongodb';
import type { Position } from '../kernel/envelope.js';
import type { Stored } from '../mongodb/database.js';
import { joined } from '../mongodb/texts.js';
import type { Row, Table } from './port.js';
import { facetName, facetNames, type Indexed, indexed, isFacetName, orderNames, ordersOf, wordName } from './terms.js';

/*
 * One table of one build is two collections:
 *
 *   rows    key → row, and in each order the terms that list it there and its place, for one index an order:
 *           scope, term, place
 *   totals  scope and facet → count, sum
 *
 * A row carries all that an index holds of it, so that one write of one document brings both up to date. Every filter
 * and search is then one range of one index, in the order asked for. A search for words that begin so looks up the
 * beginnings themselves, which are terms of the row like the words.
 */

/** The row, as JSON, and what it is found by; the position of the batch that changed it last. */
export interface RowDocument extends Stored {
  readonly at: Position;
  readonly row: string;
  readonly scope: string;
  readonly facets: readonly string[];
  readonly terms: { readonly [order: string]: readonly string[] };
  readonly places: { readonly [order: string]: string };
}

/**
 * What stays of a row that was removed, for as long as the build: that it is gone, and since when. Without it the
 * belated write of an earlier batch would bring the row back.
 */
export interface Gone extends Stored {
  readonly at: Position;
  readonly gone: true;
}

/** How many rows of a scope have a facet; `_id` is scope and name. */
export interface TotalDocument extends Stored {
  readonly at: Position;
  readonly count: number;
  readonly sum: number;
}

/** The lengths of the beginnings, in characters, that a word is found by. What is between two is found by the shorter and looked at. */
const BEGINNINGS = [0, 1, 2, 3, 4, 5, 6, 8, 12, 20, 32];

const beginningName = (text: string): string => `b${text}`;

/** The term that rows with words of this beginning have, and whether it says all that the prefix does. */
export const beginningOf = (prefix: string): { readonly name: string; readonly exact: boolean } => {
  const characters = [...prefix];
  const length = BEGINNINGS.findLast((each) => each <= characters.length)!;
  return { name: beginningName(characters.slice(0, length).join('')), exact: length === characters.length };
};

const withBeginnings = (names: ReadonlySet<string>): Set<string> => {
  const all = new Set(names);
  for (const name of names) {
    if (isFacetName(name)) continue;
    const characters = [...name.slice(wordName('').length)];
    for (const length of BEGINNINGS) {
      if (length > characters.length) break;
      all.add(beginningName(characters.slice(0, length).join('')));
    }
  }
  return all;
};

/** Throws TypeError as `indexed`. */
export const rowDocument = (table: Table, key: string, row: Row, at: Position): RowDocument => {
  const found = indexed(table, row);
  return {
    _id: key,
    at,
    row: JSON.stringify(row),
    scope: found.scope,
    facets: [...found.names].filter(isFacetName),
    terms: termsOf(table, found),
    places: Object.fromEntries(orderNames(table).map((order, n) => [order, joined(found.sorts[n]!, key)])),
  };
};

const termsOf = (table: Table, { names }: Indexed): RowDocument['terms'] => {
  const all = [...withBeginnings(names)];
  // Beginnings are listed where words are.
  const lists = (name: string, order: string): boolean => ordersOf(table, name).includes(order);
  return Object.fromEntries(orderNames(table).map((order) => [order, all.filter((name) => lists(name, order))]));
};

export const goneDocument = (key: string, at: Position): Gone => ({ _id: key, at, gone: true });

export const indexName = (order: string): string => `by ${order}`;

export const indexesOf = (table: Table): IndexDescription[] =>
  orderNames(table).map((order) => ({
    name: indexName(order),
    key: { scope: 1, [`terms.${order}`]: 1, [`places.${order}`]: 1 },
  }));

/** What a batch does to the totals. */
export class TotalChanges {
  readonly #changes = new Map<string, { count: number; sum: number }>();

  constructor(private readonly table: Table) {}

  add(before: Row | null, after: Row | null): void {
    if (before) this.#count(before, -1);
    if (after) this.#count(after, 1);
  }

  /** By the id of the total; those that stay as they are left out. */
  get changed(): ReadonlyMap<string, { readonly count: number; readonly sum: number }> {
    return new Map([...this.#changes].filter(([, { count, sum }]) => count !== 0 || sum !== 0));
  }

  #count(row: Row, sign: 1 | -1): void {
    const scope = this.table.scope(row);
    const measure = this.table.measure?.(row) ?? 0;
    for (const name of facetNames(this.table, row)) {
      const id = joined(scope, name);
      const { count, sum } = this.#changes.get(id) ?? { count: 0, sum: 0 };
      this.#changes.set(id, { count: count + sign, sum: sum + sign * measure });
    }
  }
}

/** The id of a facet's total. */
export const totalId = (scope: string, facet: string): string => joined(scope, facetName(facet));
