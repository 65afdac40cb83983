import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CrmError } from '../../src/errors.js';
import { certificatePath } from '../../src/privacy/erasure/certificate.js';
import type { CertificateKey } from '../../src/privacy/erasure/certificateKey.js';
import type { Context } from '../context.js';
import { certificatePage } from './certificatePage.js';
import { certificateOf, erasureById } from './erasure.js';
import type { ErasureCertificate } from './erasureTypes.js';

/** Where outsiders find the key, to verify a certificate without asking anybody. */
export const CERTIFICATE_KEYS_PATH = '/.well-known/erasure-certificate-keys';

/** Certificates are bound to no page of ours: nothing but the text and its own style is on it. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

interface Asked {
  readonly erasure: string;
  readonly person: string;
}

/** What stands in a link that was sent: the workspace of the request, and what nobody else can make. */
interface Link {
  readonly of: string;
  readonly key: string;
}

const signedFor = async (
  { erasure, person }: Asked,
  { of, key }: Partial<Link>,
  context: Context,
): Promise<ErasureCertificate | undefined> => {
  const { services } = context;
  if (typeof of === 'string' && typeof key === 'string') {
    const isGood = services.certificateLinks.isGood(key, of, erasure, person);
    return isGood ? certificateOf(services, of, erasure, person) : undefined;
  }
  if (!context.can('erasure:read')) throw new CrmError(context.isSignedIn ? 'FORBIDDEN' : 'UNAUTHENTICATED');
  const found = await erasureById(erasure, context);
  return found?.results.find(({ subjectId }) => subjectId === person)?.certificate;
};

/**
 * The public key as a JWK set (RFC 7517) for anybody, and certificates for whoever may read erasures or was sent a link: as JSON, or as a page
 * to print where the request accepts HTML. Errors: those of access, NOT_FOUND.
 */
export const serveCertificates =
  (key: () => Pick<CertificateKey, 'publicJwk'>) =>
  (app: FastifyInstance, contextFor: (request: FastifyRequest) => Promise<Context>): void => {
    app.get(CERTIFICATE_KEYS_PATH, async (_, reply) =>
      reply
        .header('content-type', 'application/jwk-set+json')
        .send(JSON.stringify({ keys: [await key().publicJwk()] })),
    );
    app.get<{ Params: Asked; Querystring: Partial<Link> }>(
      certificatePath(':erasure', ':person'),
      async (request, reply) => {
        const signed = await signedFor(request.params, request.query, await contextFor(request));
        if (signed === undefined) throw new CrmError('NOT_FOUND');
        if (!request.headers.accept?.includes('text/html')) {
          const { certificate, keyId, signature } = signed;
          return reply
            .header('content-type', 'application/json; charset=utf-8')
            .send(JSON.stringify({ certificate, keyId, signature }));
        }
        return reply
          .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY })
          .send(certificatePage(signed));
      },
    );
  };
