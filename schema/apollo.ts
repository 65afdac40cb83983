import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import { CrmError, errorTable } from '../src/errors.js';
import { createDocuments } from './documents.js';
import { type Logger, type PresentError, refusal } from './errors.js';
import type { Limits } from './limits.js';
import type { Operation, Operations } from './operations.js';
import type { Meter } from './rates.js';
import type { ReadRecorder } from './reads.js';
import { type TellRefused, tellRefused } from './refusals.js';

export interface ApolloOptions<Context> {
  readonly schema: GraphQLSchema;
  readonly operations: Operations;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly present: PresentError;
  readonly meter: Meter;
  readonly reads: ReadRecorder<Context>;
  readonly refused: TellRefused<Context>;
  readonly introspection: boolean;
}

/**
 * Apollo Server as this product runs it: nothing leaves the machine, nothing is cached, no batches, no persisted queries,
 * no stack traces; every operation is admitted against the limits between validation and execution.
 */
export async function startApollo<Context extends BaseContext>(
  options: ApolloOptions<Context>,
): Promise<ApolloServer<Context>> {
  const { schema, limits, logger, present, introspection } = options;
  const apollo = new ApolloServer<Context>({
    schema,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    formatError: (_, error) => present(error),
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: limits.tokens, maxSourceLength: limits.documentCharacters },
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    documentStore: createDocuments(),
    stopOnTerminationSignals: false,
    stringifyResult: (result) => JSON.stringify(result),
    logger: toApolloLogger(logger),
    plugins: [
      admission(options),
      ApolloServerPluginCacheControlDisabled(), // it wraps every field
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return apollo;
}

const admission = <Context extends BaseContext>({
  operations,
  meter,
  reads,
  refused,
  present,
}: ApolloOptions<Context>): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => {
    let admitted: Operation | undefined;
    return {
      didResolveOperation: async ({ source, document, operation, request, contextValue }) => {
        if (!operation) return; // execution reports it
        try {
          admitted = operations.admit(source, request.operationName, { document, operation });
          await meter.charge(contextValue, admitted.admit(request.variables).cost);
        } catch (error) {
          throw error instanceof CrmError ? refusal(error) : error;
        }
      },
      didEncounterErrors: async ({ errors, contextValue }) => {
        if (admitted !== undefined) tellRefused(refused, contextValue, admitted.name, errors);
      },
      willSendResponse: async ({ response, contextValue }) => {
        if (admitted === undefined) return;
        try {
          await reads.record(contextValue, admitted.name);
        } catch (error) {
          response.body = { kind: 'single', singleResult: { errors: [present(error)] } };
          response.http.status = errorTable[error instanceof CrmError ? error.code : 'INTERNAL'].status;
        }
      },
    };
  },
});

/** Apollo's own messages say nothing of a request but its errors, which `present` has logged already. */
const toApolloLogger = (logger: Logger) => {
  const line = (write: Logger['info']) => (message?: unknown) =>
    write({ from: 'apollo' }, String(message).split(':')[0]!);
  return {
    debug: () => {},
    info: line((fields, message) => logger.info(fields, message)),
    warn: line((fields, message) => logger.warn(fields, message)),
    error: line((fields, message) => logger.error(fields, message)),
  };
};
