import type { GeneratorValue } from 'fast-check';
import * as fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredInputField,
  type OperationTypeNode,
} from 'graphql';

/** A query in the GraphQL language and the variables to run it with; not always valid. */
export interface GeneratedQuery {
  readonly source: string;
  readonly variables: Record<string, unknown>;
}

export interface Wanted {
  readonly operation?: 'query' | 'mutation' | 'subscription';
  /** A value for a leaf of this type, at an argument or field of this name; otherwise one of a few. */
  readonly leaf?: (typeName: string, name: string) => unknown;
  /** Whether an input object always has the fields that it must have. */
  readonly complete?: boolean;
  /** Levels of fields below the first; 4 unless given. */
  readonly levels?: number;
}

interface Writing extends Wanted {
  readonly schema: GraphQLSchema;
  readonly pick: GeneratorValue;
  readonly variables: Record<string, unknown>;
  readonly declarations: string[];
  readonly fragments: string[];
  count: number;
}

const chance = ({ pick }: Writing, percent: number): boolean => pick(fc.nat, { max: 99 }) < percent;
const oneOf = <T>({ pick }: Writing, values: readonly T[]): T => values[pick(fc.nat, { max: values.length - 1 })]!;
const times = ({ pick }: Writing, max: number): number => pick(fc.nat, { max });

/** Writes an operation over all of the schema: aliases, arguments, fragments, directives, and variables present, null and left out. */
export function generatedQuery(schema: GraphQLSchema, pick: GeneratorValue, wanted: Wanted = {}): GeneratedQuery {
  const { operation = 'query', levels = 4 } = wanted;
  const writing: Writing = { ...wanted, schema, pick, variables: {}, declarations: [], fragments: [], count: 0 };
  const selection = selectionSet(writing, schema.getRootType(operation as OperationTypeNode)!, levels);
  const declared = writing.declarations.length > 0 ? `(${writing.declarations.join(', ')})` : '';
  const source = [`${operation} Q${declared} ${selection}`, ...writing.fragments].join('\n');
  return { source, variables: writing.variables };
}

function selectionSet(writing: Writing, type: GraphQLCompositeType, depth: number): string {
  const selections = Array.from({ length: 1 + times(writing, 4) }, () => selection(writing, type, depth));
  return `{ ${selections.join(' ')} }`;
}

function selection(writing: Writing, type: GraphQLCompositeType, depth: number): string {
  const kind = times(writing, 19);
  if (kind === 0) return `${aliased(writing, '__typename')}${directive(writing)}`;
  if (depth > 0 && (kind <= 3 || (isAbstractType(type) && kind <= 12))) return fragment(writing, type, depth);
  const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
  const usable = depth > 0 ? fields : fields.filter((field) => !isCompositeType(getNamedType(field.type)));
  return usable.length === 0 ? '__typename' : field(writing, oneOf(writing, usable), depth);
}

function field(writing: Writing, definition: GraphQLField<unknown, unknown>, depth: number): string {
  const type = getNamedType(definition.type);
  const name = definition.args.length > 0 || chance(writing, 40) ? aliased(writing, definition.name) : definition.name;
  const nested = isCompositeType(type) ? ` ${selectionSet(writing, type, depth - 1)}` : '';
  return `${name}${argumentsOf(writing, definition.args)}${directive(writing)}${nested}`;
}

const aliased = (writing: Writing, name: string): string =>
  chance(writing, 2) ? `__proto__: ${name}` : `a${writing.count++}: ${name}`;

function fragment(writing: Writing, type: GraphQLCompositeType, depth: number): string {
  const related = Object.values(writing.schema.getTypeMap()).filter(
    (other): other is GraphQLCompositeType =>
      isCompositeType(other) &&
      (other === type ||
        (isAbstractType(type) && isObjectType(other) && writing.schema.isSubType(type, other)) ||
        (isAbstractType(other) && isObjectType(type) && writing.schema.isSubType(other, type))),
  );
  const condition = oneOf(writing, related);
  const body = selectionSet(writing, condition, depth - 1);
  if (chance(writing, 50)) return `... on ${condition.name}${directive(writing)} ${body}`;
  const name = `F${writing.count++}`;
  writing.fragments.push(`fragment ${name} on ${condition.name} ${body}`);
  return chance(writing, 20) ? `...${name} ...${name}${directive(writing)}` : `...${name}${directive(writing)}`;
}

function directive(writing: Writing): string {
  if (!chance(writing, 10)) return '';
  const name = oneOf(writing, ['skip', 'include']);
  if (chance(writing, 40)) return ` @${name}(if: ${chance(writing, 50)})`;
  const variable = `b${writing.count++}`;
  writing.declarations.push(
    chance(writing, 60) ? `$${variable}: Boolean!` : `$${variable}: Boolean = ${chance(writing, 50)}`,
  );
  if (writing.declarations.at(-1)!.endsWith('!') || chance(writing, 50))
    writing.variables[variable] = chance(writing, 50);
  return ` @${name}(if: $${variable})`;
}

function argumentsOf(writing: Writing, args: readonly GraphQLArgument[]): string {
  const given = args.filter(
    (arg) => (isNonNullType(arg.type) && arg.defaultValue === undefined) || chance(writing, 35),
  );
  return given.length === 0
    ? ''
    : `(${given.map((arg) => `${arg.name}: ${literal(writing, arg.type, 3, arg.name)}`).join(', ')})`;
}

function literal(writing: Writing, type: GraphQLInputType, depth: number, name: string): string {
  if (chance(writing, 25)) return variable(writing, type, depth, name);
  const inner = getNullableType(type);
  if (!isNonNullType(type) && chance(writing, 8)) return 'null';
  if (isListType(inner)) {
    if (chance(writing, 20)) return literal(writing, inner.ofType, depth, name);
    return `[${Array.from({ length: times(writing, 3) }, () => literal(writing, inner.ofType, depth, name)).join(', ')}]`;
  }
  if (isInputObjectType(inner)) {
    const fields = Object.values(inner.getFields()).filter((each) => isGiven(writing, each, depth));
    return `{${fields.map((each) => `${each.name}: ${literal(writing, each.type, depth - 1, each.name)}`).join(', ')}}`;
  }
  if (isEnumType(inner)) return oneOf(writing, inner.getValues()).name;
  return JSON.stringify(leaf(writing, inner.name, name));
}

/** Whether a field of an input object is filled in. */
const isGiven = (writing: Writing, field: GraphQLInputField, depth: number): boolean =>
  (writing.complete === true && isRequiredInputField(field)) || (depth > 0 && chance(writing, 40));

function variable(writing: Writing, type: GraphQLInputType, depth: number, of: string): string {
  const name = `v${writing.count++}`;
  const how = times(writing, 9);
  const nullable = getNullableType(type);
  if (how < 5) writing.declarations.push(`$${name}: ${type}`);
  else if (how < 8) writing.declarations.push(`$${name}: ${nullable} = ${withoutVariables(writing, nullable)}`);
  else writing.declarations.push(`$${name}: ${nullable}!`);
  const must = writing.declarations.at(-1)!.endsWith('!');
  if (must || chance(writing, 60))
    writing.variables[name] = !must && chance(writing, 15) ? null : value(writing, nullable, depth, of);
  return `$${name}`;
}

function withoutVariables(writing: Writing, type: GraphQLInputType): string {
  const inner = getNullableType(type);
  if (isListType(inner)) return `[${withoutVariables(writing, inner.ofType)}]`;
  if (isInputObjectType(inner)) return '{name: "default"}';
  if (isEnumType(inner)) return oneOf(writing, inner.getValues()).name;
  return JSON.stringify(leaf(writing, inner.name, ''));
}

function value(writing: Writing, type: GraphQLInputType, depth: number, name: string): unknown {
  const inner = getNullableType(type);
  if (!isNonNullType(type) && chance(writing, 8)) return null;
  if (isListType(inner)) {
    if (chance(writing, 20)) return value(writing, inner.ofType, depth, name);
    return Array.from({ length: times(writing, 3) }, () => value(writing, inner.ofType, depth, name));
  }
  if (isInputObjectType(inner)) {
    const fields = Object.values(inner.getFields()).filter((each) => isGiven(writing, each, depth));
    return Object.fromEntries(fields.map((each) => [each.name, value(writing, each.type, depth - 1, each.name)]));
  }
  if (isEnumType(inner)) return oneOf(writing, inner.getValues()).name;
  return leaf(writing, inner.name, name);
}

function leaf(writing: Writing, typeName: string, name: string): unknown {
  const { pick } = writing;
  if (writing.leaf !== undefined) return writing.leaf(typeName, name);
  switch (typeName) {
    case 'Int':
      return pick(fc.integer, { min: -5, max: 60 });
    case 'Float':
      return oneOf(writing, [0, 1.5, -0.25, 1e21]);
    case 'Boolean':
      return chance(writing, 50);
    case 'When':
      return oneOf(writing, ['2026-01-01T00:00:00.000Z', '1999-12-31T23:59:59.999Z']);
    case 'Any':
      return oneOf<unknown>(writing, ['free', 12, true]);
    default:
      return oneOf(writing, ['none', '7', 'Zoë "🦊"', '', '__MAGIC_NAN__57f286b9_4c20_487f_b409_79804ddcb4f8']);
  }
}
