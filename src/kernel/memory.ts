/** A map that keeps the entries used last and no more than `limit` of them. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();

  constructor(private readonly limit: number) {}

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.limit) this.#entries.delete(this.#entries.keys().next().value as K);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  /** Answers how many entries there were of those that are meant. */
  deleteWhere(isMeant: (value: V) => boolean): number {
    let deleted = 0;
    for (const [key, value] of this.#entries) {
      if (!isMeant(value)) continue;
      this.#entries.delete(key);
      deleted += 1;
    }
    return deleted;
  }
}

/** Runs what has the same key one after the other, and the rest side by side. */
export class SerialByKey {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const current = before === undefined ? work() : before.then(work, work);
    const settled = current.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return current;
  }
}
