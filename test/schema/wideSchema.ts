import {
  buildSchema,
  type GraphQLEnumType,
  type GraphQLObjectType,
  type GraphQLScalarType,
  type GraphQLSchema,
} from 'graphql';

const sdl = /* GraphQL */ `
  scalar When
  scalar Any
  enum Color { RED GREEN BLUE }
  input FilterInput {
    name: String = "anyone"
    min: Int
    colors: [Color!] = [GREEN]
    when: When
    any: Any
    deeper: FilterInput
  }
  interface Node { id: ID! }
  interface Named { name(upper: Boolean = false): String }
  type Person implements Node & Named {
    id: ID!
    name(upper: Boolean = false): String
    age: Int
    score: Float
    active: Boolean
    color: Color
    born: When
    notes: Any
    nickname: String
    promised: String
    employer: Company
    employerNow: Company!
    friends(first: Int = 2): [Person!]!
    tags: [String!]!
    matrix: [[Int]]!
    sometimes: [String!]
    fails: String
    failsHard: String!
    returnsError: String
    nothing: String!
    pet: Anything
    pets: [Anything]
  }
  type Company implements Node & Named {
    id: ID!
    name(upper: Boolean = false): String
    size: Int
    color: Color!
    staff: [Person]
    parent: Company
  }
  type Robot implements Node {
    id: ID!
    serial: String
    maker: Company
    twin: Robot
  }
  union Anything = Person | Company | Robot
  type Query {
    person(id: ID = "1"): Person
    people(first: Int = 3, filter: FilterInput): [Person!]!
    company: Company!
    node(id: ID!): Node
    nodes: [Node]
    named: [Named!]
    anything: [Anything!]
    robot: Robot
    echo(
      int: Int = 7
      hard: Int! = 1
      float: Float
      text: String
      id: ID
      flag: Boolean
      list: [Int!]
      nested: [[Int]]
      color: Color = BLUE
      colors: [Color]
      input: FilterInput
      inputs: [FilterInput!]
      when: When = "2026-01-02T03:04:05.678Z"
      any: Any
    ): String!
  }
  type Mutation { touch: Int }
`;

const awkward = [
  '',
  'Grace',
  'quote " and \\ slash',
  'line\nbreak\u0000',
  'Zoë 🦊',
  'lone \ud83e surrogate',
  '\u2028',
  'null',
  '<b>',
];

/** One of many shapes of person: values, promises, methods, getters, errors and nothing, told apart by the number. */
function person(n: number): Record<string, unknown> {
  return {
    __typename: 'Person',
    id: n % 2 ? n : `p${n}`,
    rawName: awkward[n % awkward.length],
    age: n % 4 === 3 ? null : n * 7,
    score: [0.1, -0, 1e21, 5e-324, null][n % 5],
    active: n % 3 === 0,
    color: [1, 'blue', null][n % 3],
    born: n % 3 === 1 ? null : new Date(86_400_000 * n),
    notes: [{ deep: [1, { __proto__: null, x: undefined }] }, 'text', 5, [null], false][n % 5],
    nickname: n % 2 ? () => `called ${n}` : new Promise((resolve) => setImmediate(() => resolve(`awaited ${n}`))),
    promised: Promise.resolve(n % 3 ? `p${n}` : null),
    employerNow: n % 2 ? Promise.resolve(company(n)) : company(n),
    tags: new Set(['a', awkward[n % awkward.length], 'c']),
    matrix: n % 2 ? [[1, null], null, [2]] : [],
    sometimes: n % 5 === 4 ? ['a', null] : n % 5 === 3 ? [Promise.resolve('x'), 'y'] : ['z'],
    get returnsError() {
      return n % 3 ? `fine ${n}` : new Error(`returned by ${n}`);
    },
    nothing: n % 6 === 5 ? Promise.resolve(null) : 'something',
    n,
  };
}

function company(n: number): Record<string, unknown> {
  return {
    __typename: 'Company',
    id: `c${n}`,
    rawName: `Acme ${n}`,
    size: n === 13 ? 2 ** 31 : n,
    color: [1, green, 'blue'][n % 3],
    n,
  };
}

const robot = (n: number) => ({ id: `r${n}`, serial: n % 2 ? `s${n}` : null, robotic: n % 8 !== 3, n });
const green = { green: true };

function thing(n: number): unknown {
  return [person(n), company(n), robot(n), null, Promise.resolve(company(n))][n % 5];
}

/** Says what a resolver was given, with classes and absences visible. */
function seen(value: unknown): unknown {
  if (value instanceof Date) return { date: value.getTime() };
  if (Array.isArray(value)) return value.map(seen);
  if (value === undefined) return { undefined: true };
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, inner]) => [key, seen(inner)]);
}

type Resolvers = Record<string, Record<string, (source: never, args: never, context: unknown, info: never) => unknown>>;
const resolvers: Resolvers = {
  Query: {
    person: async (_: unknown, { id }: { id: string }) => (id === 'none' ? null : person(Number(id) || 0)),
    people: (_: unknown, { first }: { first: number | null }) =>
      Array.from({ length: Math.min(first ?? 0, 9) }, (__, n) => person(n)),
    company: async () => company(1),
    node: (_: unknown, { id }: { id: string }) => thing(id.length),
    nodes: async () => [0, 1, 2, 3, 4, 5, 6, 7].map(thing),
    named: () => [person(2), company(3)],
    anything: () => [thing(0), thing(1), thing(2), thing(4)],
    robot: () => robot(4),
    echo: (_: unknown, args: object, __: unknown, info: { path: object; variableValues: object }) =>
      JSON.stringify([seen(args), seen(info.path)]),
  },
  Person: {
    name: ({ rawName }: { rawName: string }, { upper }: { upper: boolean }) =>
      upper ? rawName.toUpperCase() : rawName,
    employer: ({ n }: { n: number }) => (n % 3 ? Promise.resolve(company(n)) : null),
    friends: async ({ n }: { n: number }, { first }: { first: number }) =>
      Array.from({ length: Math.min(first ?? 0, 4) }, (_, i) =>
        i % 2 ? person(n + i) : Promise.resolve(person(n + i)),
      ),
    fails: ({ n }: { n: number }) => {
      if (n % 2) throw Object.assign(new Error(`failed ${n}`), { extensions: { code: 'X', n } });
      return Promise.reject(new Error('failed later'));
    },
    failsHard: async ({ n }: { n: number }) => {
      if (n % 3 === 2) throw new Error(`hard ${n}`);
      return 'soft';
    },
    pet: ({ n }: { n: number }) => thing(n),
    pets: async ({ n }: { n: number }) => [thing(n), thing(n + 1), thing(n + 2)],
  },
  Company: {
    name: ({ rawName }: { rawName: string }) => Promise.resolve(rawName),
    staff: ({ n }: { n: number }) => (n > 40 ? [] : [person(n + 10), null]),
    parent: ({ n }: { n: number }) => (n > 20 ? null : company(n * 2)),
  },
  Robot: {
    maker: async () => company(5),
    twin: ({ n }: { n: number }) => robot(n + 1),
  },
};

/**
 * A schema with about everything in it that an executor can get wrong. Its data never change. In a list of non-null items it
 * fails at once nowhere: graphql-js 16.15 then forgets the promises of earlier items, and one that is rejected is unhandled.
 */
export function wideSchema(): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const [typeName, fields] of Object.entries(resolvers)) {
    for (const [name, resolve] of Object.entries(fields)) {
      (schema.getType(typeName) as GraphQLObjectType).getFields()[name]!.resolve = resolve as never;
    }
  }
  const inner: Record<string, unknown> = { RED: 1, GREEN: green, BLUE: 'blue' };
  const color = schema.getType('Color') as GraphQLEnumType;
  for (const value of color.getValues()) value.value = inner[value.name];
  const when = schema.getType('When') as GraphQLScalarType<unknown, unknown>;
  when.serialize = (value) => (value as Date).toISOString();
  when.parseValue = (value) => new Date(value as string);
  const byKind: Record<string, string | undefined> = { Person: 'Person', Company: 'Company' };
  const node = schema.getType('Node') as { resolveType?: unknown };
  node.resolveType = async (value: { __typename?: string }) => byKind[value.__typename ?? ''] ?? 'Robot';
  (schema.getType('Robot') as GraphQLObjectType).isTypeOf = (value: { robotic?: boolean }) =>
    value.robotic === undefined ? false : Promise.resolve(value.robotic);
  return schema;
}
