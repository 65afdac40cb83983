import { CrmError } from '../errors.js';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/**
 * JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, numbers and strings as ECMAScript
 * writes them, no white space. Members that are `undefined` are left out. What JCS excludes: numbers that are
 * not finite (throws TypeError) and strings with lone surrogates (error BAD_USER_INPUT).
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

/** A string of canonical JSON. Error: BAD_USER_INPUT for a lone surrogate, which only a caller can have brought. */
export const canonicalString = (text: string): string => {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new CrmError('BAD_USER_INPUT', { reason: 'No lone surrogates.' });
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
