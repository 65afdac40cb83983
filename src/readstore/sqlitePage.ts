import { type Conditions, conditionsOf, counted, isWholeRange, isWholeTerm, meets } from './conditions.js';
import { mergeSorted } from './merge.js';
import { placeOrder, withinBounds } from './order.js';
import type { Page, PageQuery, Place, Row, Table, Total } from './port.js';
import type { Entry, Range, TableStatements } from './sqliteStatements.js';
import { ABOVE_EVERY_TEXT, BELOW_EVERY_TEXT } from './sqliteTables.js';
import { facetName, firstOrder, indexed, inFirstOrder, listOf } from './terms.js';

/*
 * How a page is found depends on what it has to have:
 *
 * - frequent terms alone: a range scan of the rarest one's postings, the others probed row by row;
 * - a rare term: its few rows, read whole, filtered and put in order in memory;
 * - a prefix: a scan of the first kind for each frequent word that begins so, and one list of the second kind for the
 *   rare ones together, merged. The limits below bound it: a single letter finds what begins so most often rather than
 *   all that does, and the longer the prefix the less is left out. Where the prefix is a word itself that always counts.
 */

/** Frequent words that a prefix stands for at the most, the most frequent ones. */
const MAX_FREQUENT_WORDS = 64;
/** Rare words that a prefix stands for at the most, and rows that these have, the first words by name. */
const MAX_RARE_WORDS = 128;
const MAX_RARE_ROWS = 128;

/** A scan that is merged with others is read in chunks, each larger than the one before. */
const FIRST_CHUNK = 4;
const CHUNK_GROWTH = 4;
const LARGEST_CHUNK = 512;

interface Hit extends Place {
  readonly number: number;
  /** Where it had to be read already. */
  readonly row?: Row;
}

interface Search {
  readonly statements: TableStatements;
  readonly table: Table;
  readonly query: PageQuery;
  readonly conditions: Conditions;
}

/** The rows found, one more than the page holds where there are more, and their total. */
interface Found {
  readonly rows: Page<Row>['rows'];
  readonly total: (upTo: number) => Total;
}

/** Errors: as `conditionsOf`. */
export const readPage = (statements: TableStatements, table: Table, query: PageQuery): Page<Row> => {
  const { rows, total } = find({ statements, table, query, conditions: conditionsOf(table, query) });
  const hasMore = rows.length > query.limit;
  const page = { rows: hasMore ? rows.slice(0, query.limit) : rows, hasMore };
  return query.countUpTo === undefined ? page : { ...page, total: total(query.countUpTo) };
};

/** Every row with the facet, in the table's first order. */
export const readFacet = (statements: TableStatements, table: Table, scope: string, facet: string): readonly Row[] => {
  const order = listOf(table, facet);
  const entry = statements.entry(scope, facetName(facet));
  if (!entry) return [];
  if (entry.term !== null) {
    const rows = statements.by(order).rowsInOrder(entry.term).map(statements.rowByNumber);
    return order === firstOrder(table) ? rows : inFirstOrder(table, rows);
  }
  const numbers = JSON.parse(entry.rows!) as number[];
  return inFirstOrder(table, numbers.map(statements.rowByNumber));
};

const find = (search: Search): Found => {
  const { statements, query, conditions } = search;
  const entries: Entry[] = [];
  for (const name of conditions.names) {
    const entry = statements.entry(query.scope, name);
    if (!entry) return { rows: [], total: () => ({ count: 0, exact: true }) };
    entries.push(entry);
  }
  entries.sort((a, b) => a.count - b.count);
  // Not always the first: a term keeps its postings for a while when it becomes rare.
  const rare = entries.find((entry) => entry.rows !== null);
  if (rare) return findRare(search, rare);
  if (conditions.prefixes.length > 0) return findPrefixed(search, entries);
  return findFrequent(search, entries);
};

const findFrequent = (search: Search, entries: readonly Entry[]): Found => {
  const { statements, query } = search;
  const terms = entries.map((entry) => entry.term!);
  return {
    rows: statements
      .scanRows(terms, rangeOf(query), query.limit + 1)
      .map(([sort, key, number]) => ({ row: statements.rowByNumber(number), place: { sort, key } })),
    total: (upTo) =>
      isWholeTerm(search.conditions, search.query)
        ? { count: entries[0]!.count, exact: true }
        : counted(statements.countRows(terms, wholeRangeOf(query), upTo + 1), upTo),
  };
};

const findRare = (search: Search, entry: Entry): Found => {
  const hits = rareHits(search, JSON.parse(entry.rows!) as number[]);
  return {
    rows: firstOf(search, afterPlace(hits, search.query)),
    total: (upTo) =>
      isWholeTerm(search.conditions, search.query) ? { count: entry.count, exact: true } : counted(hits.length, upTo),
  };
};

const findPrefixed = (search: Search, entries: readonly Entry[]): Found => {
  const { query, conditions } = search;
  // The longest prefix says most; rows are read for the others.
  const [prefix, ...others] = [...conditions.prefixes].sort((a, b) => b.length - a.length);
  const words = wordsWith(search, prefix!);
  const intersections = words.frequent.map((word) =>
    [...entries, word].sort((a, b) => a.count - b.count).map((entry) => entry.term!),
  );
  const rare = rareHits(search, words.rareRows);
  const isUnchecked = others.length > 0;
  return {
    rows: firstOf(
      search,
      mergeSorted(
        [
          afterPlace(rare, query),
          ...intersections.map((terms) => scanned(search, terms, rangeOf(query), FIRST_CHUNK, isUnchecked)),
        ],
        placeOrder(query.direction),
      ),
    ),
    total(upTo) {
      // Without reading any, where one of the words alone has more.
      const isOnly = isWholeRange(query) && conditions.names.length + conditions.prefixes.length === 1;
      if (isOnly && words.frequent.some(({ count }) => count > upTo)) return { count: upTo, exact: false };
      const numbers = new Set(rare.map((hit) => hit.number));
      for (const terms of intersections) {
        for (const hit of scanned(search, terms, wholeRangeOf(query), LARGEST_CHUNK, isUnchecked)) {
          numbers.add(hit.number);
          if (numbers.size > upTo) return { count: upTo, exact: false };
        }
      }
      return counted(numbers.size, upTo);
    },
  };
};

/** What a prefix stands for. The count of a frequent word is a lower bound here. */
const wordsWith = ({ statements, query: { scope } }: Search, prefix: string) => {
  const frequent = new Map<number, { term: number; count: number }>();
  for (const { term, magnitude } of statements.frequentWith(scope, prefix, MAX_FREQUENT_WORDS)) {
    frequent.set(term, { term, count: 2 ** magnitude });
  }
  const exact = statements.entry(scope, prefix);
  if (exact?.term != null) frequent.set(exact.term, { term: exact.term, count: exact.count });
  const rareRows = new Set(exact?.rows != null ? (JSON.parse(exact.rows) as number[]) : []);
  for (const list of statements.rareWith(scope, prefix, MAX_RARE_WORDS)) {
    if (rareRows.size >= MAX_RARE_ROWS) break;
    for (const row of JSON.parse(list) as number[]) rareRows.add(row);
  }
  return { frequent: [...frequent.values()], rareRows };
};

/** Those of the rows of rare terms that meet the conditions within the bounds, in order. */
const rareHits = (search: Search, numbers: Iterable<number>): readonly Hit[] => {
  const { statements, table, query, conditions } = search;
  const sortOf = table.orders[query.order]!;
  // The condition that the rows were found by holds already.
  const isUnchecked = conditions.names.length + conditions.prefixes.length > 1;
  const hits: Hit[] = [];
  for (const number of numbers) {
    const row = statements.rowByNumber(number);
    const sort = sortOf(row);
    if (!withinBounds(sort, query) || (isUnchecked && !meets(indexed(table, row), conditions))) continue;
    hits.push({ sort, key: table.key(row), number, row });
  }
  return hits.sort(placeOrder(query.direction));
};

const afterPlace = (hits: readonly Hit[], { after, direction }: PageQuery): readonly Hit[] => {
  const order = placeOrder(direction);
  return after ? hits.filter((hit) => order(hit, after) > 0) : hits;
};

/** The rows with all the terms, in order, read as far as is asked for; `isUnchecked`: there are conditions besides. */
function* scanned(
  { statements, table, conditions }: Search,
  terms: readonly number[],
  range: Range,
  firstChunk: number,
  isUnchecked: boolean,
): Generator<Hit> {
  let after = range.after;
  for (let size = firstChunk; ; size = Math.min(size * CHUNK_GROWTH, LARGEST_CHUNK)) {
    const chunk = statements.scanRows(terms, { ...range, after }, size);
    for (const [sort, key, number] of chunk) {
      after = { sort, key };
      if (!isUnchecked) yield { sort, key, number };
      else {
        const row = statements.rowByNumber(number);
        if (meets(indexed(table, row), conditions)) yield { sort, key, number, row };
      }
    }
    if (chunk.length < size) return;
  }
}

const firstOf = ({ statements, query }: Search, hits: Iterable<Hit>): Page<Row>['rows'] => {
  const rows: { row: Row; place: Place }[] = [];
  for (const { sort, key, number, row } of hits) {
    rows.push({ row: row ?? statements.rowByNumber(number), place: { sort, key } });
    if (rows.length > query.limit) break;
  }
  return rows;
};

/** The part of the order that the bounds leave. */
const wholeRangeOf = ({ order, direction, from, to }: PageQuery): Range => {
  const low = from ?? BELOW_EVERY_TEXT;
  const high = to ?? ABOVE_EVERY_TEXT;
  return direction === 'asc'
    ? { order, direction, after: { sort: low, key: BELOW_EVERY_TEXT }, last: high }
    : { order, direction, after: { sort: high, key: ABOVE_EVERY_TEXT }, last: low };
};

/** The same, but only what comes after the place asked for. */
const rangeOf = (query: PageQuery): Range => {
  const { after, direction, from, to } = query;
  const range = wholeRangeOf(query);
  if (!after) return range;
  const isWithin = withinBounds(after.sort, direction === 'asc' ? { from } : { to });
  return isWithin ? { ...range, after } : range;
};
