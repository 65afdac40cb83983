import type { Finder } from './find.js';

/** What stands where a person was named. Short, so that a text stays within what its field takes. */
const REDACTED = '[…]';

const redactedText = (text: string, find: Finder): string => {
  let done = 0;
  let kept = '';
  for (const { from, to } of find(text)) {
    kept += text.slice(done, from) + REDACTED;
    done = to;
  }
  return kept + text.slice(done);
};

/** A name that none of the fields has yet. */
const freeName = (name: string, taken: { readonly [name: string]: unknown }): string => {
  let free = name;
  for (let count = 2; Object.hasOwn(taken, free); count++) free = `${name} ${count}`;
  return free;
};

/**
 * A change of a field (a merge patch, RFC 7396) by which it no longer mentions the person; `undefined` where it does not.
 * @param value a text, a list of texts, or free fields by name
 */
export const redaction = (value: unknown, find: Finder): unknown => {
  if (typeof value === 'string') return find(value).length === 0 ? undefined : redactedText(value, find);
  if (Array.isArray(value)) {
    const texts = value as readonly string[];
    return texts.some((text) => find(text).length > 0) ? texts.map((text) => redactedText(text, find)) : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as { readonly [name: string]: string };
  const changed: { [name: string]: string | null } = {};
  for (const [name, text] of Object.entries(fields)) {
    const plainName = redactedText(name, find);
    const plain = redactedText(text, find);
    if (plainName === name && plain === text) continue;
    if (plainName !== name) changed[name] = null;
    changed[plainName === name ? name : freeName(plainName, { ...fields, ...changed })] = plain;
  }
  return Object.keys(changed).length === 0 ? undefined : changed;
};
