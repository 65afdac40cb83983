import { type GraphQLSchema, getOperationAST, OperationTypeNode, parse, validate } from 'graphql';
import { CrmError } from '../src/errors.js';
import type { Limits } from './limits.js';

/**
 * Refuses what Apollo's lane would take for a fault of its own: a subscription, which it would run once and find without a
 * value; and a document whose subscription hangs on a variable at its root, where a rule of graphql-js throws
 * (SingleFieldSubscriptionsRule of 16.15). Documents without that word are not looked at. Errors: BAD_REQUEST,
 * GRAPHQL_VALIDATION_FAILED.
 */
export function assertAnswerableOverHttp(sent: unknown, schema: GraphQLSchema, limits: Limits): void {
  const { query, operationName } = (sent ?? {}) as { query?: unknown; operationName?: unknown };
  if (typeof query !== 'string' || !query.includes('subscription')) return;
  const document = parsed(query, limits);
  if (document === undefined) return;
  const named = typeof operationName === 'string' && operationName !== '' ? operationName : undefined;
  if (getOperationAST(document, named)?.operation === OperationTypeNode.SUBSCRIPTION) {
    throw new CrmError('BAD_REQUEST', { reason: 'Subscriptions are answered over WebSocket.' });
  }
  try {
    validate(schema, document);
  } catch {
    throw new CrmError('GRAPHQL_VALIDATION_FAILED');
  }
}

/** Nothing where it is no GraphQL, or too long: Apollo's lane says so. */
function parsed(query: string, { tokens, documentCharacters }: Limits) {
  try {
    return parse(query, { maxTokens: tokens, maxSourceLength: documentCharacters });
  } catch {
    return undefined;
  }
}
