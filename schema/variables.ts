import {
  coerceInputValue,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  getVariableValues,
  isInputObjectType,
  isInputType,
  isListType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql';
import { CrmError } from '../src/errors.js';

/**
 * The variables of an operation as graphql-js coerces them. Error: BAD_USER_INPUT with the dotted path of the first value
 * that does not fit, e.g. `input.emails.0.value`, and the type that is expected there; not the value, unlike graphql-js.
 */
export function coercedVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { coerced } = getVariableValues(schema, variableDefinitions, given, { maxErrors: 1 });
  if (coerced !== undefined) return coerced;
  for (const { variable, type: typeNode } of variableDefinitions) {
    const type = typeFromAST(schema, typeNode as never);
    if (!isInputType(type)) continue;
    const misfit = firstMisfit(given[variable.name.value], type);
    if (misfit === undefined) continue;
    const reason = `A value of type ${typeAt(type, misfit)} is expected.`;
    throw new CrmError('BAD_USER_INPUT', { field: [variable.name.value, ...misfit].join('.'), reason });
  }
  throw new CrmError('BAD_USER_INPUT');
}

type InputPath = readonly (string | number)[];

/** Where the value first does not fit the type; in paths stand names of the schema and places in lists only. */
function firstMisfit(value: unknown, type: GraphQLInputType): InputPath | undefined {
  let first: InputPath | undefined;
  coerceInputValue(value, type, (path, _value, { message }) => {
    const missing = /^Field "(\w+)" of required type/.exec(message)?.[1];
    first ??= missing === undefined ? path : [...path, missing];
  });
  return first;
}

function typeAt(type: GraphQLInputType, [segment, ...rest]: InputPath): GraphQLInputType {
  const inner = getNullableType(type);
  if (segment === undefined) return type;
  if (isListType(inner)) return typeAt(inner.ofType, typeof segment === 'number' ? rest : [segment, ...rest]);
  const field = isInputObjectType(inner) ? inner.getFields()[segment] : undefined;
  return field === undefined ? type : typeAt(field.type, rest);
}
