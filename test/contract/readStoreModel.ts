import { START } from '../../src/kernel/envelope.js';
import type {
  Build,
  PageQuery,
  Place,
  ProjectionTables,
  ReadStore,
  Row,
  RowChange,
  Table,
} from '../../src/readstore/port.js';

/** A row that says itself what it is found by. */
export type Person = {
  readonly id: string;
  readonly scope: string;
  readonly facets: readonly string[];
  readonly words: readonly string[];
  readonly name: string;
  readonly at: string;
  readonly amount: number;
  readonly note?: string;
};

export const people: Table = {
  name: 'people',
  key: (row) => row.id,
  scope: (row) => row.scope,
  facets: (row) => row.facets,
  words: (row) => row.words,
  orders: { name: (row) => row.name, at: (row) => row.at },
  measure: (row) => row.amount,
};

/** Words go with every order here. */
export const cards: Table = { ...people, name: 'cards', wordOrders: ['at', 'name'] };

/** No facets, words or measure of its own. */
export const notes: Table = {
  name: 'notes',
  key: (row) => row.id,
  scope: (row) => row.scope,
  orders: { name: (row) => row.name },
};

export const directory: ProjectionTables = { name: 'directory', version: 1, tables: [people, notes] };
export const deck: ProjectionTables = { name: 'deck', version: 1, tables: [cards] };

export const person = (id: string, more: Partial<Person> = {}): Person => ({
  id,
  scope: 'w1',
  facets: [],
  words: [],
  name: id,
  at: '2026',
  amount: 0,
  ...more,
});

/** Writes as a projection does, and remembers by plain means what must then be there. */
export class Writer {
  readonly rows = new Map<string, Row>();
  #batches = 0;

  constructor(
    private readonly store: ReadStore,
    private readonly table: Table,
    public build: Build,
  ) {}

  /** Puts rows, and removes those given by key, in one batch. */
  async write(changes: readonly (Row | string)[]): Promise<void> {
    const rows: RowChange[] = [];
    const now = new Map(this.rows);
    for (const change of changes) {
      const key = typeof change === 'string' ? change : this.table.key(change);
      const before = now.get(key) ?? null;
      const after = typeof change === 'string' ? null : change;
      rows.push({ table: this.table, key, before, after });
      if (after === null) now.delete(key);
      else now.set(key, after);
    }
    const to = String(++this.#batches).padStart(8, '0');
    await this.store.write([{ build: this.build, from: this.build.checkpoint, to, rows }]);
    this.build = { ...this.build, checkpoint: to };
    this.rows.clear();
    for (const [key, row] of now) this.rows.set(key, row);
  }
}

/** A store that knows the projection, and a writer to its live build. */
export const writing = async (store: ReadStore, projection: ProjectionTables, table: Table): Promise<Writer> => {
  await store.register(projection);
  const [build] = await store.builds(projection.name);
  return new Writer(store, table, build!);
};

/** Starts another build. */
export const writingBeside = async (store: ReadStore, projection: ProjectionTables, table: Table): Promise<Writer> => {
  const build = await store.startBuild(projection);
  expect(build).toMatchObject({ projection: projection.name, version: projection.version, live: false });
  expect(build.checkpoint).toBe(START);
  return new Writer(store, table, build);
};

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const comparePlaces = (a: Place, b: Place): number => byBytes(a.sort, b.sort) || byBytes(a.key, b.key);

const hasWord = (words: readonly string[], word: string): boolean =>
  word.endsWith('*') ? words.some((each) => each.startsWith(word.slice(0, -1))) : words.includes(word);

/** Everything that a query finds, in order, whatever its limit. */
export const matches = (rows: Iterable<Row>, table: Table, query: PageQuery): { row: Row; place: Place }[] => {
  const found = [...rows]
    .filter((row) => table.scope(row) === query.scope)
    .filter((row) => (query.facets ?? []).every((facet) => facet === '*' || table.facets?.(row).includes(facet)))
    .filter((row) => (query.words ?? []).every((word) => hasWord(table.words?.(row) ?? [], word)))
    .map((row) => ({ row, place: { sort: table.orders[query.order]!(row), key: table.key(row) } }))
    .filter(({ place }) => query.from === undefined || byBytes(place.sort, query.from) >= 0)
    .filter(({ place }) => query.to === undefined || byBytes(place.sort, query.to) <= 0)
    .sort((a, b) => comparePlaces(a.place, b.place));
  return query.direction === 'asc' ? found : found.reverse();
};

/** The page of what a query finds. */
export const pageOf = (all: readonly { row: Row; place: Place }[], { after, direction, limit }: PageQuery) => {
  const isAfter = (place: Place): boolean =>
    after === undefined || (direction === 'asc' ? comparePlaces(place, after) > 0 : comparePlaces(place, after) < 0);
  const rest = all.filter(({ place }) => isAfter(place));
  return { rows: rest.slice(0, limit), hasMore: rest.length > limit };
};

/** Counts and sums by facet, as the port promises them. */
export const totalsOf = (rows: Iterable<Row>, table: Table, scope: string, prefix: string) => {
  const totals = new Map<string, { facet: string; count: number; sum: number }>();
  for (const row of rows) {
    if (table.scope(row) !== scope) continue;
    for (const facet of new Set(['*', ...(table.facets?.(row) ?? [])])) {
      if (!facet.startsWith(prefix)) continue;
      const { count, sum } = totals.get(facet) ?? { count: 0, sum: 0 };
      totals.set(facet, { facet, count: count + 1, sum: sum + (table.measure?.(row) ?? 0) });
    }
  }
  return [...totals.values()].sort((a, b) => byBytes(a.facet, b.facet));
};
