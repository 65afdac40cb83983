import { createSourceEventStream, graphql, parse } from 'graphql';
import {
  buildSchemaSync,
  createUnionType,
  Field,
  FieldResolver,
  ID,
  InterfaceType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import {
  type AccessContext,
  type Allowed,
  Allow as AllowOurs,
  assertEveryFieldAllowed,
  enforceAccess,
  guarded,
} from '../../schema/access.js';

/** Permissions of a world of its own. */
const Allow = (permission: string) => AllowOurs(permission as Allowed);

@InterfaceType({ resolveType: (value) => value.kind })
abstract class Record {
  @Field(() => ID)
  id!: string;
}

@Allow('money:read')
@ObjectType({ simpleResolvers: true, implements: Record })
class Invoice extends Record {
  kind = 'Invoice';

  @Field()
  amount!: number;

  @Allow('money:audit')
  @Field()
  margin!: number;
}

@ObjectType({ simpleResolvers: true, implements: Record })
class Note extends Record {
  kind = 'Note';

  @Field()
  text!: string;

  @Field(() => Invoice, { nullable: true })
  about?: Invoice;
}

const Found = createUnionType({
  name: 'Found',
  types: () => [Invoice, Note] as const,
  resolveType: (value) => value.kind,
});

const invoice = Object.assign(new Invoice(), { id: 'i', amount: 5, margin: 1 });
const note = Object.assign(new Note(), { id: 'n', text: 'x', about: invoice });

@Resolver(() => Invoice)
class InvoiceResolver {
  @Allow('public')
  @Query(() => String)
  open() {
    return 'open';
  }

  @Allow('signed-in')
  @Query(() => String)
  mine() {
    return 'mine';
  }

  @Allow('note:read')
  @Query(() => Note)
  note() {
    return note;
  }

  @Allow('public')
  @Query(() => [Invoice])
  invoices() {
    return [invoice];
  }

  @Allow('public')
  @Query(() => [Found])
  found() {
    return [note, invoice];
  }

  @Allow('public')
  @Query(() => [Record])
  records() {
    return [invoice];
  }

  @Allow('money:write')
  @Mutation(() => Invoice, { nullable: true })
  pay() {
    return invoice;
  }

  @FieldResolver(() => String)
  inherited(@Root() { id }: Invoice) {
    return `of ${id}`;
  }

  @Allow('note:read')
  @Subscription(() => Note, {
    subscribe: async function* () {
      yield note;
    },
  })
  noted(@Root() event: Note) {
    return event;
  }
}

const pubSub = { publish: () => {}, subscribe: () => (async function* () {})() };
const build = (resolvers: readonly object[]) =>
  buildSchemaSync({ resolvers: resolvers as never, validate: false, pubSub: pubSub as never });
const schema = guarded(build([InvoiceResolver]));

const anybody: AccessContext = { isSignedIn: false, can: () => false };
const who = (...permissions: string[]): AccessContext => ({
  isSignedIn: true,
  can: (asked) => permissions.includes(asked),
});

async function asked(source: string, contextValue: AccessContext) {
  const { data, errors } = await graphql({ schema, source, contextValue });
  return errors
    ? errors.map(({ path, originalError }) => [path?.join('.'), (originalError as { code?: string })?.code])
    : data;
}

describe('who may use a field', () => {
  test('anybody, where it is public', async () => expect(await asked('{ open }', anybody)).toEqual({ open: 'open' }));

  test('whoever is signed in, whatever else they may do', async () => {
    expect(await asked('{ mine }', anybody)).toEqual([['mine', 'UNAUTHENTICATED']]);
    expect(await asked('{ mine }', who())).toEqual({ mine: 'mine' });
  });

  test('whoever has its permission; others are told whether signing in would help', async () => {
    expect(await asked('{ note { text } }', anybody)).toEqual([['note', 'UNAUTHENTICATED']]);
    expect(await asked('{ note { text } }', who('note:write'))).toEqual([['note', 'FORBIDDEN']]);
    expect(await asked('{ note { text } }', who('note:read'))).toEqual({ note: { text: 'x' } });
  });

  test('a mutation that may not be used is not carried out', async () => {
    expect(await asked('mutation { pay { id } }', who('money:read'))).toEqual([['pay', 'FORBIDDEN']]);
  });

  test('a single field may ask for more than its type', async () => {
    expect(await asked('{ invoices { amount margin } }', who('money:read'))).toEqual([
      ['invoices.0.margin', 'FORBIDDEN'],
    ]);
    expect(await asked('{ invoices { margin } }', who('money:read', 'money:audit'))).toEqual({
      invoices: [{ margin: 1 }],
    });
  });

  test('a subscription that may not be used does not begin', async () => {
    const document = parse('subscription { noted { text } }');
    const begun = async (contextValue: AccessContext) => createSourceEventStream({ schema, document, contextValue });
    expect(await begun(who())).toMatchObject({ errors: [{ originalError: { code: 'FORBIDDEN' } }] });
    expect(await begun(who('note:read'))).toHaveProperty([Symbol.asyncIterator]);
  });
});

describe('who may have an object', () => {
  test('is checked at the field that returns it, in a list too', async () => {
    expect(await asked('{ invoices { amount } }', who())).toEqual([['invoices', 'FORBIDDEN']]);
    expect(await asked('{ invoices { amount inherited } }', who('money:read'))).toEqual({
      invoices: [{ amount: 5, inherited: 'of i' }],
    });
  });

  test('is checked where the object is a property of another', async () => {
    expect(await asked('{ note { about { amount } } }', who('note:read'))).toEqual([['note.about', 'FORBIDDEN']]);
    expect(await asked('{ note { about { amount } } }', who('note:read', 'money:read'))).toEqual({
      note: { about: { amount: 5 } },
    });
  });

  test('is checked where the field returns a union or an interface', async () => {
    expect(await asked('{ found { __typename } }', who())).toEqual([['found.1', 'FORBIDDEN']]);
    expect(await asked('{ records { id } }', who())).toEqual([['records.0', 'FORBIDDEN']]);
    expect(await asked('{ found { __typename } records { id } }', who('money:read'))).toEqual({
      found: [{ __typename: 'Note' }, { __typename: 'Invoice' }],
      records: [{ id: 'i' }],
    });
  });

  test('costs nothing at plain fields: they keep no resolver', () => {
    const fields = (type: string) =>
      Object.values((schema.getType(type) as never as { getFields(): object }).getFields());
    expect(fields('Note').map(({ name, resolve }) => [name, resolve !== undefined])).toEqual([
      ['id', false],
      ['text', false],
      ['about', true],
    ]);
  });
});

describe('a schema', () => {
  @ObjectType({ simpleResolvers: true })
  class Silent {
    @Field()
    plain!: string;
  }

  @Resolver(() => Silent)
  class SilentResolver {
    @Query(() => Silent)
    silent() {
      return { plain: 'x' };
    }

    @Mutation(() => String)
    change() {
      return '';
    }

    @Subscription(() => String, { topics: 'x' })
    changed() {
      return '';
    }

    @FieldResolver(() => String)
    more() {
      return '';
    }
  }

  test('in which a field does not say who may use it is not built, and every such field is named', () => {
    expect(() => assertEveryFieldAllowed(build([SilentResolver]))).toThrow(
      'Say with @Allow who may use: Query.silent, Silent.more, Mutation.change, Subscription.changed (plain types: simpleResolvers).',
    );
  });

  test('in which every field says so is', () => {
    const allowed = build([InvoiceResolver]);
    expect(() => assertEveryFieldAllowed(allowed)).not.toThrow();
    expect(() => enforceAccess(allowed)).not.toThrow();
  });
});
