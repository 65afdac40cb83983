import {
  type FieldNode,
  type GraphQLIsTypeOfFn,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields.js';
import type { Category } from '../src/kernel/personal.js';
import { type AccessContext, allowed } from './access.js';
import { categorySet, type Reads } from './reads.js';

/** Whose data an object of a type holds, and what its fields show of them. */
export interface Reading<T> {
  /** The subject's id. */
  readonly subject: (object: T) => string;
  /** Left out: the workspace of the request. */
  readonly controller?: (object: T) => string;
  /** Categories by field. A field that is not named shows nothing personal. */
  readonly fields: { readonly [field: string]: readonly Category[] };
  /** Where it hangs on the object: what a field shows of this one. */
  readonly shown?: { readonly [field: string]: (object: T) => readonly Category[] };
}

/** What noting needs of a request's context. */
export interface ReadingContext extends AccessContext {
  readonly reads: Reads;
  readonly workspace: string;
}

/** Notes down that an object is in the answer. */
export type Note = (object: unknown, context: unknown) => void;

type Extended = { readonly extensions: Readonly<Record<string, unknown>> };
const readingOf = ({ extensions }: Extended) => extensions.reading as Reading<unknown> | undefined;

/**
 * Sees to it that every object with personal data in it is noted when it is completed, by either lane: the planned one
 * asks `noteFor` beforehand; graphql-js asks an object whether it is of its type, and is told on that occasion.
 * Error: TypeError for a type or field that there is not.
 */
export function noteReads(schema: GraphQLSchema, readings: { readonly [type: string]: Reading<never> }): GraphQLSchema {
  for (const [name, reading] of Object.entries(readings)) {
    const type = schema.getType(name);
    if (!isObjectType(type)) throw new TypeError(`There is no type ${name}.`);
    for (const field of Object.keys({ ...reading.fields, ...reading.shown })) {
      if (type.getFields()[field] === undefined) throw new TypeError(`There is no field ${name}.${field}.`);
    }
    type.extensions = { ...type.extensions, reading };
    type.isTypeOf = noting(type);
  }
  return schema;
}

/** What `isTypeOf` is there for; the one that only notes asks for no type. */
export const typeCheckOf = (type: GraphQLObjectType): GraphQLIsTypeOfFn<unknown, unknown> | null | undefined =>
  readingOf(type) === undefined ? type.isTypeOf : undefined;

/** How an object of which these fields are selected is noted; nothing where they show nothing personal. */
export function noteFor(type: GraphQLObjectType, selected: Iterable<string>): Note | undefined {
  const reading = readingOf(type);
  if (reading === undefined) return undefined;
  const { subject, controller, fields, shown = {} } = reading;
  const names = [...selected];
  const fixed = categorySet(names.flatMap((name) => fields[name] ?? []));
  const looked = names.flatMap((name) => shown[name] ?? []);
  if (fixed.length === 0 && looked.length === 0) return undefined;
  return (object, context) => {
    const reading = context as ReadingContext;
    const categories = looked.length === 0 ? fixed : categorySet([...fixed, ...looked.flatMap((look) => look(object))]);
    if (categories.length === 0) return;
    const keptFor = controller === undefined ? reading.workspace : controller(object);
    reading.reads.note(categories, subject(object), keptFor);
  };
}

/** Under graphql-js one selection is one array of nodes for as long as the request lasts. Fields that are refused are not read. */
function noting(type: GraphQLObjectType): GraphQLIsTypeOfFn<unknown, ReadingContext> {
  const notes = new WeakMap<readonly FieldNode[], { readonly note: Note | undefined }>();
  const noteOf = (info: GraphQLResolveInfo, context: ReadingContext): Note | undefined => {
    const { schema, fragments, variableValues, fieldNodes } = info;
    const selected = collectSubfields(schema, fragments, variableValues, type, fieldNodes);
    const names = [...selected.values()].map(([node]) => node!.name.value);
    return noteFor(
      type,
      names.filter((name) => isPermitted(type, name, context)),
    );
  };
  return (object, context, info) => {
    const found = notes.get(info.fieldNodes) ?? { note: noteOf(info, context) };
    notes.set(info.fieldNodes, found);
    found.note?.(object, context);
    return true;
  };
}

const isPermitted = (type: GraphQLObjectType, name: string, context: ReadingContext): boolean => {
  const field = type.getFields()[name];
  const permission = field && allowed(field);
  return permission === undefined || context.can(permission);
};
