import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Operations } from './operations.js';
import type { Meter } from './rates.js';
import type { ReadRecorder } from './reads.js';

/**
 * Answers a request if it is the usual one, a POST of JSON with a query that has come before, and nothing goes wrong;
 * gives `undefined` for any other, which Apollo then answers from the start. So only answers without errors are given here,
 * and they are Apollo's byte for byte. The resolvers of a query that has an error run twice, in one context: queries have no
 * effects, and what loaders have fetched is fetched.
 */
export type FastLane = (request: FastifyRequest, reply: FastifyReply) => Promise<string | Buffer | undefined>;

/**
 * Content types of the answer by the `Accept` of the request, as Apollo negotiates them: none, and those that browsers,
 * Apollo Client 3 and 4, urql and Relay send. Others are left to Apollo.
 */
const answers = new Map<string | undefined, string>([
  [undefined, 'application/json; charset=utf-8'],
  ['*/*', 'application/json; charset=utf-8'],
  ['application/json', 'application/json; charset=utf-8'],
  ['application/json, text/plain, */*', 'application/json; charset=utf-8'],
  ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
  ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json; charset=utf-8'],
  ['application/graphql-response+json,application/json;q=0.9', 'application/graphql-response+json; charset=utf-8'],
]);

const JSON_BODIES = new Set(['application/json', 'application/json; charset=utf-8', 'application/json;charset=utf-8']);

export function createFastLane<Context extends object>(
  operations: Operations,
  contextFor: (request: FastifyRequest) => Promise<Context>,
  meter: Meter,
  reads: ReadRecorder<Context>,
): FastLane {
  return async (request, reply) => {
    const contentType = answers.get(request.headers.accept);
    const body = usualBody(request);
    if (contentType === undefined || body === undefined) return undefined;
    const operation = operations.find(body.query, body.operationName);
    if (operation?.query === undefined) return undefined;
    try {
      const { variables, cost } = operation.admit(body.variables);
      const context = await contextFor(request);
      const charged = meter.charge(context, cost);
      if (charged !== undefined) await charged;
      const text = await operation.query.run(context, variables);
      if (text === undefined) {
        reads.forget(context);
        return undefined;
      }
      const answer = await leaving(text, reads.record(context, operation.name));
      reply.header('content-type', contentType);
      return answer;
    } catch {
      return undefined; // a refusal, which Apollo's lane meets again and words
    }
  };
}

/**
 * An answer that waits until it is recorded, as one stretch of bytes. As text it would be the thousands of pieces that it
 * was put together from, and the garbage collector would have all of them to move about meanwhile.
 */
async function leaving(text: string, recorded: Promise<void> | undefined): Promise<string | Buffer> {
  if (recorded === undefined) return text;
  const bytes = Buffer.from(text);
  await recorded;
  return bytes;
}

interface UsualBody {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
}

/** The body, if it is a JSON object with nothing unusual in it. */
function usualBody(request: FastifyRequest): UsualBody | undefined {
  if (!JSON_BODIES.has(request.headers['content-type'] ?? '')) return undefined;
  const { query, operationName, variables, extensions } = (request.body ?? {}) as Record<string, unknown>;
  const usual =
    typeof query === 'string' &&
    (operationName == null || (typeof operationName === 'string' && operationName !== '')) &&
    (variables == null || (typeof variables === 'object' && !Array.isArray(variables))) &&
    extensions === undefined;
  return usual ? (request.body as UsualBody) : undefined;
}
