import { mergePatch } from '../src/kernel/mergePatch.js';
import type { Opened } from '../src/kernel/openEvent.js';
import { ALL, type Build, type ReadStore, type Row, type RowChange, type Table } from '../src/readstore/port.js';
import { goneWith, isWorkspaceErased } from './person.js';
import { type Change, EVERY_EVENT, type Projection } from './projection.js';

/** A row as a batch found it and as it leaves it. */
interface Working {
  readonly before: Row | null;
  after: Row | null;
}

/** What one table becomes in a batch, with the facets of the rows in work, so that a selection sees what is not written yet. */
class TableFold {
  readonly rows = new Map<string, Working>();
  readonly #byFacet = new Map<string, Set<string>>();

  constructor(private readonly table: Table) {}

  load(key: string, before: Row | null): void {
    if (this.rows.has(key)) return;
    this.rows.set(key, { before, after: before });
    if (before !== null) this.#index(key, before);
  }

  set(key: string, after: Row | null): void {
    this.rows.get(key)!.after = after;
    if (after !== null) this.#index(key, after);
  }

  withFacet(scope: string, facet: string): string[] {
    if (facet === ALL) return this.#all(scope);
    const keys = this.#byFacet.get(`${scope} ${facet}`) ?? [];
    return [...keys].filter((key) => {
      const row = this.rows.get(key)!.after;
      return row !== null && this.table.facets?.(row).includes(facet);
    });
  }

  #all(scope: string): string[] {
    return [...this.rows].flatMap(([key, { after }]) =>
      after !== null && this.table.scope(after) === scope ? [key] : [],
    );
  }

  #index(key: string, row: Row): void {
    for (const facet of this.table.facets?.(row) ?? []) {
      const name = `${this.table.scope(row)} ${facet}`;
      const keys = this.#byFacet.get(name);
      if (keys === undefined) this.#byFacet.set(name, new Set([key]));
      else keys.add(key);
    }
  }
}

/** The changes of a projection for one event; with a workspace every row of it goes, whatever the projection. Throws what `apply` throws. */
export const changesOf = (projection: Projection, event: Opened): readonly Change[] => {
  if (isWorkspaceErased(event)) return goneWith(event.workspace, projection.tables);
  const apply = projection.apply[event.type] ?? projection.apply[EVERY_EVENT];
  if (apply === undefined) return [];
  const changes = apply(event);
  return Array.isArray(changes) ? (changes as readonly Change[]) : [changes as Change];
};

const keyOf = (change: Change): string | null => {
  if (change.do === 'put') return change.table.key(change.row);
  return 'key' in change.at ? change.at.key : null;
};

/**
 * Folds a batch of changes into the rows that they leave, reading each row at most once, in one go per table.
 * Rows that end as they were are left out.
 */
export const foldBatch = async (
  changes: readonly Change[],
  store: Pick<ReadStore, 'many' | 'withFacet'>,
  build?: Build,
): Promise<readonly RowChange[]> => {
  const folds = new Map<Table, TableFold>();
  for (const { table } of changes) if (!folds.has(table)) folds.set(table, new TableFold(table));
  await loadRows(changes, folds, store, build);
  for (const change of changes) applyChange(change, folds.get(change.table)!);
  const rows: RowChange[] = [];
  for (const [table, fold] of folds) {
    for (const [key, { before, after }] of fold.rows) if (before !== after) rows.push({ table, key, before, after });
  }
  return rows;
};

const loadRows = async (
  changes: readonly Change[],
  folds: ReadonlyMap<Table, TableFold>,
  store: Pick<ReadStore, 'many' | 'withFacet'>,
  build?: Build,
): Promise<void> => {
  for (const [table, fold] of folds) {
    const keys = new Set<string>();
    const facets = new Map<string, { scope: string; facet: string }>();
    for (const change of changes) {
      if (change.table !== table) continue;
      const key = keyOf(change);
      if (key !== null) keys.add(key);
      else if (change.do !== 'put' && 'facet' in change.at)
        facets.set(`${change.at.scope} ${change.at.facet}`, change.at);
    }
    const wanted = [...keys];
    const found = await store.many(table, wanted, build);
    for (const [index, key] of wanted.entries()) fold.load(key, found[index] ?? null);
    for (const { scope, facet } of facets.values()) {
      for (const row of await store.withFacet(table, scope, facet, build)) fold.load(table.key(row), row);
    }
  }
};

const applyChange = (change: Change, fold: TableFold): void => {
  if (change.do === 'put') {
    fold.set(change.table.key(change.row), withoutNulls(change.row));
    return;
  }
  const keys = 'key' in change.at ? [change.at.key] : fold.withFacet(change.at.scope, change.at.facet);
  for (const key of keys) {
    const row = fold.rows.get(key)?.after ?? null;
    if (row === null) continue;
    fold.set(key, change.do === 'remove' ? null : (mergePatch(row, change.merge) as Row));
  }
};

const withoutNulls = (row: Row): Row => mergePatch({}, row) as Row;
