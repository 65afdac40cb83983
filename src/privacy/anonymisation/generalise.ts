import type { Anonymisation, Anonymising } from '../../kernel/personal.js';

/** Stands for a text where equal texts have to stay equal. `path` keeps equal texts of different fields apart. */
export type Pseudonym = (path: string, text: string) => string;

/** What is left of a person's fields, by field, in the form that its strategy leaves. */
export type Kept = { readonly [field: string]: unknown };

/** Which strategy was carried out on which field, e.g. `work.companyName`. */
export type Strategies = { readonly [path: string]: Anonymisation };

/** Of somebody with more addresses than this the first ones are kept: many places single a person out. */
const MAX_PLACES = 3;

/** What the strategy leaves of a value; `undefined` where nothing is left. Pure. */
export const generalise = (value: unknown, strategy: Anonymisation, path: string, pseudonym: Pseudonym): unknown => {
  switch (strategy) {
    case 'remove':
      return undefined;
    case 'keep':
      return value;
    case 'year':
      return typeof value === 'string' ? /^\d{4}/.exec(value)?.[0] : undefined;
    case 'region':
      return Array.isArray(value) ? placesIn(value) : undefined;
    case 'pseudonym':
      return typeof value === 'string' ? pseudonym(path, value.normalize('NFKC').trim().toLowerCase()) : undefined;
  }
};

/** Region and country, each place once. */
const placesIn = (addresses: readonly unknown[]): unknown => {
  const places = new Map<string, object>();
  for (const address of addresses) {
    const { region, country } = address as { region?: string; country?: string };
    const place = { ...named('region', region), ...named('country', country) };
    const compared = JSON.stringify(place).toLowerCase();
    if (Object.keys(place).length > 0 && !places.has(compared)) places.set(compared, place);
  }
  return places.size === 0 ? undefined : [...places.values()].slice(0, MAX_PLACES);
};

const named = (part: string, text: string | undefined): object => {
  const trimmed = text?.trim();
  return trimmed ? { [part]: trimmed } : {};
};

/** Carries out the strategies declared for each field. `values` as a fold of the person's events has them. */
export const anonymised = (
  values: { readonly [field: string]: unknown },
  declared: ReadonlyMap<string, Anonymising>,
  pseudonym: Pseudonym,
): { readonly kept: Kept; readonly strategies: Strategies } => {
  const kept: Record<string, unknown> = {};
  const strategies: Record<string, Anonymisation> = {};
  for (const [field, value] of Object.entries(values)) {
    const anonymising = declared.get(field) ?? 'remove';
    if (typeof anonymising === 'string') {
      strategies[field] = anonymising;
      const left = generalise(value, anonymising, field, pseudonym);
      if (left !== undefined) kept[field] = left;
      continue;
    }
    const parts: Record<string, unknown> = {};
    for (const [part, partValue] of Object.entries(value as object)) {
      const path = `${field}.${part}`;
      const strategy = Object.hasOwn(anonymising, part) ? anonymising[part]! : 'remove';
      strategies[path] = strategy;
      const left = generalise(partValue, strategy, path, pseudonym);
      if (left !== undefined) parts[part] = left;
    }
    if (Object.keys(parts).length > 0) kept[field] = parts;
  }
  return { kept, strategies };
};
