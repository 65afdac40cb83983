import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

export type OperationKind = 'query' | 'mutation' | 'subscription';

export interface RootField {
  readonly kind: OperationKind;
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
}

/** Every query, mutation and subscription of a schema, by kind and name. */
export const rootFields = (schema: GraphQLSchema): RootField[] => {
  const roots: [OperationKind, GraphQLObjectType | null | undefined][] = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ];
  return roots.flatMap(([kind, type]) =>
    Object.entries(type?.getFields() ?? {})
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, field]) => ({ kind, name, field })),
  );
};

const SCALARS: { readonly [name: string]: () => unknown } = {
  ID: () => crypto.randomUUID(),
  String: () => 'x',
  Int: () => 2,
  Float: () => 2,
  Boolean: () => true,
  Date: () => '2026-01-01',
  DateTime: () => '2026-01-01T00:00:00.000Z',
};

/** A value of a type: what has to be given, as small as it can be. Ids are such that nobody has. */
export const sampleOf = (type: GraphQLInputType): unknown => {
  if (isNonNullType(type)) return sampleOf(type.ofType);
  if (isListType(type)) return [sampleOf(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) return samplesOf(Object.values(type.getFields()));
  return SCALARS[type.name]?.() ?? {};
};

type Asked = Pick<GraphQLArgument, 'name' | 'type' | 'defaultValue'>;

export const samplesOf = (fields: readonly Asked[]): { [name: string]: unknown } =>
  Object.fromEntries(
    fields
      .filter(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)
      .map(({ name, type }) => [name, sampleOf(type)]),
  );

/** The document of one operation with these of its arguments as variables, selecting as little as tells one answer from another. */
export const documentOf = ({ kind, name, field }: RootField, given: object): string => {
  const taken = field.args.filter((each) => Object.hasOwn(given, each.name));
  const variables = taken.map((each) => `$${each.name}: ${each.type}`).join(', ');
  const args = taken.map((each) => `${each.name}: $${each.name}`).join(', ');
  const call = taken.length === 0 ? name : `${name}(${args})`;
  const head = taken.length === 0 ? kind : `${kind} (${variables})`;
  return `${head} { ${call} ${selectionOf(field)} }`;
};

export const selectionOf = ({ type }: GraphQLField<unknown, unknown>): string => {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  const fields = isObjectType(named) ? named.getFields() : {};
  if (fields.nodes !== undefined) return '{ nodes { id } }';
  return fields.id === undefined ? '{ __typename }' : '{ id }';
};
