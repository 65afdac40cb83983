import type { GeneratorValue } from 'fast-check';
import * as fc from 'fast-check';

/** Random numbers that a seed repeats (mulberry32): fast, and good enough to choose with. */
export interface Random {
  /** From 0 up to, and without, `end`. */
  below(end: number): number;
  chance(percent: number): boolean;
  oneOf<T>(values: readonly T[]): T;
  /** What the generator of documents draws from, in place of fast-check's own. */
  readonly pick: GeneratorValue;
}

export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number) => Math.floor(next() * end);
  const pick = (arbitrary: unknown, { min = 0, max }: { min?: number; max: number }) => {
    if (arbitrary !== fc.nat && arbitrary !== fc.integer) throw new TypeError('Only numbers are drawn here.');
    return min + below(max - min + 1);
  };
  return {
    below,
    chance: (percent) => below(100) < percent,
    oneOf: (values) => values[below(values.length)]!,
    pick: pick as unknown as GeneratorValue,
  };
};
