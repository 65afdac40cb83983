import {
  defaultFieldResolver,
  defaultTypeResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { getFieldDef } from 'graphql/execution/execute.js';
import { leafText } from './leafText.js';
import { noteFor, typeCheckOf } from './reading.js';
import { link, type Rope, type Text } from './rope.js';
import { isPromise, type Run, Step } from './run.js';

/** What a plan is made from. `variables` are coerced; of them only those in `@skip` and `@include` matter to the plan. */
export interface PlanSource {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly variables: Record<string, unknown>;
}

/** Answers an operation's root object. Throws wherever graphql-js would report an error: then the plan is not used. */
export type Plan = (run: Run) => Text;

type Info = GraphQLResolveInfo;
/** Turns what a resolver gave into JSON text. `info` is the field's, as graphql-js hands it to `resolveType`. */
type Complete = (value: unknown, run: Run, path: Step | undefined, info: Info | undefined) => Text;
/** `label` is the text before the value: a comma where one is due, the response key and a colon. */
interface PlannedField {
  readonly label: string;
  readonly answer: (source: unknown, run: Run, path: Step | undefined) => Text;
}
interface FieldFacts {
  readonly key: string;
  readonly nodes: readonly FieldNode[];
  readonly definition: GraphQLField<unknown, unknown>;
  readonly parent: GraphQLObjectType;
}

/**
 * What graphql-js works out again for every object of every request, worked out once: which fields are selected, in which
 * order, their definitions and how their values become text. Selection and arguments are graphql-js's own functions,
 * so fragments, merged fields, `@skip`, `@include`, defaults and literals mean what they mean there.
 */
export function planQuery(source: PlanSource): Plan {
  const root = source.schema.getQueryType()!;
  const { schema, fragments, variables, operation } = source;
  const selected = collectFields(schema, fragments, variables, root, operation.selectionSet);
  const fields = planFields(source, root, selected);
  return (run) => objectText(fields, undefined, run, undefined);
}

function planFields(
  source: PlanSource,
  parent: GraphQLObjectType,
  selected: Map<string, readonly FieldNode[]>,
): PlannedField[] {
  return [...selected].map(([key, nodes], index) => {
    const definition = getFieldDef(source.schema, parent, nodes[0]!)!;
    const label = `${index === 0 ? '' : ','}${JSON.stringify(key)}:`;
    if (definition.name === '__typename') {
      const typename = JSON.stringify(parent.name);
      return { label, answer: () => typename };
    }
    const facts = { key, nodes, definition, parent };
    const complete = completion(source, definition.type, facts, false);
    const answer = definition.resolve
      ? resolved(source, facts, complete, definition.resolve)
      : property(source, facts, complete);
    return { label, answer };
  });
}

/** A field with a resolver. Arguments are made anew for each call, as graphql-js does, since resolvers may keep them. */
function resolved(
  source: PlanSource,
  facts: FieldFacts,
  complete: Complete,
  resolve: GraphQLFieldResolver<unknown, unknown>,
): PlannedField['answer'] {
  const { key, nodes, definition, parent } = facts;
  const takesArguments = definition.args.length > 0;
  return (object, run, previous) => {
    const path = new Step(previous, key, parent.name);
    const info = resolveInfo(source, facts, run, path);
    const args = takesArguments ? getArgumentValues(definition, nodes[0]!, run.variables) : {};
    const value = resolve(object, args, run.context, info);
    return isPromise(value) ? run.later(value, complete, path, info) : complete(value, run, path, info);
  };
}

/** A field that is a property of its object, the default of graphql-js: a method is called, a promise is awaited. */
function property(source: PlanSource, facts: FieldFacts, complete: Complete): PlannedField['answer'] {
  const { key, definition, parent } = facts;
  const { name } = definition;
  const called = resolved(source, facts, complete, defaultFieldResolver);
  const type = getNamedType(definition.type);
  const leaf = isLeafType(type);
  const asksForType = isAbstractType(type) || (isObjectType(type) && typeCheckOf(type) != null);
  return (object, run, previous) => {
    const value = (object as Record<string, unknown>)[name];
    if (typeof value === 'function') return called(object, run, previous);
    const path = leaf ? undefined : new Step(previous, key, parent.name);
    const info = asksForType ? resolveInfo(source, facts, run, path!) : undefined;
    return isPromise(value) ? run.later(value, complete, path, info) : complete(value, run, path, info);
  };
}

function resolveInfo(source: PlanSource, facts: FieldFacts, run: Run, path: Step): Info {
  return {
    fieldName: facts.definition.name,
    fieldNodes: facts.nodes,
    returnType: facts.definition.type,
    parentType: facts.parent,
    path,
    schema: source.schema,
    fragments: source.fragments,
    rootValue: undefined,
    operation: source.operation,
    variableValues: run.variables,
  };
}

function completion(source: PlanSource, type: GraphQLOutputType, facts: FieldFacts, required: boolean): Complete {
  if (isNonNullType(type)) return completion(source, type.ofType, facts, true);
  const complete = completionOfPresent(source, type, facts);
  return (value, run, path, info) => {
    if (value !== null && value !== undefined) return complete(value, run, path, info);
    if (required) throw new TypeError('A field that may not be null has no value.');
    return 'null';
  };
}

function completionOfPresent(source: PlanSource, type: GraphQLOutputType, facts: FieldFacts): Complete {
  if (isLeafType(type)) {
    const text = leafText(type);
    return (value) => text(notError(value));
  }
  if (isListType(type))
    return listCompletion(completion(source, type.ofType, facts, false), isLeafType(getNamedType(type)));
  if (isObjectType(type)) return objectCompletion(source, type, facts);
  return abstractCompletion(source, type as GraphQLAbstractType, facts);
}

function listCompletion(complete: Complete, leaves: boolean): Complete {
  return (value, run, path, info) => {
    let text = '[';
    let head: Rope | undefined;
    let tail: Rope | undefined;
    let index = 0;
    for (const item of iterable(value)) {
      if (index > 0) text += ',';
      const itemPath = leaves ? undefined : new Step(path, index, undefined);
      const part = isPromise(item) ? run.later(item, complete, itemPath, info) : complete(item, run, itemPath, info);
      index += 1;
      if (typeof part === 'string') text += part;
      else {
        tail = link(tail, text, part);
        head ??= tail;
        text = '';
      }
    }
    if (head === undefined) return `${text}]`;
    link(tail, `${text}]`, undefined);
    return head;
  };
}

function objectCompletion(source: PlanSource, type: GraphQLObjectType, facts: FieldFacts): Complete {
  const { schema, fragments, variables } = source;
  const selected = collectSubfields(schema, fragments, variables, type, facts.nodes);
  const fields = planFields(source, type, selected);
  const isTypeOf = typeCheckOf(type);
  const note = noteFor(
    type,
    [...selected.values()].map(([node]) => node!.name.value),
  );
  if (note !== undefined) {
    return (value, run, path) => {
      const object = objectOf(value);
      note(object, run.context);
      return objectText(fields, object, run, path);
    };
  }
  if (!isTypeOf) return (value, run, path) => objectText(fields, objectOf(value), run, path);
  return (value, run, path, info) => {
    const belongs = isTypeOf(notError(value), run.context, info!);
    const text = (yes: unknown): Text => objectText(fields, yes ? objectOf(value) : refuse(), run, path);
    return isPromise(belongs) ? run.later(belongs, text, path, info) : text(belongs);
  };
}

/** The concrete type is asked of the value; what its selection comes to is planned when the type is first met. */
function abstractCompletion(source: PlanSource, type: GraphQLAbstractType, facts: FieldFacts): Complete {
  const planned = new Map<unknown, Complete>();
  const completionFor = (name: unknown): Complete => {
    const known = planned.get(name);
    if (known !== undefined) return known;
    const concrete = typeof name === 'string' ? source.schema.getType(name) : undefined;
    if (!isObjectType(concrete) || !source.schema.isSubType(type, concrete)) return refuse();
    const complete = objectCompletion(source, concrete, facts);
    planned.set(name, complete);
    return complete;
  };
  const resolveType = type.resolveType ?? defaultTypeResolver;
  return (value, run, path, info) => {
    const name = resolveType(notError(value), run.context, info!, type);
    const text = (answer: unknown): Text => completionFor(answer)(value, run, path, info);
    return isPromise(name) ? run.later(name, text, path, info) : text(name);
  };
}

function objectText(fields: readonly PlannedField[], object: unknown, run: Run, path: Step | undefined): Text {
  let text = '{';
  let head: Rope | undefined;
  let tail: Rope | undefined;
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index]!;
    const part = field.answer(object, run, path);
    if (typeof part === 'string') text += field.label + part;
    else {
      tail = link(tail, text + field.label, part);
      head ??= tail;
      text = '';
    }
  }
  if (head === undefined) return `${text}}`;
  link(tail, `${text}}`, undefined);
  return head;
}

/** graphql-js reads properties of objects and functions only, and treats a returned error as thrown. */
function objectOf(value: unknown): unknown {
  return (typeof value === 'object' || typeof value === 'function') && notError(value) ? value : refuse();
}

function notError<T>(value: T): T {
  return typeof value === 'object' && value instanceof Error ? refuse() : value;
}

function iterable(value: unknown): Iterable<unknown> {
  const iterates = typeof value === 'object' && typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function';
  return iterates && notError(value) ? (value as Iterable<unknown>) : refuse();
}

function refuse(): never {
  throw new TypeError('The value is not one that a plan can answer with.');
}
