import { type Serving, serving } from './serving.js';

let crm: Serving;
beforeAll(async () => {
  crm = await serving();
});
afterAll(() => crm.close());

const errors = async (query: string, variables?: object, more?: object) =>
  (await crm.post({ query, variables, ...more })).body.errors;

test('a refusal is answered with its code, its details and the path', async () => {
  expect(await errors('{ again: refused }')).toEqual([
    { message: 'There is no such record.', path: ['again'], extensions: { code: 'NOT_FOUND', field: 'id', limit: 3 } },
  ]);
});

test('anything else is answered as INTERNAL with an id, and logged under it without what was entered', async () => {
  const [error] = await errors('query ($name: String) { broken hello(name: $name) }', { name: 'Grace' });
  const { id } = error.extensions;
  expect(error).toEqual({
    message: 'Something went wrong on our side; the id finds it in the log.',
    path: ['broken'],
    extensions: { code: 'INTERNAL', id: expect.stringMatching(/^[\da-f-]{36}$/) },
  });
  const { fields } = crm.logged.find(({ fields: { errorId } }) => errorId === id)!;
  expect(fields).toMatchObject({ path: ['broken'], error: 'Error', stack: expect.stringContaining('    at ') });
  expect(JSON.stringify(crm.logged)).not.toMatch(/grace|bob|Grace/);
});

test('a document that is no GraphQL is answered with where, and without what stood there', async () => {
  const [error] = await errors('{ hello(name: "Grace Hopper" "again") }');
  expect(error.extensions).toEqual({ code: 'GRAPHQL_PARSE_FAILED' });
  expect(error.locations).toEqual([{ line: 1, column: 30 }]);
  expect(error.message).not.toContain('again');
});

test('a document that does not fit the schema says what is not there', async () => {
  const [error] = await errors('{ helo }');
  expect(error).toEqual({
    message: 'Cannot query field "helo" on type "Query". Did you mean "hello"?',
    locations: [{ line: 1, column: 3 }],
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
});

test.each([
  ['{ hello(times: "Grace") }', 'A literal does not fit the type Int.'],
  ['{ hello(name: 12345) }', 'A literal does not fit the type String.'],
  ['{ hello(times: null) }', 'A literal does not fit the type Int!.'],
  ['{ echo(colour: GRACE) }', 'A literal does not fit.'],
  ['{ echo(input: { name: "Ada", surname: "Grace" }) }', 'A literal does not fit.'],
  ['{ echo(input: "Grace") }', 'A literal does not fit the type PersonInput.'],
])('%s is refused without the literal', async (query, message) => {
  const [error] = await errors(query);
  expect(error).toMatchObject({ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  expect(JSON.stringify(error)).not.toMatch(/grace|12345|ada/i);
});

test.each([
  [{ input: { name: { first: 'Grace' } } }, 'input.name', 'String!'],
  [{ input: { name: 'Ada', tags: ['x', 'y', { Grace: 1 }] } }, 'input.tags.2', 'String!'],
  [{ input: { name: 'Ada', tags: [null] } }, 'input.tags.0', 'String!'],
  [{ input: { tags: [] } }, 'input.name', 'String!'],
  [{ input: { name: 'Ada', Grace: 'Hopper' } }, 'input', 'PersonInput!'],
  [{ input: 'Grace' }, 'input', 'PersonInput!'],
  [{ input: null }, 'input', 'PersonInput!'],
  [{}, 'input', 'PersonInput!'],
  [{ input: { name: 'Ada' }, colour: 'Grace' }, 'colour', 'Colour'],
])(
  'variables %j are refused by the field and its type, without the value, each time',
  async (variables, field, type) => {
    const query = 'query ($input: PersonInput!, $colour: Colour) { echo(input: $input, colour: $colour) }';
    for (let time = 0; time < 2; time += 1) {
      const reason = `A value of type ${type} is expected.`;
      expect(await errors(query, variables)).toEqual([
        { message: reason, extensions: { code: 'BAD_USER_INPUT', field, reason } },
      ]);
    }
  },
);

test('null in a variable for an argument that may not be null is the caller’s mistake, not ours', async () => {
  const found = await errors('query ($n: Int = 1) { hello(times: $n) }', { n: null });
  expect(found[0]).toMatchObject({ path: ['hello'], extensions: { code: 'BAD_USER_INPUT', field: 'times' } });
});

test('an operation that is not in the document is refused without its name', async () => {
  const found = await errors('query A { hello }', {}, { operationName: 'Grace' });
  expect(found).toEqual([
    { message: 'The operation to run could not be determined.', extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } },
  ]);
});

test('a client that tries persisted queries is told, in the words it looks for, to send the query', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'x' } };
  const { body } = await crm.post({ extensions });
  expect(body.errors).toEqual([{ message: 'PersistedQueryNotSupported', extensions: { code: 'BAD_REQUEST' } }]);
});
