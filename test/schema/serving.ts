import { buildSchema, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import type { Caller } from '../../schema/caller.js';
import { createGraphqlServer, type GraphqlServerOptions } from '../../schema/server.js';
import { CrmError } from '../../src/errors.js';

export interface ToyContext {
  readonly caller: Caller;
}

const sdl = /* GraphQL */ `
  input PersonInput { name: String!, tags: [String!] }
  enum Colour { RED BLUE }
  type Query {
    hello(name: String = "world", times: Int! = 1): String!
    whoami: String
    lane: String!
    people(first: Int = 50, after: String): PersonConnection!
    refused: String
    refusedHard: String!
    broken: String
    echo(input: PersonInput, colour: Colour): String
    slow(ms: Int!): String
  }
  type PersonConnection { edges: [PersonEdge!]! totalCount: Int! }
  type PersonEdge { cursor: String! node: Person! }
  type Person { id: ID! name: String! boss: Person mood: String friends(first: Int = 50): PersonConnection! }
  type Mutation { rename(name: String!): String! }
  type Subscription { ticks(to: Int!): Tick! }
  type Tick { number: Int! whoami: String }
`;

const personNumber = (n: number) => ({ id: n, name: `Person ${n} "x" Zoë`, n });
const peopleOf = (first: number) => ({
  edges: Array.from({ length: first }, (_, n) => ({ cursor: `c${n}`, node: personNumber(n) })),
  totalCount: 1_000,
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function* ticks(to: number) {
  for (let number = 1; number <= to; number += 1) {
    yield { ticks: { number } };
    await pause(5);
  }
}

const resolvers: Record<string, Record<string, unknown>> = {
  Query: {
    hello: (_: unknown, { name, times }: { name: string; times: number }) => Array(times).fill(`hello ${name}`).join(),
    whoami: (_: unknown, __: unknown, { caller }: ToyContext) => `${caller.token} in ${caller.workspace}`,
    lane: () => (/plan\.ts/.test(new Error('where').stack ?? '') ? 'fast' : 'apollo'),
    people: async (_: unknown, { first }: { first: number }) => peopleOf(first),
    refused: () => Promise.reject(new CrmError('NOT_FOUND', { field: 'id', limit: 3 })),
    refusedHard: () => {
      throw new CrmError('FORBIDDEN');
    },
    broken: () => {
      throw new Error('cannot write "grace@acme.example" for bob@acme.example');
    },
    echo: (_: unknown, { input }: { input?: { name: string } }) => input?.name,
    slow: (_: unknown, { ms }: { ms: number }) => pause(ms).then(() => 'done'),
  },
  Person: {
    boss: ({ n }: { n: number }) => (n % 2 ? Promise.resolve(personNumber(n + 1)) : null),
    mood: ({ n }: { n: number }) => {
      if (n === 3) throw new CrmError('FORBIDDEN');
      return 'fine';
    },
    friends: (_: unknown, { first }: { first: number }) => peopleOf(first),
  },
  Mutation: { rename: (_: unknown, { name }: { name: string }) => `renamed ${name}` },
  Tick: { whoami: (_: unknown, __: unknown, { caller }: ToyContext) => caller.token },
};

/** A small schema with something for each promise of the server. */
export function toySchema(): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const [type, fields] of Object.entries(resolvers)) {
    for (const [name, resolve] of Object.entries(fields)) {
      (schema.getType(type) as GraphQLObjectType).getFields()[name]!.resolve = resolve as never;
    }
  }
  const { ticks: field } = schema.getSubscriptionType()!.getFields();
  field!.subscribe = (_, { to }) => ticks(to);
  return schema;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says itself what it expects in there
  readonly body: any;
}

/** Starts a server on a free port and gives what a test needs to talk to it over real HTTP. */
export async function serving(options: Partial<GraphqlServerOptions<ToyContext>> = {}) {
  const logged: { fields: Record<string, unknown>; message: string }[] = [];
  const log = (fields: object, message: string) =>
    void logged.push({ fields: fields as Record<string, unknown>, message });
  const schema = toySchema();
  const server = await createGraphqlServer<ToyContext>({
    schema,
    contextOf: async (caller) => ({ caller }),
    health: () => ({ ready: true }),
    logger: { info: log, warn: log, error: log },
    ...options,
  });
  const url = await server.listen('127.0.0.1', 0);
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    const body = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
    return { status: response.status, headers: Object.fromEntries(response.headers), text, body };
  };
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { url, server, schema, logged, ask, post, close: () => server.close() };
}

export type Serving = Awaited<ReturnType<typeof serving>>;
