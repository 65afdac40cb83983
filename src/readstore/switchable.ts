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

/**
 * A read store whose place another can take while it is in use. Readers are never without one: what is asked before is
 * answered by the old one, what is asked after by the new.
 */
export class SwitchableReadStore implements ReadStore {
  #held: Promise<void> | undefined;
  readonly #writing = new Set<Promise<unknown>>();

  constructor(private store: ReadStore) {}

  /** Lets the writes under way come to their end; those that follow wait until the answer is called. */
  async hold(): Promise<() => void> {
    if (this.#held !== undefined) throw new Error('The read store is held already.');
    let letGo: () => void = () => undefined;
    this.#held = new Promise((resolve) => {
      letGo = () => {
        this.#held = undefined;
        resolve();
      };
    });
    await Promise.allSettled(this.#writing);
    return letGo;
  }

  /** While it is held. Answers the store that was, to be closed in a later turn of the event loop. */
  replaceBy(store: ReadStore): ReadStore {
    if (this.#held === undefined) throw new Error('A read store has to be held to be replaced.');
    const before = this.store;
    this.store = store;
    return before;
  }

  register(projection: ProjectionTables): Promise<void> {
    return this.#write(() => this.store.register(projection));
  }

  builds(projection: string): Promise<readonly Build[]> {
    return this.store.builds(projection);
  }

  startBuild(projection: ProjectionTables): Promise<Build> {
    return this.#write(() => this.store.startBuild(projection));
  }

  indexBuild(build: Build): Promise<void> {
    return this.#write(() => this.store.indexBuild(build));
  }

  switchTo(build: Build): Promise<void> {
    return this.#write(() => this.store.switchTo(build));
  }

  write(writes: readonly BuildWrite[]): Promise<void> {
    return this.#write(() => this.store.write(writes));
  }

  get<R extends Row>(table: Table<R>, key: string, build?: Build): Promise<R | null> {
    return this.store.get(table, key, build);
  }

  many<R extends Row>(table: Table<R>, keys: readonly string[], build?: Build): Promise<readonly (R | null)[]> {
    return this.store.many(table, keys, build);
  }

  withFacet<R extends Row>(table: Table<R>, scope: string, facet: string, build?: Build): Promise<readonly R[]> {
    return this.store.withFacet(table, scope, facet, build);
  }

  withFacets<R extends Row>(
    table: Table<R>,
    scope: string,
    facets: readonly string[],
  ): Promise<readonly (readonly R[])[]> {
    return this.store.withFacets(table, scope, facets);
  }

  page<R extends Row>(table: Table<R>, query: PageQuery): Promise<Page<R>> {
    return this.store.page(table, query);
  }

  totals(table: Table, scope: string, facetPrefix: string): Promise<readonly FacetTotal[]> {
    return this.store.totals(table, scope, facetPrefix);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#writing);
    await this.store.close();
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    // Again, because another may have taken hold of it in the turn in which this one was let go.
    while (this.#held !== undefined) await this.#held;
    const writing = work();
    this.#writing.add(writing);
    try {
      return await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }
}
