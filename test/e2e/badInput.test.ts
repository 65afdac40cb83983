import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { errorTable } from '../../src/errors.js';
import { historyOf, mutation, newId } from '../support/mutations.js';
import { type Answer, asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** Stands in every bad value, so that it can be looked for where it must not be. */
const MARKER = 'Zqxjv';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;
const ids = { contact: '', company: '', product: '', deal: '', pipeline: '' };

beforeAll(async () => {
  server = await startServer(directory.path(), { LOG_LEVEL: 'debug' });
  ada = await signUp(server, 'Ada');
  ask = asking(server, ada);
  ids.contact = await newId(ask, 'contact', { givenName: 'Grace' });
  ids.company = await newId(ask, 'company', { name: 'Acme' });
  ids.product = await newId(ask, 'product', { name: 'Thing' });
  ids.deal = await newId(ask, 'deal', { title: 'Deal' });
  ids.pipeline = (await ask('{ pipelines { id } }')).pipelines[0].id;
});
afterAll(() => server.stop());

const POST = { method: 'POST', headers: { 'content-type': 'application/json' } };

/** Sends a request and holds what every refusal promises; answers with its first error. */
const refusal = async (query: string, variables: object = {}, caller: { token?: string } = ada) => {
  const headers: Record<string, string> = { ...POST.headers };
  if (caller.token) headers.authorization = `Bearer ${caller.token}`;
  return refusedWith({ ...POST, headers, body: JSON.stringify({ query, variables }) });
};

const refusedWith = async (request: RequestInit) => {
  const before = await positions();
  const response = await fetch(server.url, request);
  const body = await response.text();
  const { errors, data } = JSON.parse(body) as Answer;
  expect(errors?.length).toBeGreaterThan(0);
  for (const { extensions, message } of errors!) {
    expect(Object.keys(errorTable)).toContain(extensions.code);
    expect([extensions.code, message]).not.toEqual(['INTERNAL', expect.anything()]);
  }
  expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
  for (const said of [body, server.output()]) {
    expect(said).not.toContain(MARKER);
    expect(said).not.toMatch(/\bat .+\(.+:\d+:\d+\)|node_modules|stacktrace/i);
  }
  expect(await positions()).toEqual(before);
  expect((await fetch(`${server.origin}/health/live`)).status).toBe(200);
  return errors![0]!;
};

const positions = async () => (await historyOf(ask)).map(({ position }: { position: string }) => position);

describe('what is no request', () => {
  test.each([
    ['torn JSON', `{"query": "{ contacts { totalCount } }", "variables": {"a": "${MARKER}`, 'BAD_REQUEST'],
    ['a list', `[{"query": "${MARKER}"}]`, 'BAD_REQUEST'],
    ['no query', `{"variables": {"a": "${MARKER}"}}`, 'BAD_REQUEST'],
    ['a query that is no text', `{"query": {"${MARKER}": 1}}`, 'BAD_REQUEST'],
    ['nothing', '', 'BAD_REQUEST'],
  ])('%s is told so', async (_name, body, code) => {
    expect((await refusedWith({ ...POST, body })).extensions.code).toBe(code);
  });

  test('a body of another type is told so', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect((await refusedWith({ method: 'POST', headers, body: MARKER })).extensions.code).toBe('BAD_REQUEST');
  });

  test.each([
    ['of a member', 8 * 1024 * 1024, () => ({ authorization: `Bearer ${ada.token}` })],
    ['of somebody unknown', 256 * 1024, () => ({})],
  ])('too large a body %s is told so before it is all there', async (_name, limit, more) => {
    const headers = { ...POST.headers, ...more(), 'content-length': limit + 1 };
    const request = httpRequest(server.url, { method: 'POST', headers });
    request.write(`{"query": "${MARKER}`);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect([response.statusCode, JSON.parse(await text(response)).errors[0].extensions]).toEqual([
      413,
      { code: 'BODY_TOO_LARGE', limit },
    ]);
    request.destroy();
  });
});

describe('what is no GraphQL, or not of this schema', () => {
  test.each([
    ['an unclosed brace', `{ contacts(filter: { search: "${MARKER}" }`, 'GRAPHQL_PARSE_FAILED'],
    ['an unclosed string', `{ contacts(filter: { search: "${MARKER}`, 'GRAPHQL_PARSE_FAILED'],
    ['nothing at all', '', 'BAD_REQUEST'],
    ['no document', '}', 'GRAPHQL_PARSE_FAILED'],
    ['a control character', `{ contacts \u0007 { ${MARKER} } }`, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ contacts { secrets } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a literal of another type', `{ contacts(first: "${MARKER}") { totalCount } }`, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown enum value',
      `{ contacts(filter: { mayContactFor: ${MARKER} }) { totalCount } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a date that is none',
      `{ deals(filter: { closingFrom: "${MARKER}" }) { totalCount } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a missing argument', '{ contact { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['two operations and no name', 'query A { __typename } query B { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('%s is told so', async (_name, query, code) => {
    expect((await refusal(query)).extensions.code).toBe(code);
  });

  test.each([
    ['createContact', { givenName: { [MARKER]: 1 } }, 'input.givenName'],
    ['createContact', { emails: [{ value: 'a@b.example' }, { value: [MARKER] }] }, 'input.emails.1.value'],
    ['createContact', { [MARKER]: 'x' }, 'input'],
    ['createCompany', { domain: MARKER }, 'input.name'],
    ['createCompany', { name: 'n', employees: MARKER }, 'input.employees'],
    ['createDeal', { title: 't', closeDate: `2026-02-${MARKER}` }, 'input.closeDate'],
    ['createDeal', { title: 't', closeDate: '2026-02-30' }, 'input.closeDate'],
    ['recordConsent', { contactId: 'c', purpose: MARKER, channel: 'EMAIL', noticeVersion: '1' }, 'input.purpose'],
  ])('%s with a variable that does not fit names it', async (name, input, field) => {
    const { extensions } = await refusal(mutation(name, '__typename'), { input });
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('a variable that is null where there must be a value is named', async () => {
    const query =
      'query ($filter: ContactFilter, $first: Int) { contacts(filter: $filter, first: $first) { totalCount } }';
    const { extensions } = await refusal(query, { first: null });
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'first' });
  });
});

describe('what asks for too much', () => {
  test('a query too deep', async () => {
    const nested = (levels: number): string => (levels === 0 ? 'id' : `subsidiaryOf { ${nested(levels - 1)} }`);
    const query = `query ($id: ID!) { company(id: $id) { ${nested(11)} } }`;
    expect((await refusal(query, { id: MARKER })).extensions).toEqual({
      code: 'QUERY_TOO_DEEP',
      limit: 12,
      actual: 13,
    });
    expect((await ask(`query ($id: ID!) { company(id: $id) { ${nested(10)} } }`, { id: ids.company })).company).toEqual(
      {
        subsidiaryOf: null,
      },
    );
  });

  test('a query too costly', async () => {
    const parts =
      'id title contact { id displayName emails { value label } notes } company { id name notes } stageHistory { stage since outcome }';
    const query = `query ($first: Int!) { deals(first: $first) { edges { node { ${parts} } } nodes { ${parts} ${parts.replace(/^id/, 'deal: id')} } } }`;
    const more = query.replace('nodes {', 'more: nodes {').replace('edges {', `nodes { ${parts} } edges {`);
    const { extensions } = await refusal(more, { first: 200 });
    expect(extensions).toMatchObject({ code: 'QUERY_TOO_COSTLY', limit: 10_000, actual: expect.any(Number) });
    expect(extensions.actual).toBeGreaterThan(10_000);
    expect((await ask(more, { first: 20 })).deals.nodes).toHaveLength(1);
  });

  test('a query too long, or with too many aliases', async () => {
    const long = `{ contacts { nodes { ${'id '.repeat(2_000)} } } }`;
    expect((await refusal(long)).extensions).toEqual({ code: 'QUERY_TOO_LONG', limit: 2_000 });
    const longText = `{ contacts(filter: { search: "${MARKER.repeat(25_000)}" }) { totalCount } }`;
    expect((await refusal(longText)).extensions).toEqual({ code: 'QUERY_TOO_LONG', limit: 100_000 });
    const aliased = `{ ${Array.from({ length: 31 }, (_, index) => `a${index}: __typename`).join(' ')} }`;
    expect((await refusal(aliased)).extensions).toEqual({ code: 'TOO_MANY_ALIASES', limit: 30, actual: 31 });
  });
});

describe('values that are not of the form asked for', () => {
  const CONTROL = `${MARKER}\u0007`;
  test.each([
    ['a bad e-mail', { emails: [{ value: `${MARKER} at example` }] }, 'input.emails.0.value'],
    [
      'a bad second e-mail',
      { emails: [{ value: 'a@b.example' }, { value: `${MARKER}@nowhere` }] },
      'input.emails.1.value',
    ],
    [
      'an e-mail of two lines',
      { emails: [{ value: `${MARKER}@b.example\nBcc: all@b.example` }] },
      'input.emails.0.value',
    ],
    ['an over-long name', { givenName: MARKER.repeat(100) }, 'input.givenName'],
    ['an over-long note', { notes: ['n', MARKER.repeat(3_000)] }, 'input.notes.1'],
    ['a control character in a name', { familyName: CONTROL }, 'input.familyName'],
    ['a control character in a job title', { jobTitle: CONTROL }, 'input.jobTitle'],
    ['a control character in a note', { notes: [`${MARKER}\u0000`] }, 'input.notes.0'],
    ['a line break in a tag', { tags: [`${MARKER}\nx`] }, 'input.tags.0'],
    ['half a character', { givenName: `${MARKER}\ud83d` }, 'input.givenName'],
    ['an empty name', { givenName: '   ' }, 'input.givenName'],
    ['a birth date that does not exist', { birthDate: '2001-02-29' }, 'input.birthDate'],
    ['a birth date in words', { birthDate: MARKER }, 'input.birthDate'],
    ['a link that runs a script', { links: [{ value: `javascript:${MARKER}` }] }, 'input.links.0.value'],
    ['too many tags', { tags: Array.from({ length: 51 }, (_, index) => `${MARKER}${index}`) }, 'input.tags'],
    ['a command id that is none', { commandId: MARKER }, 'input.commandId'],
    ['an external id of several lines', { externalId: `${MARKER}\n` }, 'input.externalId'],
  ])('%s', async (_name, input, field) => {
    const create = await refusal(mutation('createContact', '__typename'), { input: { givenName: 'G', ...input } });
    expect(create.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
    if ('externalId' in input) return;
    const update = await refusal(mutation('updateContact', '__typename'), { input: { id: ids.contact, ...input } });
    expect(update.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test.each([
    ['an over-long custom field', [{ name: 'n', value: MARKER.repeat(500) }]],
    ['a custom field with an over-long name', [{ name: MARKER.repeat(20), value: 'v' }]],
  ])('%s, whose name is not echoed either', async (_name, customFields) => {
    const { extensions } = await refusal(mutation('createContact', '__typename'), { input: { customFields } });
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: expect.stringMatching(/^input\.customFields/) });
  });

  test('a custom field named by its owner like a part of the language is kept or refused, never dropped', async () => {
    const input = { givenName: 'G', customFields: [{ name: '__proto__', value: 'kept' }] };
    const { data, errors } = await server.ask(
      mutation('createContact', 'contact { customFields { name value } }'),
      { input },
      ada,
    );
    if (errors) expect(errors[0]!.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    else expect(data.createContact.contact.customFields).toEqual(input.customFields);
  });

  test.each([
    ['createCompany', { name: `${MARKER}\u0000` }, 'input.name'],
    ['createCompany', { name: 'n', yearEstablished: 12 }, 'input.yearEstablished'],
    ['createCompany', { name: 'n', employees: -1 }, 'input.employees'],
    ['createProduct', { name: MARKER.repeat(50) }, 'input.name'],
    ['createProduct', { name: 'n', currency: MARKER }, 'input.currency'],
    ['createProduct', { name: 'n', priceMinor: 0.5 }, 'input.priceMinor'],
    ['createDeal', { title: '' }, 'input.title'],
    ['createDeal', { title: 't', valueMinor: 1e300 }, 'input.valueMinor'],
    ['createDeal', { title: 't', currency: 'eur' }, 'input.currency'],
    ['addClient', { name: `${MARKER}\u009f` }, 'input.name'],
    ['definePipeline', { name: MARKER.repeat(30), stages: [{ id: 'a', name: 'A' }] }, 'input.name'],
    ['definePipeline', { name: 'n', stages: [] }, 'input.stages'],
    ['definePipeline', { name: 'n', stages: [{ id: `${MARKER} !`, name: 'A' }] }, 'input.stages.0.id'],
    ['importDeals', { deals: { text: 'stage\nwon' }, currency: MARKER }, 'input.currency'],
    ['importContacts', { file: {} }, 'input.file'],
  ])('%s %#', async (name, input, field) => {
    const { extensions } = await refusal(mutation(name, '__typename'), { input });
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('a consent with a notice version that is none, or evidence that is too long', async () => {
    const consent = { contactId: ids.contact, purpose: 'MARKETING', channel: 'EMAIL' };
    const attempt = (input: object) =>
      refusal(mutation('recordConsent', '__typename'), { input: { ...consent, ...input } });
    expect((await attempt({ noticeVersion: `${MARKER} 1` })).extensions).toMatchObject({
      field: 'input.noticeVersion',
    });
    const evidence = MARKER.repeat(1_000);
    expect((await attempt({ noticeVersion: '1', evidence })).extensions).toMatchObject({ field: 'input.evidence' });
  });

  test('a stale expectedVersion', async () => {
    const input = { id: ids.contact, expectedVersion: 7, jobTitle: MARKER };
    expect((await refusal(mutation('updateContact', '__typename'), { input })).extensions).toEqual({
      code: 'VERSION_CONFLICT',
      field: 'input.expectedVersion',
      expected: 7,
      actual: 1,
    });
  });

  test('a caller who has not signed in, or has made up a token', async () => {
    for (const caller of [{}, { token: `${MARKER}AAAA` }]) {
      expect((await refusal('{ contacts { totalCount } }', {}, caller)).extensions.code).toBe('UNAUTHENTICATED');
      const input = { givenName: MARKER };
      expect((await refusal(mutation('createContact', '__typename'), { input }, caller)).extensions.code).toBe(
        'UNAUTHENTICATED',
      );
    }
  });
});

describe('files that are not what they should be', () => {
  const importing = (file: object, name = 'importContacts') =>
    refusal(mutation(name, '__typename'), { input: name === 'importContacts' ? { file } : { deals: file } });

  test('a CSV without a column that is needed', async () => {
    expect((await importing({ text: `shoe size,colour\n42,${MARKER}\n` })).extensions).toMatchObject({
      code: 'MISSING_COLUMNS',
      field: expect.any(String),
    });
    expect((await importing({ text: `account,close value\n${MARKER},1\n` }, 'importDeals')).extensions).toMatchObject({
      code: 'MISSING_COLUMNS',
      field: expect.stringContaining('stage'),
    });
  });

  test('a file in a wrong encoding', async () => {
    const latin1 = Buffer.from(`given name\nJosé ${MARKER}\n`, 'latin1').toString('base64');
    const binary = Buffer.concat([Buffer.from(MARKER), Buffer.from([0, 1, 2, 0, 0xff])]).toString('base64');
    for (const file of [
      { base64: latin1, encoding: 'utf-8' },
      { base64: latin1, encoding: MARKER },
      { base64: binary },
    ]) {
      expect((await importing(file)).extensions).toMatchObject({ code: 'WRONG_ENCODING' });
    }
  });

  test('a mapping of columns to what there is not', async () => {
    const file = { text: `given name\n${MARKER}\n` };
    for (const mapping of [[{ column: 1, field: MARKER }], [{ column: 0, field: 'givenName' }]]) {
      expect((await importing({ ...file, mapping })).extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        field: expect.stringContaining('mapping'),
      });
    }
  });

  test('an empty file', async () => {
    expect((await importing({ text: '' })).extensions).toMatchObject({ code: 'MALFORMED_FILE' });
  });

  test('a torn vCard is reported, costs nothing else, and is not written', async () => {
    const text = `BEGIN:VCARD\nVERSION:3.0\nFN:Whole Card\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:${MARKER}\nEMAIL:${MARKER}@b.exa`;
    const answer = 'kinds { counts { created leftOut } problems { line code reason } }';
    const { importContacts } = await ask(mutation('importContacts', answer), { input: { file: { text } } });
    expect(importContacts.kinds[0]).toEqual({
      counts: { created: 1, leftOut: expect.any(Number) },
      problems: [{ line: 5, code: 'CARD_NOT_ENDED', reason: expect.any(String) }],
    });
    expect(JSON.stringify(await historyOf(ask))).not.toContain(MARKER);
    expect(server.output()).not.toContain(MARKER);
  });

  test('half a line is reported with its place and left out; the whole lines are kept', async () => {
    const text = `first name,last name,email\nWhole,Line,w@b.example\n${MARKER},Ha`;
    const answer = 'kinds { counts { created leftOut } problems { line column code } }';
    const { importContacts } = await ask(mutation('importContacts', answer), { input: { file: { text } } });
    expect(importContacts.kinds[0]).toEqual({
      counts: { created: 1, leftOut: 1 },
      problems: [{ line: 3, column: 3, code: 'TOO_FEW_COLUMNS' }],
    });
    expect(JSON.stringify(await historyOf(ask))).not.toContain(MARKER);
  });
});
