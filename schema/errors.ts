import { randomUUID } from 'node:crypto';
import { HeaderMap } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';
import { CrmError, type ErrorCode, type ErrorDetails, errorTable } from '../src/errors.js';

/** Where the server writes what its operator should know. A pino logger is one. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What is said to a caller about anything that was thrown. */
export type PresentError = (error: unknown) => GraphQLFormattedError;

export interface PresentingOptions {
  readonly newId?: () => string;
  /** Whether a misspelt name may be answered with those of the schema that are like it. */
  readonly suggestions?: boolean;
}

const SUGGESTION = / Did you mean [^?]*\?/g;

/**
 * Turns what was thrown into what is answered: a code of the table and a sentence without any entered value. What is neither
 * a refusal of ours nor a mistake in the request is answered as INTERNAL with an id, and logged under that id.
 */
export function errorPresenter(logger: Logger, options: PresentingOptions = {}): PresentError {
  const { newId = randomUUID, suggestions = true } = options;
  return (error) => {
    const cause = causeOf(error);
    const path = error instanceof GraphQLError && error.path ? { path: error.path } : {};
    if (cause instanceof CrmError) {
      return { message: cause.message, ...path, extensions: { code: cause.code, ...cause.details } };
    }
    const mistake = error instanceof GraphQLError ? mistakeIn(error) : undefined;
    if (mistake !== undefined) {
      const message = suggestions ? mistake.message : mistake.message.replace(SUGGESTION, '');
      return { ...mistake, message, ...path };
    }
    const id = newId();
    logger.error({ errorId: id, ...path, ...traceOf(cause) }, 'A request failed for a reason of our own.');
    return { message: errorTable.INTERNAL.message, ...path, extensions: { code: 'INTERNAL', id } };
  };
}

/** A refusal of a whole request, for Apollo: answered with the status of its code. */
export function refusal(error: CrmError): GraphQLError {
  const { status } = errorTable[error.code];
  const { retryAfter } = error.details;
  const headers = new HeaderMap(retryAfter === undefined ? [] : [['retry-after', String(retryAfter)]]);
  return new GraphQLError(error.message, { originalError: error, extensions: { http: { status, headers } } });
}

/** What was thrown, whatever it was wrapped in. */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** What went wrong and where, without what people entered as far as it stands in quotes or is an address. */
function traceOf(error: unknown): object {
  if (!(error instanceof Error)) return { thrown: typeof error };
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  const message = unquoted(error.message).replace(/\S+@\S+/g, '…');
  return { error: error.name, reason: message, stack: frames.join('\n') };
}

const unquoted = (text: string): string => text.replace(/(["'`]).*\1/gs, '…');

type Presented = Pick<GraphQLFormattedError, 'message' | 'locations' | 'extensions'>;

/** The answer to a mistake in the request, or nothing where the error is not one. */
function mistakeIn(error: GraphQLError): Presented | undefined {
  switch (error.extensions.code) {
    case 'GRAPHQL_PARSE_FAILED':
      return tooLong(error) ?? located(error, 'GRAPHQL_PARSE_FAILED', unquoted(error.message));
    case 'GRAPHQL_VALIDATION_FAILED':
      return validationMistake(error);
    case 'BAD_USER_INPUT':
      return coded('BAD_USER_INPUT', { field: variableOf(error) });
    case 'OPERATION_RESOLUTION_FAILURE':
      return coded('OPERATION_RESOLUTION_FAILURE');
    case 'BAD_REQUEST':
      return { ...coded('BAD_REQUEST'), message: error.message };
    case 'PERSISTED_QUERY_NOT_SUPPORTED': // clients look for this sentence and then send the whole query
      return { ...coded('BAD_REQUEST'), message: error.message };
    default:
      return argumentMistake(error);
  }
}

/** The parser stops at the limits on tokens and characters, and says so in a sentence only. */
function tooLong({ message }: GraphQLError): Presented | undefined {
  const limit = /^Syntax Error: \w+ contains more tha[nt] (\d+) (?:tokens|UTF-16 code units)\./.exec(message)?.[1];
  return limit === undefined ? undefined : coded('QUERY_TOO_LONG', { limit: Number(limit) });
}

/** Messages of the rules name fields, types and variables, except where a literal does not fit: there they quote it. */
function validationMistake(error: GraphQLError): Presented {
  if (error.message === 'Maximum introspection depth exceeded') return coded('QUERY_TOO_DEEP');
  if (!error.nodes?.some(({ kind }) => LITERALS.has(kind)))
    return located(error, 'GRAPHQL_VALIDATION_FAILED', error.message);
  const type = /^Expected value of type "([\w![\]]+)"|^(\w+) cannot represent/.exec(error.message);
  const expected = type?.[1] ?? type?.[2];
  return located(
    error,
    'GRAPHQL_VALIDATION_FAILED',
    `A literal does not fit${expected ? ` the type ${expected}` : ''}.`,
  );
}

const LITERALS = new Set<string>([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
]);

/** `null` in a variable for an argument that may not be null is found only when the field is answered. */
function argumentMistake(error: GraphQLError): Presented | undefined {
  const thrown = error.originalError ?? error;
  const argument =
    thrown instanceof GraphQLError ? /^Argument "(\w+)" (?:of|has)/.exec(thrown.message)?.[1] : undefined;
  return argument === undefined ? undefined : coded('BAD_USER_INPUT', { field: argument });
}

function variableOf({ nodes }: GraphQLError): string | undefined {
  const node = nodes?.[0];
  return node?.kind === Kind.VARIABLE_DEFINITION ? node.variable.name.value : undefined;
}

const coded = (code: ErrorCode, details: ErrorDetails = {}): Presented => ({
  message: errorTable[code].message,
  extensions: { code, ...details },
});

const located = ({ locations }: GraphQLError, code: ErrorCode, message: string): Presented => ({
  message,
  ...(locations ? { locations } : {}),
  extensions: { code },
});
