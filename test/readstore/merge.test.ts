import fc from 'fast-check';
import { mergeSorted } from '../../src/readstore/merge.js';

const ascending = (a: number, b: number): number => a - b;
const sequences = fc.array(fc.uniqueArray(fc.nat(40)).map((numbers) => numbers.sort(ascending)));

test('sorted sequences become one, in which each value comes once', () => {
  fc.assert(
    fc.property(sequences, (sorted) => {
      const expected = [...new Set(sorted.flat())].sort(ascending);
      expect([...mergeSorted(sorted, ascending)]).toEqual(expected);
    }),
  );
});

test('each is read only as far as the result is', () => {
  const read: number[] = [];
  function* numbers(from: number): Generator<number> {
    for (let n = from; ; n += 2) {
      read.push(n);
      yield n;
    }
  }
  const first: number[] = [];
  for (const n of mergeSorted([numbers(0), numbers(1)], ascending)) if (first.push(n) === 4) break;
  expect(first).toEqual([0, 1, 2, 3]);
  expect(Math.max(...read)).toBeLessThanOrEqual(5);
});
