import type { InSession } from '../../src/identity/access/sessions.js';
import type { Context } from '../context.js';

/** The caller as who acts by a session of theirs. Errors: UNAUTHENTICATED, FORBIDDEN for a key. */
export const inSession = ({ account, session, requestId: correlationId }: Context): InSession => ({
  account,
  session: session.id,
  correlationId,
});
