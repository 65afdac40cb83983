import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import { type PlannedQuery, planned } from './executor.js';
import { fragmentsOf } from './fragments.js';
import { type Cost, checkCost, checkShape, type Limits } from './limits.js';
import { coercedVariables } from './variables.js';

/** An operation that is valid, and of a shape within the limits. */
export interface Operation {
  /** Its kind and root fields, e.g. `query contacts`. */
  readonly name: string;
  /** Only queries are planned. */
  readonly query: PlannedQuery | undefined;
  /** The variables coerced, and what the operation costs with them. Errors: BAD_USER_INPUT, QUERY_TOO_COSTLY, PAGE_TOO_LARGE. */
  admit(variables: Readonly<Record<string, unknown>> | null | undefined): Admitted;
}

export interface Admitted {
  readonly variables: Record<string, unknown>;
  readonly cost: number;
}

/** The operations seen lately, so that a known one need be neither parsed nor validated nor measured again. */
export interface Operations {
  find(source: string, operationName: string | null | undefined): Operation | undefined;
  /** Takes in an operation of a validated document. Errors: those of `checkShape`. */
  admit(source: string, operationName: string | null | undefined, parsed: ParsedOperation): Operation;
}

export interface ParsedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Documents kept, in characters of all together: a document of 2,000 tokens takes 4,000 characters and some 400 KB. */
const KEPT_CHARACTERS = 500_000;
/** Longer documents have values written into them: they do not come twice. */
const MAX_KEPT_CHARACTERS = 10_000;

/**
 * Whether a document may stay in memory: not where a text or a remark is written in it, which may say something of
 * somebody whose erasure would not reach it here.
 */
export const mayBeKept = (source: string): boolean => source.length <= MAX_KEPT_CHARACTERS && !/["#]/.test(source);

/** The least lately used are dropped first. */
export function createOperations(schema: GraphQLSchema, limits: Limits): Operations {
  const kept = new Map<string, Operation>();
  let characters = 0;
  const keyOf = (source: string, name: string | null | undefined) => `${name ?? ''}\n${source}`;
  const keep = (key: string, operation: Operation) => {
    for (const [oldest] of kept) {
      if (characters + key.length <= KEPT_CHARACTERS) break;
      kept.delete(oldest);
      characters -= oldest.length;
    }
    kept.set(key, operation);
    characters += key.length;
  };
  const find: Operations['find'] = (source, operationName) => {
    const key = keyOf(source, operationName);
    const operation = kept.get(key);
    if (operation === undefined) return undefined;
    kept.delete(key);
    kept.set(key, operation);
    return operation;
  };
  return {
    find,
    admit(source, operationName, parsed) {
      const known = find(source, operationName);
      if (known !== undefined) return known;
      const operation = operationOf(schema, parsed, limits);
      if (mayBeKept(source)) keep(keyOf(source, operationName), operation);
      return operation;
    },
  };
}

function operationOf(schema: GraphQLSchema, { document, operation }: ParsedOperation, limits: Limits): Operation {
  const cost: Cost = checkShape(schema, document, operation, limits);
  const isQuery = operation.operation === OperationTypeNode.QUERY;
  return {
    name: operationName(document, operation),
    query: isQuery ? planned(schema, document, operation) : undefined,
    admit(variables) {
      const coerced = coercedVariables(schema, operation, variables ?? {});
      return { variables: coerced, cost: checkCost(cost, coerced, limits) };
    },
  };
}

/**
 * Names of the schema alone: what a caller has named themselves may hold anything. Each fragment is looked into once:
 * where each spreads the next twice, there are more ways through them than anybody could go.
 */
function operationName(document: DocumentNode, { operation, selectionSet }: OperationDefinitionNode): string {
  const fragments = fragmentsOf(document);
  const names = new Set<string>();
  const spread = new Set<string>();
  const add = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) add(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        add(fragments[selection.name.value]!.selectionSet);
      }
    }
  };
  add(selectionSet);
  return `${operation} ${[...names].sort().join(' ')}`;
}
