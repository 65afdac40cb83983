import type { PageQuery, Place } from './port.js';

/**
 * Compares two texts as their UTF-8 bytes compare, which is by code point and what every engine does. JavaScript's `<`
 * goes by UTF-16 code unit and puts the supplementary planes before U+E000.
 */
export const compareText = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
};

const codePointRank = (unit: number): number => {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
};

/** Sorts places in the direction asked for; the key breaks ties. */
export const placeOrder = (direction: 'asc' | 'desc'): ((a: Place, b: Place) => number) => {
  const ascending = (a: Place, b: Place): number => compareText(a.sort, b.sort) || compareText(a.key, b.key);
  return direction === 'asc' ? ascending : (a, b) => ascending(b, a);
};

export const withinBounds = (sort: string, { from, to }: Pick<PageQuery, 'from' | 'to'>): boolean =>
  (from === undefined || compareText(sort, from) >= 0) && (to === undefined || compareText(sort, to) <= 0);
