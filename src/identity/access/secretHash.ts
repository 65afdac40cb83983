import { createHash } from 'node:crypto';

/**
 * What is kept of a random secret that somebody else holds: enough to know it again, nothing to use it with. Of what people
 * choose a keyed hash or a slow one is kept instead.
 */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');
