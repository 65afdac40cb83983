import type { Row, Table } from './port.js';
import type { TermChange } from './sqliteIndex.js';
import type { NetChange } from './sqliteRows.js';
import type { TableStatements } from './sqliteStatements.js';
import { facetName, facetNames, inFirstOrder, listOf, ordersOf } from './terms.js';

/*
 * A build that is being filled has no index yet: nobody pages through it, most rows change several times before it has
 * caught up, and a posting here and there touches a page each. It keeps its rows, and for the writer's own look-ups by
 * facet a hash of each facet beside the row's number. The index is then made from the rows in large sorted pieces:
 * measured at 300,000 rows, less than half of the time, and the less the more rows there are.
 */

/** Rows read in one go to be indexed. */
export const READ_ROWS = 500;
/** Rows indexed in one go: the more, the fewer pages each of them touches; all of them are held in memory. */
export const INDEX_ROWS = 5_000;
/** Changes of the index in one transaction, so that another connection does not wait long for its turn. */
const INDEX_CHANGES = 2_000;

/** Keeps the look-ups by facet of a batch whose rows are written. */
export const writeLookups = (statements: TableStatements, table: Table, changes: readonly NetChange[]): void => {
  for (const { row, before, after } of changes) {
    const old = lookupsOf(table, before);
    const now = lookupsOf(table, after);
    for (const hash of old) if (!now.has(hash)) statements.lookups.remove(hash, row);
    for (const hash of now) if (!old.has(hash)) statements.lookups.add(hash, row);
  }
};

/** Every row of a build being filled with the facet, in the table's first order. */
export const lookUp = (statements: TableStatements, table: Table, scope: string, facet: string): readonly Row[] => {
  listOf(table, facet);
  const name = facetName(facet);
  const rows = statements.lookups
    .rowsOf(hashOf(scope, name))
    .map((number) => JSON.parse(statements.docByRow(number)) as Row)
    .filter((row) => table.scope(row) === scope && facetNames(table, row).has(name));
  return inFirstOrder(table, rows);
};

const lookupsOf = (table: Table, row: Row | null): ReadonlySet<number> => {
  const hashes = new Set<number>();
  if (row === null) return hashes;
  const scope = table.scope(row);
  for (const name of facetNames(table, row)) {
    if (ordersOf(table, name).length > 0) hashes.add(hashOf(scope, name));
  }
  return hashes;
};

/** 53 bits, mixed as MurmurHash3 does in two lanes. What it finds is compared, so that two may have the same. */
const hashOf = (scope: string, name: string): number => {
  const text = `${scope} ${name}`;
  let low = 0x9747b28c;
  let high = 0x3c6ef372;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x85ebca6b);
    high = Math.imul(high ^ unit, 0xc2b2ae35);
  }
  low = Math.imul(low ^ (low >>> 16), 0xc2b2ae35) ^ (high >>> 13);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ (low >>> 13);
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
};

/** What becomes of the index, in pieces of one transaction each. */
export function* piecesOf(terms: Iterable<TermChange>): Generator<readonly TermChange[]> {
  let piece: TermChange[] = [];
  let size = 0;
  for (const term of terms) {
    for (let from = 0; from < term.changes.length; from += INDEX_CHANGES) {
      const changes = term.changes.slice(from, from + INDEX_CHANGES);
      piece.push({ ...term, changes });
      size += changes.length;
      if (size < INDEX_CHANGES) continue;
      yield piece;
      piece = [];
      size = 0;
    }
  }
  if (piece.length > 0) yield piece;
}
