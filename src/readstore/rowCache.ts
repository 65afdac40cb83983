import type { Row } from './port.js';

interface CachedRow {
  readonly key: string;
  readonly row: Row;
  readonly characters: number;
  /** The spell in which it was read last. */
  spell: number;
}

/**
 * Rows of one table that were read lately, parsed: the decrypted page and the document in it need not be gone through
 * again. Whoever writes a row drops it here first, in the same turn, so that what was erased is not in memory either.
 */
export class TableRows {
  readonly #rows = new Map<number, CachedRow>();
  readonly #numbers = new Map<string, number>();
  /** Rows that were read once and are not kept yet: in this spell, and in the one before. */
  #once = new Set<number>();
  #onceBefore = new Set<number>();

  constructor(private readonly cache: RowCache) {}

  get(number: number): Row | undefined {
    const cached = this.#rows.get(number);
    if (cached === undefined) return undefined;
    this.#touch(cached);
    return cached.row;
  }

  byKey(key: string): Row | undefined {
    const number = this.#numbers.get(key);
    return number === undefined ? undefined : this.get(number);
  }

  /** Keeps a row that was read before lately; of others it takes note. */
  put(number: number, key: string, row: Row, characters: number): void {
    if (!this.#once.delete(number) && !this.#onceBefore.delete(number)) {
      this.#once.add(number);
      this.cache.used(characters);
      return;
    }
    const cached = { key, row, characters, spell: -1 };
    this.#rows.set(number, cached);
    this.#numbers.set(key, number);
    this.#touch(cached);
  }

  drop(number: number): void {
    const cached = this.#rows.get(number);
    if (cached === undefined) return;
    this.#rows.delete(number);
    this.#numbers.delete(cached.key);
  }

  clear(): void {
    this.#rows.clear();
    this.#numbers.clear();
    this.#once.clear();
    this.#onceBefore.clear();
  }

  /** Drops what was not read since that spell began. */
  dropBefore(spell: number): void {
    [this.#once, this.#onceBefore] = [new Set(), this.#once];
    for (const [number, cached] of this.#rows) if (cached.spell < spell) this.drop(number);
  }

  #touch(cached: CachedRow): void {
    if (cached.spell === this.cache.spell) return;
    cached.spell = this.cache.spell;
    this.cache.used(cached.characters);
  }
}

/**
 * The rows of all tables of a store within one bound. Time is divided into spells, in each of which rows of so many
 * characters are read; a row that was read neither in this spell nor in the one before is dropped. So a hit costs a
 * comparison, and no list has to be kept in order. A row is kept from its second reading on: lists of more rows than
 * there is room for, each seen once, would fill the memory with what nobody asks for again, and the collector would be
 * busy with it.
 */
export class RowCache {
  readonly #tables = new Set<TableRows>();
  #characters = 0;
  spell = 0;

  /** `characters`: of JSON, of a spell's rows together; twice as many are kept at the most. */
  constructor(private readonly characters: number) {}

  table(): TableRows {
    const rows = new TableRows(this);
    this.#tables.add(rows);
    return rows;
  }

  /** For a table that is no longer read. */
  forget(rows: TableRows): void {
    rows.clear();
    this.#tables.delete(rows);
  }

  clear(): void {
    for (const rows of this.#tables) rows.clear();
    this.#characters = 0;
  }

  used(characters: number): void {
    this.#characters += characters;
    if (this.#characters <= this.characters) return;
    this.#characters = 0;
    this.spell++;
    for (const rows of this.#tables) rows.dropBefore(this.spell - 1);
  }
}
