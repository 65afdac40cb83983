import type { FastifyInstance } from 'fastify';
import { type Clock, instant } from '../src/kernel/clock.js';

const PATH = '/.well-known/security.txt';
/** RFC 9116 section 2.5.5 wants less than a year. It is written at every request, so it never is out of date. */
const VALID_MS = 90 * 24 * 3600 * 1000;

/** Where to report a vulnerability (RFC 9116). `contact` is a URI: `mailto:`, `https:` or `tel:`. */
export function serveSecurityTxt(app: FastifyInstance, contact: string, clock: Clock): void {
  app.get(PATH, (_, reply) =>
    reply
      .header('content-type', 'text/plain; charset=utf-8')
      .send(`Contact: ${contact}\nExpires: ${instant(clock.now() + VALID_MS)}\nPreferred-Languages: en\n`),
  );
}
