import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { CrmError, errorTable } from '../src/errors.js';
import { arrivalOf, assertMayArrive, type TrustsProxy } from './arrival.js';
import type { PresentError } from './errors.js';
import type { Limits } from './limits.js';
import type { Meter } from './rates.js';
import { securityHeaders } from './securityHeaders.js';
import type { Surface } from './surface.js';

export interface AppOptions {
  readonly limits: Limits;
  readonly present: PresentError;
  readonly meter: Meter;
  readonly trusts: TrustsProxy;
  readonly tls: Surface['tls'];
}

/** How long a client may take to send its request (against those that never finish). */
const RECEIVE_MS = 30_000;
/** What still comes on a connection while the server closes may try again where it is started anew, or where another is. */
const CLOSING_RETRY_S = 1;
/** Asked by load balancers and the machine itself, often, in plain HTTP; nothing personal is in the answers. */
const HEALTH_PATHS = /^\/health\//;

/** Fastify as this product runs it: every answer has the security headers, every refusal the shape of GraphQL's errors. */
export function createApp({ limits, present, meter, trusts, tls }: AppOptions): FastifyInstance {
  const options = {
    bodyLimit: limits.bodyBytes,
    requestTimeout: RECEIVE_MS,
    forceCloseConnections: 'idle' as const,
    exposeHeadRoutes: false,
    return503OnClosing: false, // an answer of Fastify's own, without a code
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers(securityHeaders(arrivalOf(request.raw, trusts).secure));
      void answer(request, reply, present, httpError(error, limits));
    },
  };
  const https = tls && { ...tls, minVersion: 'TLSv1.2' as const };
  const app = https ? (Fastify({ ...options, https }) as unknown as FastifyInstance) : Fastify(options);
  app.removeContentTypeParser('text/plain');
  const state = { closing: false };
  app.addHook('preClose', (done) => {
    state.closing = true;
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    const arrival = arrivalOf(request.raw, trusts);
    reply.headers(securityHeaders(arrival.secure));
    if (HEALTH_PATHS.test(request.url)) return done();
    try {
      assertMayArrive(arrival);
      if (state.closing) throw new CrmError('OVERLOADED', { retryAfter: CLOSING_RETRY_S });
      const charged = meter.arrived(arrival.address);
      if (charged === undefined) done();
      else charged.then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answer(request, reply, present, httpError(error, limits)),
  );
  app.setNotFoundHandler((request, reply) => answer(request, reply, present, new CrmError('NOT_FOUND')));
  return app;
}

/** What went wrong before GraphQL had the request, in the shape that GraphQL's errors have. */
export function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  present: PresentError,
  error: unknown,
  status?: number,
): FastifyReply {
  const type = request.headers.accept?.includes('application/graphql-response+json') ? 'graphql-response+json' : 'json';
  const retryAfter = error instanceof CrmError ? error.details.retryAfter : undefined;
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
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
