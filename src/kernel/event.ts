import type { z } from 'zod';
import { CrmError } from '../errors.js';
import type { StoredEvent } from './envelope.js';
import type {
  Anonymising,
  Category,
  OpenFields,
  Personal,
  RetentionClass,
  SealedField,
  SealedFields,
} from './personal.js';
import { validate } from './validate.js';

/** A field whose values are codes, amounts, business dates or ids: stored readable, for ever. */
export interface OpenField<T> {
  readonly kind: 'open';
  readonly schema: z.ZodType<T>;
}

/** A field that people fill in: sealed under the subject's key of its retention class. */
export interface PersonalField<T> {
  readonly kind: 'personal';
  readonly schema: z.ZodType<T>;
  readonly category: Category;
  readonly class: RetentionClass;
  /** What an anonymisation leaves of it. */
  readonly anonymise: Anonymising;
}

/** Whose keys seal the personal fields beside it: the id of a person, or of a record that has keys of its own. */
export interface SubjectField {
  readonly kind: 'subject';
}

// biome-ignore lint/suspicious/noExplicitAny: a field of any type
export type Field = OpenField<any> | PersonalField<any> | SubjectField;
export type Fields = { readonly subject: SubjectField; readonly [name: string]: Field };

export const open = <T>(schema: z.ZodType<T>): OpenField<T> => ({ kind: 'open', schema });

export const personal = <T>(
  schema: z.ZodType<T>,
  category: Category,
  retentionClass: RetentionClass = 'profile',
  anonymise: Anonymising = 'remove',
): PersonalField<T> => ({ kind: 'personal', schema, category, class: retentionClass, anonymise });

export const subject = (): SubjectField => ({ kind: 'subject' });

/** What an older version of an event becomes in the next. Pure. Sealed fields pass through untouched: their names and the event's are part of what was authenticated. */
export type Upcaster = (old: { open: OpenFields; sealed: SealedFields }) => { open: OpenFields; sealed: SealedFields };

export interface EventOptions {
  /** By the version that it starts from. */
  readonly upcasters?: { readonly [version: number]: Upcaster };
  /** True for what is recorded about a subject after the fence is up; such an event has no personal fields. */
  readonly afterErasure?: boolean;
}

export interface EventDefinition<F extends Fields = Fields> extends EventOptions {
  readonly version: number;
  readonly fields: F;
}

// biome-ignore lint/suspicious/noExplicitAny: definitions of any fields
export type EventDefinitions = { readonly [type: string]: EventDefinition<any> };

export const event = <F extends Fields>(
  version: number,
  fields: F,
  options: EventOptions = {},
): EventDefinition<F> => ({
  version,
  fields,
  ...options,
});

/** The events of one slice. Their names are stored for ever and never follow a renaming in the code. */
export const defineEvents = <D extends EventDefinitions>(definitions: D): D => definitions;

type OptionalNames<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];
type WithOptionals<T> = { readonly [K in Exclude<keyof T, OptionalNames<T>>]: T[K] } & {
  readonly [K in OptionalNames<T>]?: T[K];
};
type Values<F extends Fields, View extends 'new' | 'folded' | 'opened'> = WithOptionals<{
  -readonly [K in keyof F]: F[K] extends SubjectField
    ? string
    : F[K] extends PersonalField<infer T>
      ? View extends 'new'
        ? T
        : View extends 'folded'
          ? undefined extends T
            ? SealedField | undefined
            : SealedField
          : Personal<T>
      : F[K] extends OpenField<infer T>
        ? T
        : never;
}>;
type FieldsOf<D> = D extends EventDefinition<infer F> ? F : never;

/** An event as a decider makes it: personal values in clear, about to be sealed. */
export type NewEvent<D extends EventDefinitions> = {
  [K in keyof D & string]: { readonly type: K; readonly data: Values<FieldsOf<D[K]>, 'new'> };
}[keyof D & string];

type Recorded = Pick<
  StoredEvent,
  'id' | 'stream' | 'revision' | 'position' | 'recordedAt' | 'workspace' | 'controller' | 'subject' | 'actor'
>;

/** An event as a decider folds it: personal values as sealed handles. */
export type FoldedEvent<D extends EventDefinitions> = {
  [K in keyof D & string]: Recorded & { readonly type: K; readonly data: Values<FieldsOf<D[K]>, 'folded'> };
}[keyof D & string];

/** An event as a projection sees it: personal values opened, or `Erased`. */
export type OpenedEvent<D extends EventDefinitions> = {
  [K in keyof D & string]: Recorded & { readonly type: K; readonly data: Values<FieldsOf<D[K]>, 'opened'> };
}[keyof D & string];

/** The opened event of one type. */
export type OpenedEventOf<D extends EventDefinitions, K extends keyof D & string> = Extract<
  OpenedEvent<D>,
  { type: K }
>;

/** Checks the values of a new event against its definition. A failure names the field and never the value. */
export const checkData = (
  type: string,
  definition: EventDefinition,
  data: Record<string, unknown>,
): Record<string, unknown> => {
  const checked: Record<string, unknown> = {};
  for (const name of Object.keys(data)) {
    if (!Object.hasOwn(definition.fields, name)) throw new TypeError(`${type} has no field ${name}.`);
  }
  for (const [name, field] of Object.entries(definition.fields)) {
    const value = data[name];
    if (field.kind === 'subject') {
      if (typeof value !== 'string' || value === '') throw new TypeError(`${type} names no subject.`);
      continue;
    }
    const fitting = validate(value, field.schema, name);
    if (fitting !== undefined) checked[name] = fitting;
  }
  return checked;
};

export const foldedEvent = <D extends EventDefinitions>(stored: StoredEvent): FoldedEvent<D> =>
  ({
    id: stored.id,
    stream: stored.stream,
    revision: stored.revision,
    position: stored.position,
    recordedAt: stored.recordedAt,
    workspace: stored.workspace,
    controller: stored.controller,
    subject: stored.subject,
    actor: stored.actor,
    type: stored.type,
    data: { ...stored.open, ...stored.sealed, subject: stored.subject },
  }) as unknown as FoldedEvent<D>;

/** Every event that the product knows, by its stored name. */
export class EventRegistry {
  readonly #definitions = new Map<string, EventDefinition>();

  constructor(...slices: readonly EventDefinitions[]) {
    for (const slice of slices) {
      for (const [type, definition] of Object.entries(slice)) {
        if (this.#definitions.has(type)) throw new TypeError(`Two slices define ${type}.`);
        this.#definitions.set(type, definition);
      }
    }
  }

  get types(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  find(type: string): EventDefinition | undefined {
    return this.#definitions.get(type);
  }

  /**
   * Brings a stored event to the newest version of its definition; what is stored stays as it is.
   * Errors: CORRUPT_EVENT; NEWER_VERSION where it is of a version that is not known here.
   */
  upcast(event: StoredEvent): StoredEvent {
    const definition = this.#definitions.get(event.type);
    if (definition === undefined || event.schemaVersion === definition.version) return event;
    if (event.schemaVersion > definition.version) throw new CrmError('NEWER_VERSION', { position: event.position });
    let current: Pick<StoredEvent, 'open' | 'sealed'> = event;
    for (let version = event.schemaVersion; version < definition.version; version++) {
      const upcaster = definition.upcasters?.[version];
      if (upcaster === undefined) throw new CrmError('CORRUPT_EVENT', { position: event.position });
      current = upcaster(current);
    }
    return { ...event, ...current, schemaVersion: definition.version };
  }
}
