/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/**
 * JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, numbers and strings as ECMAScript
 * writes them, no white space. Members that are `undefined` are left out. Throws TypeError on what JCS excludes:
 * numbers that are not finite and strings with lone surrogates.
 */
export const canonicalJson = (value: unknown): string => {
  if (typeof value === 'string') return canonicalString(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('A number that is not finite has no canonical form.');
    return String(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') return canonicalObject(value as Record<string, unknown>);
  throw new TypeError(`A ${typeof value} has no canonical form.`);
};

/** Printable ASCII without `"` and `\\`: what JSON writes as it stands. Ids, codes and times are all of it. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A string of canonical JSON. Throws TypeError on a lone surrogate. */
export const canonicalString = (text: string): string => {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('A lone surrogate has no canonical form.');
  return JSON.stringify(text);
};

const canonicalObject = (object: Record<string, unknown>): string => {
  let text = '';
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${canonicalString(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
};
