import type { GraphQLError } from 'graphql';
import { CrmError, type ErrorCode } from '../src/errors.js';
import type { AccessRefused } from '../src/identity/access/refusedSignIns.js';
import { causeOf } from './errors.js';

/** Told after the fact; no answer waits for it. */
export type TellRefused<Context> = (context: Context, refused: AccessRefused) => void;

const OF_ACCESS = new Set<ErrorCode>(['FORBIDDEN', 'STEP_UP_REQUIRED']);

const isOfAccess = (cause: unknown): cause is CrmError => cause instanceof CrmError && OF_ACCESS.has(cause.code);

/** Tells of the first refusal of access among the errors of an answer: once a request, however many fields it met. */
export const tellRefused = <Context>(
  tell: TellRefused<Context>,
  context: Context,
  operation: string,
  errors: readonly GraphQLError[] = [],
): void => {
  const refusal = errors.map(causeOf).find(isOfAccess);
  if (refusal !== undefined) tell(context, { code: refusal.code, operation });
};
