import type { BaseContext } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { CrmError } from '../src/errors.js';
import { MemoryBuckets } from '../src/kernel/buckets.js';
import { systemClock } from '../src/kernel/clock.js';
import { startApollo } from './apollo.js';
import { answer, createApp } from './app.js';
import { arrivalOf, type TrustsProxy, trustedProxies } from './arrival.js';
import { type Caller, callerOf } from './caller.js';
import { serveCrossOrigin } from './crossOrigin.js';
import { errorPresenter, type Logger, type PresentError, refusal } from './errors.js';
import { EXPLORER_PATH, serveExplorer } from './explorer.js';
import { createFastLane } from './fastLane.js';
import { assertAnswerableOverHttp } from './httpDocuments.js';
import { defaultLimits, type Limits } from './limits.js';
import { createOperations } from './operations.js';
import { asPersisted, type PersistedOperations } from './persistedOperations.js';
import { defaultRates, Meter } from './rates.js';
import { nothingRead, type ReadRecorder } from './reads.js';
import type { TellRefused } from './refusals.js';
import { serveSecurityTxt } from './securityTxt.js';
import { serveSubscriptions } from './subscriptions.js';
import type { Surface } from './surface.js';

/** What the server says of itself. Not personal, and not secret: anybody who reaches the port can read it. */
export interface Health {
  readonly ready: boolean;
  readonly [detail: string]: unknown;
}

export interface GraphqlServerOptions<Context extends BaseContext> {
  readonly schema: GraphQLSchema;
  /** Called once per HTTP request, and for every event of a subscription. May throw a CrmError, e.g. for a session that ended. */
  readonly contextOf: (caller: Caller) => Promise<Context>;
  /** Whom a request is charged to; without it, all are charged to their addresses. */
  readonly accountOf?: (context: Context) => string | null;
  /** Told of every answer before it leaves: whose data is in it is for the context to know. */
  readonly reads?: ReadRecorder<Context>;
  /** Told of what somebody may not do; for the log. */
  readonly refused?: TellRefused<Context>;
  readonly health: () => Health | Promise<Health>;
  readonly logger: Logger;
  readonly limits?: Partial<Limits>;
  readonly surface?: Surface;
  /** What else is served, to whoever a request's context lets. */
  readonly routes?: (app: FastifyInstance, contextFor: (request: FastifyRequest) => Promise<Context>) => void;
  /** Without the explorer, and unless the surface says otherwise without introspection and suggestions. */
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
/** A new client may try again soon: what is under way is done within seconds. */
const OVERLOADED_RETRY_S = 1;

/**
 * The HTTP server: GraphQL at `/graphql` by GET and POST, subscriptions there by WebSocket, `/health/live`, `/health/ready`,
 * and outside production the explorer. A known query takes the fast lane, everything else Apollo's.
 */
export async function createGraphqlServer<Context extends BaseContext>(
  options: GraphqlServerOptions<Context>,
): Promise<GraphqlServer> {
  const { schema, logger, production = false, surface = {}, reads = nothingRead, refused = () => undefined } = options;
  const { introspection = !production, persistedOperations, clock = systemClock } = surface;
  const limits = { ...defaultLimits, ...options.limits };
  const present = errorPresenter(logger, { suggestions: introspection });
  const operations = createOperations(schema, limits);
  const meter = new Meter(surface.buckets ?? new MemoryBuckets(clock), { ...defaultRates, ...surface.rates });
  const trusts = trustedProxies(surface.proxies ?? []);
  const origins = new Set(surface.corsOrigins);
  const shared = { schema, operations, limits, present, meter, reads, refused };
  const apollo = await startApollo<Context>({ ...shared, logger, introspection });
  const app = createApp({ limits, present, meter, trusts, tls: surface.tls });
  const state = { closing: false };
  serveCrossOrigin(app, GRAPHQL_PATH, origins);
  serveHealth(app, options.health, present, state);
  if (surface.securityContact !== undefined) serveSecurityTxt(app, surface.securityContact, clock);
  if (!production) serveExplorer(app, GRAPHQL_PATH);

  const contextOf = chargedContext(options, meter);
  const contextFor = oncePerRequest(contextOf, trusts);
  options.routes?.(app, contextFor);
  const fastLane = createFastLane(operations, contextFor, meter, reads);
  const apolloLane = fastifyApolloHandler(apollo, { context: (request) => refusing(contextFor(request)) });
  const limited = withinLimits(limits);
  const throughApollo = async (sent: unknown, request: FastifyRequest, reply: FastifyReply) => {
    assertAnswerableOverHttp(sent, schema, limits);
    return apolloLane.call(app, request, reply);
  };
  const lanes: Lanes = {
    post: (request, reply) =>
      limited(async () => (await fastLane(request, reply)) ?? throughApollo(request.body, request, reply)),
    get: (request, reply) => limited(() => throughApollo(request.query, request, reply)),
  };
  serveGraphql(app, lanes, { production, persistedOperations, bodyAllowed: bodyAllowed(options, limits, contextFor) });

  const subscriptionOptions = { ...shared, trusts, origins, persistedOperations };
  const subscriptions = serveSubscriptions(app.server, GRAPHQL_PATH, { ...subscriptionOptions, contextOf });
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

interface Lanes {
  post(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  get(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

interface GraphqlRoute {
  readonly production: boolean;
  readonly persistedOperations: PersistedOperations | undefined;
  readonly bodyAllowed: (request: FastifyRequest) => Promise<void> | undefined;
}

function serveGraphql(app: FastifyInstance, lanes: Lanes, route: GraphqlRoute): void {
  const { production, persistedOperations, bodyAllowed: allowed } = route;
  app.post(
    GRAPHQL_PATH,
    {
      preParsing: (request, _, payload, done) => {
        const waiting = allowed(request);
        if (waiting === undefined) done(null, payload);
        else waiting.then(() => done(null, payload), done);
      },
    },
    (request, reply) => {
      if (persistedOperations !== undefined) {
        request.body = asPersisted((request.body ?? {}) as object, persistedOperations);
      }
      return lanes.post(request, reply);
    },
  );
  app.get(GRAPHQL_PATH, async (request, reply) => {
    const toRead = !production && request.headers.accept?.includes('text/html');
    if (toRead) return reply.redirect(EXPLORER_PATH);
    if (persistedOperations !== undefined) {
      const { query } = request.query as { query?: unknown };
      asPersisted({ query }, persistedOperations);
    }
    return lanes.get(request, reply);
  });
}

/** Contexts as the API makes them, each with a note of whom to charge. */
function chargedContext<Context extends BaseContext>(options: GraphqlServerOptions<Context>, meter: Meter) {
  return async (caller: Caller): Promise<Context> => {
    const context = await options.contextOf(caller);
    meter.opened(context, { account: options.accountOf?.(context) ?? null, address: caller.remoteAddress });
    return context;
  };
}

/**
 * Before a large body is read, who sends it must be signed in: otherwise anybody could fill the memory. Gives nothing
 * where there is nothing to wait for. Error: BODY_TOO_LARGE.
 */
function bodyAllowed<Context extends BaseContext>(
  { accountOf }: GraphqlServerOptions<Context>,
  { anonymousBodyBytes }: Limits,
  contextFor: (request: FastifyRequest) => Promise<Context>,
): GraphqlRoute['bodyAllowed'] {
  return (request) => {
    const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
    if (length <= anonymousBodyBytes || accountOf === undefined) return undefined;
    return contextFor(request).then((context) => {
      if (accountOf(context) === null) throw new CrmError('BODY_TOO_LARGE', { limit: anonymousBodyBytes });
    });
  };
}

/**
 * Bounds how many requests are answered at once, and how long one may take. Fastify's own `handlerTimeout` does not hold
 * for a POST: since Node 16 a request is closed, and its timer cleared, once its body is read (Fastify 5.12). What takes
 * too long goes on behind the answer: GraphQL cannot be stopped. Errors: OVERLOADED, REQUEST_TIMEOUT.
 */
function withinLimits({ requestTimeoutMs, requestsUnderWay }: Limits) {
  let underWay = 0;
  return <T>(work: () => Promise<T>): Promise<T> => {
    if (underWay >= requestsUnderWay) {
      return Promise.reject(new CrmError('OVERLOADED', { retryAfter: OVERLOADED_RETRY_S }));
    }
    underWay += 1;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new CrmError('REQUEST_TIMEOUT', { limit: requestTimeoutMs }));
      }, requestTimeoutMs);
      work()
        .then(resolve, reject)
        .finally(() => {
          underWay -= 1;
          clearTimeout(late);
        });
    });
  };
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
function oncePerRequest<Context>(contextOf: (caller: Caller) => Promise<Context>, trusts: TrustsProxy) {
  const contexts = new WeakMap<FastifyRequest, Promise<Context>>();
  return (request: FastifyRequest): Promise<Context> => {
    const known = contexts.get(request);
    if (known !== undefined) return known;
    const { authorization, 'x-workspace': workspace, 'x-device': device, 'user-agent': userAgent } = request.headers;
    const { 'x-purpose': purpose } = request.headers;
    const { address } = arrivalOf(request.raw, trusts);
    const context = contextOf(callerOf(authorization, workspace, address, device, userAgent, purpose));
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
