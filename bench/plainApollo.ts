import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify from 'fastify';

/*
 * What the product's HTTP lines are held against: Apollo Server 5 on Fastify as its own documentation sets it up, with
 * its default plugins, answering from an array in memory, for anybody who asks. `CONTACTS_FILE` has the array.
 */

/** A contact as the product answers it, with its cursor. */
export interface PlainContact {
  readonly cursor: string;
  readonly node: object;
  /** Whether there is a live consent for marketing. */
  readonly reachable: boolean;
}

const typeDefs = `#graphql
  enum Purpose { MARKETING ANALYTICS PERSONALISATION }
  enum ContactOrderField { FAMILY_NAME CREATED_AT }
  enum Direction { ASC DESC }
  input ContactFilter { mayContactFor: Purpose }
  input ContactOrder { field: ContactOrderField! direction: Direction! = ASC }
  type LabelledValue { value: String! label: String }
  type Company { id: ID! name: String }
  type Contact { id: ID! displayName: String! emails: [LabelledValue!]! company: Company tags: [String!]! }
  type ContactEdge { cursor: String! node: Contact! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type ContactConnection { edges: [ContactEdge!]! pageInfo: PageInfo! totalCount: Int }
  input LabelledValueInput { value: String! label: String }
  input PostalAddressInput { city: String }
  input CreateContactInput {
    givenName: String familyName: String emails: [LabelledValueInput!] phones: [LabelledValueInput!]
    addresses: [PostalAddressInput!] jobTitle: String tags: [String!]
  }
  type ContactPayload { contact: Contact! version: Int! position: String! }
  type Query { contacts(first: Int! = 50, after: String, filter: ContactFilter, orderBy: [ContactOrder!]): ContactConnection! }
  type Mutation { createContact(input: CreateContactInput!): ContactPayload! }
`;

interface PageArgs {
  readonly first: number;
  readonly after?: string | null;
  readonly filter?: { readonly mayContactFor?: string | null } | null;
}

interface CreateInput {
  readonly givenName?: string;
  readonly familyName?: string;
  readonly emails?: readonly object[];
  readonly tags?: readonly string[];
}

class List {
  readonly #places: ReadonlyMap<string, number>;

  constructor(private readonly contacts: readonly PlainContact[]) {
    this.#places = new Map(contacts.map(({ cursor }, index) => [cursor, index]));
  }

  page({ first, after }: PageArgs) {
    const from = after ? this.#places.get(after)! + 1 : 0;
    const edges = this.contacts.slice(from, from + first);
    const pageInfo = { hasNextPage: from + first < this.contacts.length, endCursor: edges.at(-1)?.cursor };
    return { edges, pageInfo, totalCount: this.contacts.length };
  }
}

const created = ({ givenName, familyName, emails = [], tags = [] }: CreateInput) => ({
  contact: { id: randomUUID(), displayName: `${givenName} ${familyName}`, emails, tags, company: null },
  version: 1,
  position: '0000000000000001',
});

const main = async (): Promise<void> => {
  const contacts = JSON.parse(readFileSync(process.env.CONTACTS_FILE!, 'utf8')) as PlainContact[];
  const all = new List(contacts);
  // Filtered once, not for every request: an array as good as it can be.
  const reachable = new List(contacts.filter((contact) => contact.reachable));
  const resolvers = {
    Query: {
      contacts: (_: unknown, args: PageArgs) => (args.filter?.mayContactFor ? reachable : all).page(args),
    },
    Mutation: { createContact: (_: unknown, { input }: { input: CreateInput }) => created(input) },
  };
  const fastify = Fastify();
  const apollo = new ApolloServer({ typeDefs, resolvers, plugins: [fastifyApolloDrainPlugin(fastify)] });
  await apollo.start();
  await fastify.register(fastifyApollo(apollo));
  const address = await fastify.listen({ host: '127.0.0.1', port: 0 });
  process.on('SIGTERM', () => process.exit(0));
  process.stdout.write(`ready ${address}/graphql\n`);
};

await main();
