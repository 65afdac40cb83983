import { CrmError } from '../errors.js';
import { START } from '../kernel/envelope.js';
import { type Conditions, conditionsOf, counted, isWholeTerm, meets } from './conditions.js';
import { compareText, placeOrder, withinBounds } from './order.js';
import type {
  Build,
  BuildWrite,
  FacetTotal,
  Page,
  PageQuery,
  ProjectionTables,
  ReadStore,
  Row,
  Table,
} from './port.js';
import { facetName, firstOrder, type Indexed, indexed, isFacetName, listOf, orderNames } from './terms.js';

interface Stored {
  readonly row: Row;
  readonly indexed: Indexed;
}

type Rows = ReadonlyMap<string, Stored>;

interface Filling {
  readonly build: Build;
  readonly fence: number;
  /** By the table's name. Replaced as a whole by each write, so that one that fails leaves nothing. */
  readonly tables: ReadonlyMap<string, Rows>;
}

/**
 * A read store in memory that sorts on every question: for folding a single history, and for tests. The same answers
 * as every other engine; nothing outlives it.
 */
export const memoryReadStore = (): ReadStore => new MemoryReadStore();

class MemoryReadStore implements ReadStore {
  readonly #projections = new Map<string, ProjectionTables>();
  #fillings: readonly Filling[] = [];
  #generations = 0;

  async register(projection: ProjectionTables): Promise<void> {
    this.#projections.set(projection.name, projection);
    if (!this.#fillings.some(({ build }) => build.projection === projection.name)) this.#start(projection, true);
  }

  async builds(projection: string): Promise<readonly Build[]> {
    return this.#fillings.map(({ build }) => build).filter((build) => build.projection === projection);
  }

  async startBuild(projection: ProjectionTables): Promise<Build> {
    this.#projections.set(projection.name, projection);
    this.#fillings = this.#fillings.filter(({ build }) => build.projection !== projection.name || build.live);
    return this.#start(projection, false);
  }

  async indexBuild(): Promise<void> {}

  async switchTo({ generation, projection }: Build): Promise<void> {
    const filling = this.#filling(generation);
    const others = this.#fillings.filter((each) => each.build.projection !== projection);
    this.#fillings = [...others, { ...filling, build: { ...filling.build, live: true } }];
  }

  async write(writes: readonly BuildWrite[]): Promise<void> {
    const before = this.#fillings;
    try {
      for (const write of writes) this.#write(write);
    } catch (error) {
      this.#fillings = before;
      throw error;
    }
  }

  async get<R extends Row>(table: Table<R>, key: string, build?: Build): Promise<R | null> {
    return (this.#rows(table, build).get(key)?.row as R | undefined) ?? null;
  }

  async many<R extends Row>(table: Table<R>, keys: readonly string[], build?: Build): Promise<readonly (R | null)[]> {
    const rows = this.#rows(table, build);
    return keys.map((key) => (rows.get(key)?.row as R | undefined) ?? null);
  }

  async withFacet<R extends Row>(table: Table<R>, scope: string, facet: string, build?: Build): Promise<readonly R[]> {
    listOf(anyTable(table), facet);
    const conditions = { names: [facetName(facet)], prefixes: [] };
    const order = firstOrder(anyTable(table));
    const rows = found(anyTable(table), this.#rows(table, build), scope, order, conditions);
    return rows.sort(placeOrder('asc')).map(({ row }) => row as R);
  }

  async withFacets<R extends Row>(
    table: Table<R>,
    scope: string,
    facets: readonly string[],
  ): Promise<readonly (readonly R[])[]> {
    return Promise.all(facets.map((facet) => this.withFacet(table, scope, facet)));
  }

  async page<R extends Row>(table: Table<R>, query: PageQuery): Promise<Page<R>> {
    const conditions = conditionsOf(anyTable(table), query);
    const order = placeOrder(query.direction);
    const all = found(anyTable(table), this.#rows(table), query.scope, query.order, conditions)
      .filter(({ sort }) => withinBounds(sort, query))
      .sort(order);
    const { after, limit, countUpTo } = query;
    const rest = after ? all.filter((each) => order(each, after) > 0) : all;
    const rows = rest.slice(0, limit).map(({ row, sort, key }) => ({ row: row as R, place: { sort, key } }));
    const page = { rows, hasMore: rest.length > limit };
    if (countUpTo === undefined) return page;
    const exact = isWholeTerm(conditions, query);
    return { ...page, total: exact ? { count: all.length, exact } : counted(all.length, countUpTo) };
  }

  async totals(table: Table, scope: string, facetPrefix: string): Promise<readonly FacetTotal[]> {
    const totals = new Map<string, { count: number; sum: number }>();
    for (const { indexed: row } of this.#rows(table).values()) {
      if (row.scope !== scope) continue;
      for (const name of row.names) {
        if (!isFacetName(name) || !name.startsWith(facetName(facetPrefix))) continue;
        const { count, sum } = totals.get(name) ?? { count: 0, sum: 0 };
        totals.set(name, { count: count + 1, sum: sum + row.measure });
      }
    }
    return [...totals]
      .map(([name, total]) => ({ facet: name.slice(facetName('').length), ...total }))
      .sort((a, b) => compareText(a.facet, b.facet));
  }

  async close(): Promise<void> {}

  #start({ name, version, tables }: ProjectionTables, live: boolean): Build {
    const build = { projection: name, version, generation: ++this.#generations, live, checkpoint: START };
    const empty = new Map(tables.map((table) => [table.name, new Map()]));
    this.#fillings = [...this.#fillings, { build, fence: 0, tables: empty }];
    return build;
  }

  #filling(generation: number): Filling {
    const filling = this.#fillings.find(({ build }) => build.generation === generation);
    if (!filling) throw new CrmError('CONFLICT');
    return filling;
  }

  #rows<R extends Row>(table: Table<R>, build?: Build): Rows {
    if (build) return this.#filling(build.generation).tables.get(table.name)!;
    for (const filling of this.#fillings) {
      const rows = filling.tables.get(table.name);
      if (filling.build.live && rows) return rows;
    }
    throw new TypeError(`The table ${table.name} is not registered.`);
  }

  #write({ build: { generation, projection, version }, from, to, rows, fence = 0 }: BuildWrite): void {
    if (this.#projections.get(projection)?.version !== version) {
      throw new Error(`The rows of ${projection} are not those of the build's version ${version}.`);
    }
    const filling = this.#filling(generation);
    if (filling.build.checkpoint !== from || filling.fence > fence) throw new CrmError('CONFLICT');
    const tables = new Map<string, Map<string, Stored>>();
    for (const { table, key, before, after } of rows) {
      const changed = tables.get(table.name) ?? new Map(filling.tables.get(table.name));
      tables.set(table.name, changed);
      if (changed.has(key) !== (before !== null)) {
        throw new Error(`A change of ${table.name} does not start from what is stored.`);
      }
      if (after === null) changed.delete(key);
      else changed.set(key, { row: JSON.parse(JSON.stringify(after)) as Row, indexed: indexed(table, after) });
    }
    const build = { ...filling.build, checkpoint: to };
    const written = { build, fence, tables: new Map([...filling.tables, ...tables]) };
    this.#fillings = this.#fillings.map((each) => (each === filling ? written : each));
  }
}

/** Inside, rows are any JSON: their type is the table's own. */
const anyTable = <R extends Row>(table: Table<R>): Table => table as unknown as Table;

const found = (table: Table, rows: Rows, scope: string, order: string, conditions: Conditions) => {
  const position = orderNames(table).indexOf(order);
  return [...rows]
    .filter(([, { indexed: row }]) => row.scope === scope && meets(row, conditions))
    .map(
      ([
        key,
        {
          row,
          indexed: { sorts },
        },
      ]) => ({ row, key, sort: sorts[position]! }),
    );
};
