import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;

beforeAll(async () => {
  server = await startServer(directory.path());
});
beforeEach(async () => {
  ada = await signUp(server, `Ada${crypto.randomUUID()}`);
  ask = asking(server, ada);
});
afterAll(() => server.stop());

const KEPT = 'kept { birthYear places { region country } workplacePseudonym department companyId }';
const contact = (more: object = {}) =>
  newId(ask, 'contact', { givenName: 'Grace', familyName: 'Hopper', birthDate: '1906-12-09', ...more });
const anonymise = async (id: string) =>
  (await mutate(ask, 'anonymiseContact', { id }, `contact { id privacyState ${KEPT} }`)).contact;
const stateOf = async (id: string) =>
  (await ask('query ($id: ID!) { contact(id: $id) { privacyState } }', { id })).contact.privacyState;
const report = async (clientId?: string) =>
  (
    await ask(
      `query ($id: ID) { anonymityReport(clientId: $id) { bound people belowBound smallest
        combinations { people combination { birthYear places { region country } companyId } } } }`,
      { id: clientId },
    )
  ).anonymityReport;

const WHOLE = {
  addresses: [{ street: '1 Main Street', city: 'Arlington', postalCode: '22201', region: 'Virginia', country: 'US' }],
  companyName: 'US Navy',
  department: 'Computing',
  jobTitle: 'Rear admiral',
  tags: ['vip'],
  notes: ['found the bug'],
  externalId: 'x-1',
};

test('[P7.3] an anonymised person leaves the year, the region and what stands for the workplace; the history says what was done', async () => {
  const [id, colleague] = [await contact(WHOLE), await contact({ companyName: 'us navy ', birthDate: '--01-02' })];
  const { kept } = await anonymise(id);
  expect(kept).toEqual({
    birthYear: '1906',
    places: [{ region: 'Virginia', country: 'US' }],
    workplacePseudonym: expect.stringMatching(/^[\w-]{43}$/),
    department: 'Computing',
    companyId: null,
  });
  expect((await anonymise(colleague)).kept).toMatchObject({
    birthYear: null,
    workplacePseudonym: kept.workplacePseudonym,
  });
  const { contact: shown } = await ask(
    'query ($id: ID!) { contact(id: $id) { birthDate addresses { city } companyName jobTitle tags externalId } }',
    { id },
  );
  expect(shown).toEqual({
    birthDate: null,
    addresses: [],
    companyName: null,
    jobTitle: null,
    tags: [],
    externalId: null,
  });
  const [event] = await historyOf(ask, { type: 'ContactAnonymised', entityId: id });
  expect(event.fields).toContainEqual({
    name: 'strategies',
    personal: false,
    erased: false,
    value: expect.objectContaining({
      birthDate: 'year',
      addresses: 'region',
      name: 'remove',
      'work.jobTitle': 'remove',
    }),
  });
  expect(JSON.stringify(await historyOf(ask))).not.toMatch(/Grace|Arlington|Navy|admiral|the bug|x-1/);
});

test('[P7.3] a record is called anonymous once enough people share what is left of it, and no earlier', async () => {
  await mutate(ask, 'setSafeguards', { anonymityBound: 3 }, 'anonymityBound');
  const ids = [await contact(), await contact({ birthDate: '1906-01-01' }), await contact()];
  const other = await contact({ birthDate: '1815-12-10' });
  for (const [index, id] of ids.entries()) {
    expect([index, (await anonymise(id)).privacyState]).toEqual([index, index < 2 ? 'DEIDENTIFIED' : 'ANONYMOUS']);
  }
  expect((await anonymise(other)).privacyState).toBe('DEIDENTIFIED');
  for (const id of ids) expect(await stateOf(id)).toBe('ANONYMOUS');
  expect(await report()).toEqual({
    bound: 3,
    people: 4,
    belowBound: 1,
    smallest: 1,
    combinations: [
      { people: 1, combination: { birthYear: '1815', places: [], companyId: null } },
      { people: 3, combination: { birthYear: '1906', places: [], companyId: null } },
    ],
  });
  await mutate(ask, 'eraseContact', { id: ids[0] }, 'subjectId');
  for (const id of ids.slice(1)) expect(await stateOf(id)).toBe('DEIDENTIFIED');
});

test('[P7.3] a record that something else still points at is never called anonymous', async () => {
  await mutate(ask, 'setSafeguards', { anonymityBound: 2 }, 'anonymityBound');
  const [linked, alone] = [await contact(), await contact()];
  const deal = await newId(ask, 'deal', { title: 'Compiler', contactId: linked });
  for (const id of [linked, alone]) await anonymise(id);
  expect([await stateOf(linked), await stateOf(alone)]).toEqual(['DEIDENTIFIED', 'ANONYMOUS']);
  await mutate(ask, 'updateDeal', { id: deal, contactId: null }, 'version');
  expect(await stateOf(linked)).toBe('ANONYMOUS');
});

test('people of one controller are counted apart from those of another, and their pseudonyms differ', async () => {
  const clientId = await newId(ask, 'client', { name: 'Client' });
  const [own, clients] = [await contact({ companyName: 'Navy' }), await contact({ companyName: 'Navy', clientId })];
  const [{ kept: left }, { kept: right }] = [await anonymise(own), await anonymise(clients)];
  expect(left.workplacePseudonym).not.toBe(right.workplacePseudonym);
  expect([(await report()).people, (await report(clientId)).people]).toEqual([1, 1]);
});

test('[P7.3] erasing an anonymised person takes what was kept of them too, from the history as well', async () => {
  const id = await contact(WHOLE);
  await anonymise(id);
  await mutate(ask, 'eraseContact', { id }, 'subjectId');
  const [event] = await historyOf(ask, { type: 'ContactAnonymised', entityId: id });
  expect(event.fields).toContainEqual({ name: 'kept', value: null, personal: true, erased: true });
  expect((await report()).people).toBe(0);
});

test('as of an instant after it, an anonymised person is shown with what was kept', async () => {
  const id = await contact(WHOLE);
  const { kept } = await anonymise(id);
  const asOf = new Date(Date.now() + 1_000).toISOString();
  const { contact: then } = await ask(
    `query ($id: ID!, $asOf: DateTime) { contact(id: $id, asOf: $asOf) { ${KEPT} } }`,
    { id, asOf },
  );
  expect(then.kept).toEqual(kept);
});

test('the bound has to be a number of people', async () => {
  for (const anonymityBound of [0, 1, 1_001]) {
    const { errors } = await attempt(server, ada, 'setSafeguards', { anonymityBound });
    expect([anonymityBound, errors?.[0]?.extensions]).toEqual([
      anonymityBound,
      expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'input.anonymityBound' }),
    ]);
  }
  expect((await ask('{ safeguards { anonymityBound approval delayHours } }')).safeguards).toEqual({
    anonymityBound: 10,
    approval: 'NONE',
    delayHours: 72,
  });
});
