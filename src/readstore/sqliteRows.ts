import type { Row, RowChange, Table } from './port.js';
import type { TableStatements } from './sqliteStatements.js';

/** What becomes of one row over a whole batch, and the number it has in the store. */
export interface NetChange {
  readonly key: string;
  readonly row: number;
  readonly before: Row | null;
  readonly after: Row | null;
}

/**
 * Writes the rows of a batch themselves. Answers one change a row: many events of a batch often concern the same one.
 * Throws where `before` is not what is stored, which is a bug of the writer's.
 */
export const writeRows = (
  statements: TableStatements,
  table: Table,
  changes: readonly RowChange[],
): readonly NetChange[] => {
  const net = new Map<string, { before: Row | null; after: Row | null }>();
  for (const { key, before, after } of changes) {
    const earlier = net.get(key);
    if (earlier) earlier.after = after;
    else net.set(key, { before, after });
  }
  const written: NetChange[] = [];
  for (const [key, { before, after }] of net) {
    if (before === null && after === null) continue;
    const row = writeRow(statements, key, before, after);
    if (row === undefined) throw new Error(`A change of ${table.name} does not start from what is stored.`);
    written.push({ key, row, before, after });
  }
  return written;
};

const writeRow = (
  statements: TableStatements,
  key: string,
  before: Row | null,
  after: Row | null,
): number | undefined => {
  if (after === null) return statements.deleteRow(key);
  const doc = JSON.stringify(after);
  return before === null ? statements.insertRow(key, doc) : statements.updateRow(key, doc);
};
