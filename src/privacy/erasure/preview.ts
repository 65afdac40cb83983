import type { EventRegistry } from '../../kernel/event.js';
import type { Anonymisation, Anonymising, Category, RetentionClass } from '../../kernel/personal.js';

/** A field that a person has, and what would become of it. */
export interface PreviewField {
  /** As events have it, with its part where strategies differ by part: `work.department`. */
  readonly name: string;
  readonly category: Category;
  readonly class: RetentionClass;
  /** What an anonymisation would leave of it. */
  readonly anonymise: Anonymisation;
}

/** The personal fields among a record's values, by the declarations of the events that they came in. Pure. */
export const previewFields = (
  values: { readonly [field: string]: unknown },
  types: ReadonlySet<string>,
  definitions: EventRegistry,
): readonly PreviewField[] => {
  const found = new Map<string, PreviewField>();
  for (const type of types) {
    for (const [field, definition] of Object.entries(definitions.find(type)?.fields ?? {})) {
      if (definition.kind !== 'personal' || values[field] === undefined) continue;
      const { category, class: retentionClass, anonymise } = definition;
      for (const [name, strategy] of strategiesIn(field, values[field], anonymise)) {
        found.set(name, { name, category, class: retentionClass, anonymise: strategy });
      }
    }
  }
  return [...found.values()];
};

const strategiesIn = (field: string, value: unknown, anonymise: Anonymising): readonly [string, Anonymisation][] => {
  if (typeof anonymise === 'string') return [[field, anonymise]];
  return Object.keys(value as object).map((part) => [`${field}.${part}`, anonymise[part] ?? 'remove']);
};
