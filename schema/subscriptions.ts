import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields.js';
import type { SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { CrmError, errorTable } from '../src/errors.js';
import { arrivalOf, assertMayArrive, type TrustsProxy } from './arrival.js';
import { type Caller, callerOf } from './caller.js';
import { mayConnectFrom } from './crossOrigin.js';
import { type PresentError, refusal } from './errors.js';
import { fragmentsOf } from './fragments.js';
import type { Limits } from './limits.js';
import type { Operations } from './operations.js';
import { asPersisted, type PersistedOperations } from './persistedOperations.js';
import type { Meter } from './rates.js';
import type { ReadRecorder } from './reads.js';
import { type TellRefused, tellRefused } from './refusals.js';

export interface SubscriptionOptions<Context> {
  readonly schema: GraphQLSchema;
  readonly operations: Operations;
  readonly limits: Limits;
  readonly present: PresentError;
  readonly meter: Meter;
  readonly reads: ReadRecorder<Context>;
  readonly refused: TellRefused<Context>;
  readonly trusts: TrustsProxy;
  /** Other origins whose pages may connect. */
  readonly origins: ReadonlySet<string>;
  readonly persistedOperations: PersistedOperations | undefined;
  readonly contextOf: (caller: Caller) => Promise<Context>;
}

/** What only a server says: from a client it is a bad request, where graphql-ws would hang up as over a fault of its own. */
const SERVERS_WORDS: ReadonlySet<unknown> = new Set(['connection_ack', 'next', 'error']);

/** How long a client may take to answer that the connection is being closed. */
const CLOSE_MS = 2_000;

/**
 * Serves subscriptions, and nothing else, over the graphql-ws protocol at `path`. The connection's parameters carry
 * `authorization`, `x-workspace` and `x-purpose` as headers do. `close` takes no more connections and ends those there are.
 */
export function serveSubscriptions<Context extends object>(
  server: Server,
  path: string,
  options: SubscriptionOptions<Context>,
) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: options.limits.socketMessageBytes });
  const onUpgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()); // Node has none on it by now, and would end the process
    if (request.url?.split('?')[0] !== path) return void socket.destroy();
    try {
      await mayConnect(request, sockets.clients.size, options);
    } catch (error) {
      return refuseUpgrade(socket, error);
    }
    sockets.handleUpgrade(request, socket, head, (open) => sockets.emit('connection', open, request));
  };
  server.on('upgrade', onUpgrade);
  const { present } = options;
  const protocol = useServer<Record<string, unknown> | undefined>(
    {
      onSubscribe: ({ connectionParams, extra, subscriptions }, _, payload) => {
        const caller = connectedCaller(extra.request, options.trusts, connectionParams);
        const open = Object.keys(subscriptions).length;
        return admitted(options, payload, open, () => options.contextOf(caller));
      },
      subscribe: (args) => subscription(args as SubscriptionArgs<Context>),
      onError: (_, __, ___, errors) => errors.map(present),
      onNext: (_, __, ___, ____, result) =>
        result.errors ? { ...result, errors: result.errors.map(present) } : undefined,
      jsonMessageReviver: (key, value) => {
        if (key === '' && SERVERS_WORDS.has(value?.type)) throw new CrmError('BAD_REQUEST');
        return value;
      },
      isProd: true, // or the messages of our own faults would be told
    },
    sockets,
  );
  const close = async () => {
    server.off('upgrade', onUpgrade);
    const overdue = setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, CLOSE_MS);
    await protocol.dispose();
    clearTimeout(overdue);
  };
  return { close };
}

/** Errors: TLS_REQUIRED, FORBIDDEN for a page of another origin, RATE_LIMITED, OVERLOADED. */
async function mayConnect<Context>(
  request: IncomingMessage,
  open: number,
  { trusts, origins, meter, limits }: SubscriptionOptions<Context>,
): Promise<void> {
  const arrival = arrivalOf(request, trusts);
  assertMayArrive(arrival);
  if (!mayConnectFrom(request.headers.origin, arrival.host, origins)) throw new CrmError('FORBIDDEN');
  await meter.arrived(arrival.address);
  if (open >= limits.sockets) throw new CrmError('OVERLOADED', { limit: limits.sockets });
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const status = error instanceof CrmError ? errorTable[error.code].status : errorTable.INTERNAL.status;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

interface SubscriptionArgs<Context> extends ExecutionArgs {
  readonly freshContext: () => Promise<Context>;
  /** Before what was answered leaves. */
  readonly record: (context: Context) => Promise<void> | undefined;
  /** Of what was refused, for the log. */
  readonly tell: (errors?: readonly GraphQLError[]) => void;
}

/** Parses, validates and measures, as Apollo's lane does for the rest. What it refuses, it gives as errors. */
async function admitted<Context extends object>(
  { schema, operations, limits, meter, reads, refused, persistedOperations }: SubscriptionOptions<Context>,
  payload: SubscribePayload,
  open: number,
  freshContext: () => Promise<Context>,
): Promise<SubscriptionArgs<Context> | readonly GraphQLError[]> {
  try {
    const { subscriptionsPerSocket: limit } = limits;
    if (open > limit) throw new CrmError('TOO_MANY_SUBSCRIPTIONS', { limit });
    const sent = persistedOperations === undefined ? payload : asPersisted(payload, persistedOperations);
    const { query, operationName, variables } = sent;
    const document = parsed(query, limits);
    const mistakes = validate(schema, document);
    if (mistakes.length > 0) return mistakes.map((mistake) => withCode(mistake, 'GRAPHQL_VALIDATION_FAILED'));
    const operation = getOperationAST(document, operationName);
    if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) {
      throw new CrmError('BAD_REQUEST', { reason: 'Only subscriptions are answered here; send others over HTTP.' });
    }
    const { name, admit } = operations.admit(query, operationName, { document, operation });
    const { variables: coerced, cost } = admit(variables);
    if (isOfNothing(schema, document, operation, coerced)) {
      throw new CrmError('BAD_REQUEST', { reason: 'Nothing is subscribed to.' });
    }
    const contextValue = await freshContext();
    await meter.charge(contextValue, cost);
    const record = (context: Context) => reads.record(context, name);
    const tell = (errors?: readonly GraphQLError[]) => tellRefused(refused, contextValue, name, errors);
    return { schema, document, operationName, variableValues: variables, contextValue, freshContext, record, tell };
  } catch (error) {
    return [error instanceof CrmError ? refusal(error) : asGraphQLError(error)];
  }
}

/**
 * Whether directives leave out whatever it names: graphql-js takes for granted that there is a field. `variables` are
 * coerced; validation lets none of them decide on a root field.
 */
function isOfNothing(
  schema: GraphQLSchema,
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const root = schema.getSubscriptionType()!;
  return collectFields(schema, fragmentsOf(document), variables, root, selectionSet).size === 0;
}

function parsed(source: string, limits: Limits): DocumentNode {
  try {
    return parse(source, { maxTokens: limits.tokens, maxSourceLength: limits.documentCharacters });
  } catch (error) {
    throw withCode(error as GraphQLError, 'GRAPHQL_PARSE_FAILED');
  }
}

/** Each event is answered in a context of its own: with loaders that have cached nothing, and only while the session holds. */
async function subscription<Context>(
  args: SubscriptionArgs<Context>,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const events = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in events)) {
    args.tell(events.errors);
    return events;
  }
  const source = events[Symbol.asyncIterator]();
  const end = async (): Promise<IteratorResult<ExecutionResult>> => {
    await source.return?.();
    return { done: true, value: undefined };
  };
  const answered = async (rootValue: unknown): Promise<ExecutionResult> => {
    try {
      const contextValue = await args.freshContext();
      const result = await execute({ ...args, rootValue, contextValue });
      await args.record(contextValue);
      return result;
    } catch (error) {
      await end();
      return { errors: [asGraphQLError(error)] };
    }
  };
  /** The source may refuse to go on: that is told, and the end. */
  const refused = async (error: unknown): Promise<GraphQLError> => {
    await end();
    return asGraphQLError(error);
  };
  const answers: AsyncIterableIterator<ExecutionResult> = {
    next: async () => {
      const event = await source.next().catch(refused);
      if (event instanceof GraphQLError) return { done: false, value: { errors: [event] } };
      return event.done ? { done: true, value: undefined } : { done: false, value: await answered(event.value) };
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]: () => answers,
  };
  return answers;
}

/** Headers of the upgrade are not looked at: a page of another site could make a browser send them. */
function connectedCaller(request: IncomingMessage, trusts: TrustsProxy, params: Record<string, unknown> = {}): Caller {
  const text = (name: string) => (typeof params[name] === 'string' ? params[name] : undefined);
  const { address } = arrivalOf(request, trusts);
  const [authorization, workspace, purpose] = [text('authorization'), text('x-workspace'), text('x-purpose')];
  return callerOf(authorization, workspace, address, undefined, undefined, purpose);
}

const asGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error });

const withCode = ({ message, nodes, source, positions }: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(message, { nodes, source, positions, extensions: { code } });
