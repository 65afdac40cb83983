import type { FastifyInstance } from 'fastify';

/** What a page of another origin may send along. */
const ALLOWED_HEADERS = 'authorization, content-type, x-workspace, x-device, x-purpose, apollo-require-preflight';
/** What it may read of an answer beside the body. */
const EXPOSED_HEADERS = 'retry-after';
/** How long a browser may remember it, in seconds. */
const REMEMBERED_S = 600;

/**
 * CORS (Fetch standard, section 3.3) for the pages of these origins, each as `https://app.example`. Others get no
 * header at all, and their browsers keep the answer from them. No cookies: a caller is known by its bearer token.
 */
export function serveCrossOrigin(app: FastifyInstance, path: string, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return;
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    reply.header('vary', 'origin');
    if (origin !== undefined && origins.has(origin)) {
      reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS });
    }
    done();
  });
  app.options(path, (request, reply) => {
    if (!origins.has(request.headers.origin ?? '')) return reply.callNotFound();
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': String(REMEMBERED_S),
      })
      .send();
  });
}

/** Whether a WebSocket may be opened from there: a program sends no origin, a page must be ours or be allowed. */
export const mayConnectFrom = (origin: string | undefined, host: string, origins: ReadonlySet<string>): boolean =>
  origin === undefined || origins.has(origin) || origin === `https://${host}` || origin === `http://${host}`;
