/*
 * Several texts in one, in the order that MongoDB gives to texts where no collation is asked for: that of their UTF-8
 * bytes, which is by code point (https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/#strings).
 */

/** A zero that is part of a text is told apart from those that end it, and stands above them. */
const escaped = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\0\u0001') : text);

/** Two texts as one. Joined pairs stand in the order of their first texts, and of their second ones where those are equal. */
export const joined = (first: string, second: string): string => startOf(first) + second;

/** What every pair begins with that has this first text; none with a lesser first text reaches it. */
export const startOf = (first: string): string => `${escaped(first)}\0\0`;

/** Above every pair with this first text, and with a lesser one; below every other. */
export const endOf = (first: string): string => `${escaped(first)}\0\u0001`;

/** The first of two joined texts, where the second is known. */
export const firstOf = (pair: string, second: string): string =>
  pair.slice(0, pair.length - second.length - 2).replaceAll('\0\u0001', '\0');

const LAST = 0x10ffff;
const SURROGATES = { first: 0xd800, after: 0xe000 };

/** The least text above every one that begins so. The prefix has a character that is not the highest of all. */
export const afterPrefix = (prefix: string): string => {
  const points = [...prefix].map((character) => character.codePointAt(0)!);
  while (points.at(-1) === LAST) points.pop();
  const next = points.pop()! + 1;
  return String.fromCodePoint(...points, next === SURROGATES.first ? SURROGATES.after : next);
};
