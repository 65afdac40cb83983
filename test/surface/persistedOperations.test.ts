import { createHash } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { readPersistedOperations } from '../../schema/persistedOperations.js';
import { type Answer, type Serving, serving, toySchema } from '../schema/serving.js';

const HELLO = 'query Hello($name: String) { hello(name: $name) }';
const TICKS = 'subscription { ticks(to: 1) { number } }';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const schema = toySchema();

let crm: Serving;
beforeAll(async () => {
  const text = JSON.stringify({ [sha256(HELLO)]: HELLO, ticks: TICKS });
  crm = await serving({ surface: { persistedOperations: readPersistedOperations(text, schema) } });
});
afterAll(() => crm.close());

const codeOf = ({ body }: Answer) => body.errors?.[0]?.extensions.code;

test.each<[string, object]>([
  ['by its id', { documentId: sha256(HELLO) }],
  [
    'by its hash, as Apollo’s clients send it',
    { extensions: { persistedQuery: { version: 1, sha256Hash: sha256(HELLO) } } },
  ],
  ['as a whole, to the letter', { query: HELLO }],
])('[P5.5] a registered operation is answered when it is sent %s', async (_, sent) => {
  for (let time = 0; time < 2; time += 1) {
    const answer = await crm.post({ ...sent, variables: { name: 'Ada' } });
    expect(answer.body).toEqual({ data: { hello: 'hello Ada' } });
  }
});

test.each<[string, unknown]>([
  ['another document', { query: '{ hello }' }],
  ['a registered one with a space more', { query: `${HELLO} ` }],
  ['an unknown id', { documentId: 'nothing' }],
  ['an id of Object’s', { documentId: '__proto__' }],
  [
    'an unknown id with a document to register',
    { query: '{ hello }', extensions: { persistedQuery: { sha256Hash: sha256('{ hello }') } } },
  ],
  ['nothing', {}],
  ['null', 'null'],
  ['a batch', [{ documentId: 'ticks' }]],
])('[P5.5] nothing else is: %s', async (_, sent) => {
  const answer = await crm.post(sent);
  expect([answer.status, codeOf(answer)]).toEqual([400, 'OPERATION_NOT_PERSISTED']);
});

test('[P5.5] the same holds for GET', async () => {
  const get = (query: string) =>
    crm.ask(`/graphql?query=${encodeURIComponent(query)}`, { headers: { 'apollo-require-preflight': '1' } });
  expect((await get(HELLO)).body).toEqual({ data: { hello: 'hello world' } });
  expect(codeOf(await get('{ hello }'))).toBe('OPERATION_NOT_PERSISTED');
});

test('[P5.5] and for subscriptions', async () => {
  const url = `${crm.url.replace('http', 'ws')}/graphql`;
  const connection = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
  const collected = async (query: string) => {
    const results: unknown[] = [];
    for await (const result of connection.iterate({ query })) results.push(result);
    return results;
  };
  expect(await collected(TICKS)).toEqual([{ data: { ticks: { number: 1 } } }]);
  await expect(collected('subscription { ticks(to: 2) { number } }')).rejects.toMatchObject([
    { extensions: { code: 'OPERATION_NOT_PERSISTED' } },
  ]);
  await connection.dispose();
});

test.each(['', '[]', 'null', '{}', '{"a": 1}', '{"a": "{ nothing }"}', '{"a": "{"}'])(
  'a file that is not of registered operations stops the start: %s',
  (text) => {
    expect(() => readPersistedOperations(text, schema)).toThrow(
      expect.objectContaining({
        code: 'BAD_CONFIGURATION',
        message: expect.stringContaining('PERSISTED_OPERATIONS_FILE'),
      }),
    );
  },
);
