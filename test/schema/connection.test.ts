import * as fc from 'fast-check';
import { graphql, printType } from 'graphql';
import { Args, buildSchemaSync, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { Connection, decodeCursor, encodeCursor, PageArgs } from '../../schema/connection.js';
import { CrmError } from '../../src/errors.js';

@ObjectType({ simpleResolvers: true })
class Planet {
  @Field(() => ID)
  id!: string;
}

const PlanetConnection = Connection(Planet);

@Resolver()
class PlanetResolver {
  @Query(() => PlanetConnection)
  planets(@Args() { first, after }: PageArgs) {
    const nodes = [{ id: `${first} after ${after}` }];
    return {
      edges: nodes.map((node) => ({ cursor: encodeCursor({ sort: 's', key: node.id }), node })),
      nodes,
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
      totalCount: 8,
      totalCountIsExact: true,
    };
  }
}

const schema = buildSchemaSync({ resolvers: [PlanetResolver], validate: false });

describe('a connection', () => {
  test('has the fields that Relay asks for, and the nodes and the count', () => {
    const fields = printType(schema.getType('PlanetConnection')!)
      .replace(/"""[^"]*"""/g, '')
      .match(/\w+: [\w![\]]+/g);
    expect(fields).toEqual([
      'edges: [PlanetEdge!]!',
      'nodes: [Planet!]!',
      'pageInfo: PageInfo!',
      'totalCount: Int!',
      'totalCountIsExact: Boolean!',
    ]);
  });

  test('of one node type is one type, however often it is asked for', () => {
    expect(Connection(Planet)).toBe(PlanetConnection);
  });

  test('gives 50 rows where nothing is said', async () => {
    const source = '{ planets { nodes { id } pageInfo { hasNextPage startCursor } edges { node { id } } } }';
    const { data } = await graphql({ schema, source });
    expect(data).toMatchObject({
      planets: { nodes: [{ id: '50 after undefined' }], pageInfo: { hasNextPage: true, startCursor: null } },
    });
  });
});

describe('a cursor', () => {
  test('leads back to the place it was made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (sort, key) => {
        expect(decodeCursor(encodeCursor({ sort, key }))).toEqual({ sort, key });
      }),
    );
  });

  test('is made of letters that need no escaping anywhere', () => {
    expect(encodeCursor({ sort: 'Zoë 🦊??>>', key: '~~~' })).toMatch(/^[\w-]+$/);
  });

  const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  test.each([
    ['nothing', ''],
    ['no base64', '!!!'],
    ['no JSON', Buffer.from('[').toString('base64url')],
    ['no list', cursorOf({ sort: 'a', key: 'b' })],
    ['a list too short', cursorOf(['a'])],
    ['a list too long', cursorOf(['a', 'b', 'c'])],
    ['a number for a key', cursorOf(['a', 1])],
    ['another spelling of the same', Buffer.from('["a", "b"]').toString('base64url')],
    ['padding', `${cursorOf(['a', 'bc'])}==`],
    ['null', cursorOf(null)],
    ['a very long one', cursorOf(['a'.repeat(10_000), 'b'])],
  ])('that was tampered with is refused: %s', (_, cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(new CrmError('BAD_CURSOR'));
  });

  test('cut or changed anywhere is refused or another place, and never an error of ours', () => {
    const whole = encodeCursor({ sort: 'Hopper', key: '01a' });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.constantFrom('', 'A', '_', '%'), (at, put) => {
        try {
          const { sort, key } = decodeCursor(whole.slice(0, at) + put + whole.slice(at + 1));
          expect([typeof sort, typeof key]).toEqual(['string', 'string']);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_CURSOR', details: { field: 'after' } });
        }
      }),
    );
  });
});
