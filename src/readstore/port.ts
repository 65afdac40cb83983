import type { Position } from '../kernel/envelope.js';

/** A row of a read model: a JSON object. An absent member is "none"; `null` does not occur. */
// biome-ignore lint/suspicious/noExplicitAny: rows are typed by their tables; the store itself takes any JSON
export type Row = { readonly [field: string]: any };

/**
 * A table of a read model, declared by its projection as pure functions of a row, so that every engine derives the
 * same indexes. All orders of all facets can be paged through; nothing else can.
 */
export interface Table<R extends Row = Row> {
  /** Unique among all projections. */
  readonly name: string;
  /** Unique within the table, and never personal. */
  readonly key: (row: R) => string;
  /** The workspace: no query sees past it. */
  readonly scope: (row: R) => string;
  /** Codes a list can be filtered by, e.g. `tag:vip`. A row without facets is found by key and under `ALL` alone. */
  readonly facets?: (row: R) => readonly string[];
  /** Search tokens (`projections/tokens.ts`). */
  readonly words?: (row: R) => readonly string[];
  /** Sort keys by name, compared as UTF-8 bytes; ties are broken by the key. At least one. */
  readonly orders: { readonly [order: string]: (row: R) => string };
  /** Orders that search words can be combined with; default: the first order alone. Facets go with every order. */
  readonly wordOrders?: readonly string[];
  /**
   * The orders that a facet can be listed in; default: all. In none, its rows are counted and summed, but not listed,
   * which is all that a facet for totals needs. Of the orders that nobody asks for nothing is kept.
   */
  readonly listedIn?: (facet: string) => readonly string[] | undefined;
  /** An integer that is summed up per facet, e.g. a deal's value in minor units. */
  readonly measure?: (row: R) => number;
}

/** The facet that every row has: the whole table within a scope. */
export const ALL = '*';

export interface PageQuery {
  readonly scope: string;
  readonly order: string;
  readonly direction: 'asc' | 'desc';
  /** Facets that a row must all have; none: `ALL`. */
  readonly facets?: readonly string[];
  /** Words that a row must all have; one that ends in `*` stands for every word that begins so. */
  readonly words?: readonly string[];
  /** Rows after this place, in the direction asked for. */
  readonly after?: Place;
  /** Only sort keys from and to these, inclusive. */
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  /** Also count what matches; exactly up to this many. */
  readonly countUpTo?: number;
}

/** Where a row stands in an order. */
export interface Place {
  readonly sort: string;
  readonly key: string;
}

export interface Page<R> {
  readonly rows: readonly { readonly row: R; readonly place: Place }[];
  readonly hasMore: boolean;
  /** Where it was asked for. */
  readonly total?: Total;
}

export interface Total {
  readonly count: number;
  /** False where there are more than were counted. */
  readonly exact: boolean;
}

/** How many rows have a facet, and the sum of their measure. */
export interface FacetTotal {
  readonly facet: string;
  readonly count: number;
  readonly sum: number;
}

/** A projection as the store has to know it. */
export interface ProjectionTables {
  readonly name: string;
  /** Raised when the rows' shape or the tables change: the store then builds anew. */
  readonly version: number;
  readonly tables: readonly Table[];
}

/** One filling of a projection's tables. While it is built beside the live one, readers see the live one. */
export interface Build {
  readonly projection: string;
  readonly version: number;
  readonly generation: number;
  readonly live: boolean;
  readonly checkpoint: Position;
}

/** What becomes of one row. `before` is what the writer has read; the store derives the index changes from both. */
export interface RowChange {
  readonly table: Table;
  readonly key: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** One batch of one build: its rows and its checkpoint, from and to, in one step. */
export interface BuildWrite {
  readonly build: Build;
  readonly from: Position;
  readonly to: Position;
  readonly rows: readonly RowChange[];
  /**
   * Where several processes share the store: the writer's lease, numbered. Once a build was written to under a higher
   * one, it is refused. A batch from a checkpoint to itself, without rows, shuts out the holders of before.
   */
  readonly fence?: number;
}

/**
 * Where read models are kept: derived, and rebuilt at will. Every adapter passes `test/contract/readStore.ts`.
 * Queries see the live build of a table unless they name another.
 */
export interface ReadStore {
  /** Makes the projection known; starts its first build where it has none, which is live at once. */
  register(projection: ProjectionTables): Promise<void>;
  /** Every build, live or not, of a projection that is registered. */
  builds(projection: string): Promise<readonly Build[]>;
  /** Starts a build beside the live one, from the start; one that was under way is dropped. */
  startBuild(projection: ProjectionTables): Promise<Build>;
  /**
   * Makes ready what a build needs to be read, which is not kept up while it is being filled; from then on it is. To be
   * called when little is left to read: `switchTo` does it where it was not done, but what happened meanwhile is then
   * missing for a moment. Only one at a time, by the one who fills it.
   */
  indexBuild(build: Build): Promise<void>;
  /** Makes a build the live one and drops the other, in one step. */
  switchTo(build: Build): Promise<void>;

  /**
   * Writes all or nothing. Error: CONFLICT where a checkpoint is not at `from` (somebody else has written: the batch
   * has to be made anew) or a higher fence has written, STORAGE_FULL, STORE_FAILED.
   */
  write(writes: readonly BuildWrite[]): Promise<void>;

  get<R extends Row>(table: Table<R>, key: string, build?: Build): Promise<R | null>;
  /** In the order of the keys. */
  many<R extends Row>(table: Table<R>, keys: readonly string[], build?: Build): Promise<readonly (R | null)[]>;
  /** Every row with the facet, in the table's first order. For facets with few rows. */
  withFacet<R extends Row>(table: Table<R>, scope: string, facet: string, build?: Build): Promise<readonly R[]>;
  /** The same for many facets in one go, in their order. */
  withFacets<R extends Row>(
    table: Table<R>,
    scope: string,
    facets: readonly string[],
  ): Promise<readonly (readonly R[])[]>;
  /** Errors: none for what is not there; CrmError BAD_USER_INPUT for an order that the table does not declare. */
  page<R extends Row>(table: Table<R>, query: PageQuery): Promise<Page<R>>;
  /** Totals of every facet that begins with the prefix, by facet. */
  totals(table: Table, scope: string, facetPrefix: string): Promise<readonly FacetTotal[]>;
  close(): Promise<void>;
}
