/** Sent with every answer. The explorer, the one page there is, has a content security policy of its own. */
const always = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** RFC 6797: a year, and only over TLS, since browsers ignore it otherwise. */
const overTls = { ...always, 'strict-transport-security': 'max-age=31536000; includeSubDomains' };

/** The security headers of an answer. */
export const securityHeaders = (secure: boolean): Record<string, string> => (secure ? overTls : always);
