import type { Server } from 'node:http';
import type { BaseContext } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { CrmError, errorTable } from '../src/errors.js';
import { startApollo } from './apollo.js';
import { type Caller, callerOf } from './caller.js';
import { errorPresenter, type Logger, type PresentError, refusal } from './errors.js';
import { EXPLORER_PATH, serveExplorer } from './explorer.js';
import { createFastLane } from './fastLane.js';
import { defaultLimits, type Limits } from './limits.js';
import { createOperations } from './operations.js';
import { serveSubscriptions } from './subscriptions.js';

/** What the server says of itself. Not personal, and not secret: anybody who reaches the port can read it. */
export interface Health {
  readonly ready: boolean;
  readonly [detail: string]: unknown;
}

export interface GraphqlServerOptions<Context extends BaseContext> {
  readonly schema: GraphQLSchema;
  /** Called once per HTTP request, and for every event of a subscription. May throw a CrmError, e.g. for a session that ended. */
  readonly contextOf: (caller: Caller) => Promise<Context>;
  readonly health: () => Health | Promise<Health>;
  readonly logger: Logger;
  readonly limits?: Partial<Limits>;
  /** Without introspection, the explorer and suggestions. */
  readonly production?: boolean;
}

export interface GraphqlServer {
  readonly app: FastifyInstance;
  /** Gives the address, e.g. `http://127.0.0.1:4000`. Port 0 takes a free one. */
  listen(host: string, port: number): Promise<string>;
  /** Refuses what is new, finishes what is under way for at most `DRAIN_MS`, ends subscriptions. */
  close(): Promise<void>;
}

export const GRAPHQL_PATH = '/graphql';
/** How long requests under way may still take when the server closes. */
const DRAIN_MS = 10_000;
/** How long a client may take to send its request (against those that never finish). */
const RECEIVE_MS = 30_000;

const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * The HTTP server: GraphQL at `/graphql` by GET and POST, subscriptions there by WebSocket, `/health/live`, `/health/ready`,
 * and outside production the explorer. A known query takes the fast lane, everything else Apollo's.
 */
export async function createGraphqlServer<Context extends BaseContext>(
  options: GraphqlServerOptions<Context>,
): Promise<GraphqlServer> {
  const { schema, contextOf, logger, production = false } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const present = errorPresenter(logger);
  const operations = createOperations(schema, limits);
  const apollo = await startApollo<Context>({ schema, operations, limits, logger, present, production });
  const app = createApp(limits, present);
  const state = { closing: false };
  serveHealth(app, options.health, present, state);
  if (!production) serveExplorer(app, GRAPHQL_PATH);

  const contextFor = oncePerRequest(contextOf);
  const fastLane = createFastLane(operations, contextFor);
  const apolloLane = fastifyApolloHandler(apollo, { context: (request) => refusing(contextFor(request)) });
  app.post(GRAPHQL_PATH, (request, reply) =>
    within(
      limits.requestTimeoutMs,
      async () => (await fastLane(request, reply)) ?? apolloLane.call(app, request, reply),
    ),
  );
  app.get(GRAPHQL_PATH, async (request, reply) => {
    const toRead = !production && request.headers.accept?.includes('text/html');
    if (toRead) return reply.redirect(EXPLORER_PATH);
    return within(limits.requestTimeoutMs, async () => apolloLane.call(app, request, reply));
  });

  const subscriptions = serveSubscriptions(app.server, GRAPHQL_PATH, {
    schema,
    operations,
    limits,
    present,
    contextOf,
  });
  return {
    app,
    listen: (host, port) => app.listen({ host, port }),
    async close() {
      state.closing = true;
      await subscriptions.close();
      await drained(app);
      await apollo.stop();
    },
  };
}

function createApp(limits: Limits, present: PresentError): FastifyInstance<Server> {
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: RECEIVE_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', (_, reply, done) => {
    reply.headers(securityHeaders);
    done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answer(request, reply, present, httpError(error, limits)),
  );
  app.setNotFoundHandler((request, reply) => answer(request, reply, present, new CrmError('NOT_FOUND')));
  return app;
}

/**
 * Fastify's own `handlerTimeout` does not hold for a POST: since Node 16 a request is closed, and its timer cleared, once its
 * body is read (Fastify 5.12). What takes too long goes on behind the answer: GraphQL cannot be stopped. Error: REQUEST_TIMEOUT.
 */
function within<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new CrmError('REQUEST_TIMEOUT', { limit: limitMs }));
    }, limitMs);
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(late));
  });
}

/** What went wrong before GraphQL had the request, in the shape that GraphQL's errors have. */
function answer(request: FastifyRequest, reply: FastifyReply, present: PresentError, error: unknown, status?: number) {
  const type = request.headers.accept?.includes('application/graphql-response+json') ? 'graphql-response+json' : 'json';
  return reply
    .code(status ?? statusOf(error))
    .header('content-type', `application/${type}; charset=utf-8`)
    .send(JSON.stringify({ errors: [present(error)] }));
}

const statusOf = (error: unknown): number => {
  if (error instanceof CrmError) return error === wrongMediaType ? 415 : errorTable[error.code].status;
  return errorTable.INTERNAL.status;
};

/** 415 tells clients more than the table's 400 (RFC 9110 section 15.5.16). */
const wrongMediaType = new CrmError('BAD_REQUEST', { reason: 'Send application/json.' });

function httpError(error: FastifyError, limits: Limits): unknown {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new CrmError('BODY_TOO_LARGE', { limit: limits.bodyBytes });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return wrongMediaType;
    default:
      return error.statusCode !== undefined && error.statusCode < 500 ? new CrmError('BAD_REQUEST') : error;
  }
}

function serveHealth(
  app: FastifyInstance,
  health: () => Health | Promise<Health>,
  present: PresentError,
  state: { readonly closing: boolean },
): void {
  app.get('/health/live', async () => ({ live: true }));
  app.get('/health/ready', async (request, reply) => {
    try {
      const { ready, ...details } = await health();
      const able = ready && !state.closing;
      return await reply.code(able ? 200 : 503).send({ ready: able, ...details });
    } catch (error) {
      return answer(request, reply, present, error, 503);
    }
  });
}

/** Both lanes may ask for the context of one request; they get the same, with its loaders. */
function oncePerRequest<Context>(contextOf: (caller: Caller) => Promise<Context>) {
  const contexts = new WeakMap<FastifyRequest, Promise<Context>>();
  return (request: FastifyRequest): Promise<Context> => {
    const known = contexts.get(request);
    if (known !== undefined) return known;
    const { authorization, 'x-workspace': workspace } = request.headers;
    const context = contextOf(callerOf(authorization, workspace, request.ip));
    contexts.set(request, context);
    return context;
  };
}

async function refusing<Context>(context: Promise<Context>): Promise<Context> {
  try {
    return await context;
  } catch (error) {
    throw error instanceof CrmError ? refusal(error) : error;
  }
}

/** Connections that clients keep alive are closed as soon as nothing is under way on them. */
async function drained(app: FastifyInstance): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 50);
  const overdue = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(overdue);
  }
}
