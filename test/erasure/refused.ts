import { type GraphQLInputType, getNamedType, isEnumType, isInputObjectType, isListType, isNonNullType } from 'graphql';
import { documentOf, type RootField, rootFields, sampleOf } from '../support/sampleInputs.js';
import type { SignedUp, TestServer } from '../support/server.js';
import type { Canary } from './canary.js';
import { schema } from './story.js';

const MARKED = new Set(['String', 'ID', 'JSON']);

/** A value with a marker in every text and in every id, so that it is refused for the ids. */
const marked = (type: GraphQLInputType, path: string, canary: Canary, inside: readonly string[] = []): unknown => {
  if (isNonNullType(type)) return marked(type.ofType, path, canary, inside);
  if (isListType(type)) return [marked(type.ofType, path, canary, inside)];
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    const fields = Object.values(named.getFields()).filter((field) => {
      const of = getNamedType(field.type);
      return !inside.includes(of.name);
    });
    return Object.fromEntries(
      fields.map(({ name, type: of }) => [name, marked(of, `${path}.${name}`, canary, [...inside, named.name])]),
    );
  }
  return MARKED.has(named.name) ? canary.mark(path, 'passing') : sampleOf(named);
};

const hasId = (type: GraphQLInputType): boolean => {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return named.name === 'ID';
  return Object.values(named.getFields()).some((field) => getNamedType(field.type).name === 'ID');
};

/** A value as it is written into a document. */
const literal = (value: unknown, type: GraphQLInputType): string => {
  if (isNonNullType(type)) return literal(value, type.ofType);
  if (isListType(type)) return `[${(value as unknown[]).map((each) => literal(each, type.ofType)).join(', ')}]`;
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    const fields = named.getFields();
    const entries = Object.entries(value as object).map(
      ([name, each]) => `${name}: ${literal(each, fields[name]!.type)}`,
    );
    return `{ ${entries.join(', ')} }`;
  }
  return isEnumType(named) ? String(value) : JSON.stringify(value);
};

const argsOf = ({ kind, name, field }: RootField, canary: Canary) => {
  const root = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[kind];
  return Object.fromEntries(
    field.args.map((arg) => [arg.name, marked(arg.type, `${root}.${name}.${arg.name}`, canary)]),
  );
};

/**
 * Sends every operation of the API with a marker in every place for words: by somebody who is not signed in, signed in
 * with ids that are none, with the words in the document, and in documents that do not fit the schema. What of it changes
 * something is refused. New operations are among them by themselves.
 */
export const sendRefused = async (server: TestServer, ada: SignedUp, canary: Canary): Promise<void> => {
  const caller = { token: ada.token, workspace: ada.workspaceId };
  const covered = new Set(canary.covered);
  for (const root of rootFields(schema).filter(({ field }) => field.args.length > 0)) {
    const { kind, name, field } = root;
    const args = argsOf(root, canary);
    const document = documentOf(root, args);
    const written = field.args.map((arg) => `${arg.name}: ${literal(args[arg.name], arg.type)}`).join(', ');
    await server.ask(document, args);
    await server.ask(`${kind} { ${name}(${written}) { nothingOfTheSort } }`, {}, caller);
    const harmless = kind !== 'mutation' || field.args.some((arg) => hasId(arg.type));
    if (!harmless) continue;
    const { errors } = await server.ask(document, args, caller);
    await server.ask(
      document.replace(/\(\$[^)]*\)/, '').replace(/\(([^)]*)\)/, () => `(${written})`),
      {},
      caller,
    );
    if (kind === 'mutation' && !errors) throw new Error(`${name} took ids that are none.`);
  }
  // Refused is not written: mutations have to be covered by the story itself.
  for (const place of canary.covered)
    if (place.startsWith('Mutation.') && !covered.has(place)) canary.covered.delete(place);
};

/** Requests that are none: torn, of the wrong kind, too large, with words where none belong. */
export const sendMalformed = async (server: TestServer, ada: SignedUp, canary: Canary): Promise<void> => {
  const word = (place: string) => canary.mark(place, 'passing');
  const json = { 'content-type': 'application/json' };
  const signedIn = { ...json, authorization: `Bearer ${ada.token}`, 'x-workspace': ada.workspaceId };
  const post = (body: string, headers: Record<string, string> = signedIn) =>
    fetch(server.url, { method: 'POST', headers, body }).then((answer) => answer.text());
  await post(`{"query":"{ contacts(filter: { search: \\"${word('a torn body')}`);
  await post(`{ contacts(filter: { search: "${word('a torn document')}`);
  await post(JSON.stringify({ query: `{ contacts { ${word('a field that is none')} } }` }));
  await post(JSON.stringify({ query: '{ contacts { totalCount } }', operationName: word('another operation') }));
  await post(
    JSON.stringify({
      query: 'query ($a: Int) { contacts(first: $a) { totalCount } }',
      variables: { a: word('a number') },
    }),
  );
  await post(JSON.stringify({ query: '{ __typename }', extensions: { word: word('an extension') } }));
  await post(word('a plain text'), { ...signedIn, 'content-type': 'text/plain' });
  await post(word('a large body').padEnd(12_000_000, 'x')).catch(() => undefined);
  await post('{"query":"{ __typename }"}', { ...json, authorization: `Bearer ${word('a token')}` });
  await post('{"query":"{ __typename }"}', { ...signedIn, 'x-workspace': word('a workspace') });
  await post('{"query":"{ __typename }"}', { ...signedIn, 'x-purpose': word('a purpose') });
  await post('{"query":"{ __typename }"}', { ...signedIn, 'user-agent': word('a browser') });
  await post('{"query":"{ __typename }"}', { ...signedIn, 'x-request-id': word('an id of a request') });
  const get = (path: string) =>
    fetch(`${server.origin}/${path}`, { headers: signedIn }).then((answer) => answer.text());
  await get(`graphql?query={contact(id:"${word('a query in the address')}"){id}}`);
  await get(word('a path'));
  await get(`erasures/${word('an erasure')}/${word('a person')}/certificate`);
};
