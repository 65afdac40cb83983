import { AGENTS, COMPANIES, DEALS, PEOPLE, PRODUCTS } from '../support/importSamples.js';
import { historyOf, mutate, mutation, newId, typesOf } from '../support/mutations.js';
import { asking, refusedBy, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(directory.path());
});
afterAll(() => server.stop());

const newcomer = async (name: string) => {
  const caller = await signUp(server, name);
  return { caller, ask: asking(server, caller) };
};
type Ask = ReturnType<typeof asking>;

const REPORT = `dryRun kinds { kind counts { created updated unchanged leftOut } mapping { column field label }
  problems { line column field code reason } }`;
const importing = async (ask: Ask, name: string, input: object) => mutate(ask, name, input, REPORT);
const imported = async (ask: Ask, text: string, more: object = {}, file: object = {}) =>
  (await importing(ask, 'importContacts', { file: { text, ...file }, ...more })).kinds[0];
const counts = (created: number, updated = 0, unchanged = 0, leftOut = 0) => ({ created, updated, unchanged, leftOut });

const thisYear = new Date().getUTCFullYear();
const CONTACTS = `{ contacts(first: 200) { totalCount nodes { externalId givenName familyName emails { value } phones { value label }
  birthDate companyName company { name } customFields { name value } version privacyState } } }`;
const contactsOf = async (ask: Ask) => (await ask(CONTACTS)).contacts.nodes;

describe('importing contacts from a CSV', () => {
  test('shows how the columns were understood, and keeps what is in them', async () => {
    const { ask } = await newcomer('Guessed');
    await newId(ask, 'company', { name: 'KUNDE GmbH' });
    const kind = await imported(ask, PEOPLE);
    expect(kind).toMatchObject({ kind: 'contact', counts: counts(3), problems: [] });
    expect(kind.mapping.map(({ column, field }: { column: number; field: string }) => `${column} ${field}`)).toEqual([
      ...[
        '1 externalId',
        '2 givenName',
        '3 familyName',
        '4 emails.0.value',
        '5 phones.0.value',
        '6 birthDate',
        '7 companyName',
      ],
    ]);
    expect(await contactsOf(ask)).toMatchObject([
      {
        externalId: 'p-1',
        givenName: 'Zoë',
        birthDate: '1980-05-17',
        company: { name: 'KUNDE GmbH' },
        customFields: [],
      },
      { externalId: 'p-3', givenName: 'O"Neill, Jr.', phones: [{ value: '+34 600 222', label: 'mobile' }] },
      {
        externalId: 'p-2',
        givenName: 'Łukasz',
        emails: [{ value: 'lukasz@kunde.example' }],
        phones: [],
        company: null,
      },
    ]);
  });

  test('a person says what a column is where the guess is wrong, or that it is to be left out', async () => {
    const { ask } = await newcomer('Overridden');
    const mapping = [
      { column: 8, field: 'customFields.0.value', label: 'Shoe size' },
      { column: 7, field: null },
      { column: 2, field: 'nickname' },
    ];
    const kind = await imported(ask, PEOPLE, {}, { mapping });
    expect(kind.mapping).toContainEqual({ column: 8, field: 'customFields.0.value', label: 'Shoe size' });
    const { contacts } = await ask(
      '{ contacts(filter: { externalId: "p-1" }) { nodes { givenName nickname companyName customFields { name value } } } }',
    );
    expect(contacts.nodes).toEqual([
      { givenName: null, nickname: 'Zoë', companyName: null, customFields: [{ name: 'Shoe size', value: '38' }] },
    ]);
  });

  test('a dry run reports as the import would, and writes nothing', async () => {
    const { ask } = await newcomer('Dry');
    const before = await historyOf(ask);
    const dry = await importing(ask, 'importContacts', { file: { text: PEOPLE }, dryRun: true });
    expect(dry.dryRun).toBe(true);
    expect([await historyOf(ask), await contactsOf(ask)]).toEqual([before, []]);
    const real = await importing(ask, 'importContacts', { file: { text: PEOPLE } });
    expect({ ...dry, dryRun: false }).toEqual(real);
  });

  test('again by external id changes nothing; a changed row updates its contact, and that one alone', async () => {
    const { ask } = await newcomer('Again');
    await imported(ask, PEOPLE);
    const before = [await historyOf(ask), await contactsOf(ask)];
    expect((await imported(ask, PEOPLE)).counts).toEqual(counts(0, 0, 3));
    expect([await historyOf(ask), await contactsOf(ask)]).toEqual(before);
    const changed = PEOPLE.replace('Brückner', 'Brückner-Hahn').replace('+34 600 222', '+34 600 333');
    expect((await imported(ask, changed, { dryRun: true })).counts).toEqual(counts(0, 2, 1));
    expect((await imported(ask, changed)).counts).toEqual(counts(0, 2, 1));
    const names = (await contactsOf(ask)).map(
      ({ familyName, version }: { familyName: string; version: number }) => `${familyName} ${version}`,
    );
    expect(names).toEqual(['Brückner-Hahn 2', 'Núñez 2', 'Ślązak 1']);
  });

  test('sent twice with one command id acts once, even without external ids', async () => {
    const { ask } = await newcomer('Once');
    const input = { commandId: crypto.randomUUID(), file: { text: 'First Name\nGrace\nAda\n' } };
    await importing(ask, 'importContacts', input);
    await importing(ask, 'importContacts', input);
    expect(await contactsOf(ask)).toHaveLength(2);
  });

  test('reports every problem with its line, column and code, and keeps all that can be kept', async () => {
    const { ask } = await newcomer('Problems');
    const text = [
      'id,first name,email,birthday',
      '1,Good,good@b.example,1990-01-31',
      '2,Bad mail,no address,1990-01-31',
      '3,Bad date,d@b.example,31st of May',
      '4,Short',
      '5,Long,l@b.example,1990-01-31,more',
      '6,"Torn,t@b.example,1990-01-31',
      '1,Twice,t@b.example,1990-01-31',
      ',,,',
      '7,,,1990-01-31',
    ].join('\n');
    const { counts: found, problems } = await imported(ask, text);
    const places = problems.map(({ line, column, code }: { line: number; column: number | null; code: string }) => [
      line,
      column,
      code,
    ]);
    expect(places).toEqual([
      [3, 3, 'BAD_EMAIL'],
      [4, 4, 'BAD_DATE'],
      [5, 3, 'TOO_FEW_COLUMNS'],
      [6, 5, 'TOO_MANY_COLUMNS'],
      [7, 2, 'TORN_ROW'],
      [8, null, 'DUPLICATE_ID'],
      [10, 1, 'MISSING_VALUE'],
    ]);
    expect(found).toEqual(counts(3, 0, 0, 5));
    const kept = (await contactsOf(ask)).map(({ givenName }: { givenName: string }) => givenName);
    expect(kept.toSorted()).toEqual(['Bad date', 'Bad mail', 'Good']);
    expect(JSON.stringify(problems)).not.toMatch(/no address|31st|Torn|Twice/);
  });

  test.each([
    ['Windows-1252', 'latin1', undefined],
    ['UTF-16', 'utf16le', undefined],
    ['Latin-1, said so', 'latin1', 'iso-8859-1'],
  ] as const)('reads a file in %s', async (name, bytes, encoding) => {
    const { ask } = await newcomer(name.replaceAll(/\W/g, ''));
    const base64 = Buffer.from('first name;last name\r\nJosé;Müller', bytes).toString('base64');
    await importing(ask, 'importContacts', { file: { base64, encoding } });
    expect(await contactsOf(ask)).toMatchObject([{ givenName: 'José', familyName: 'Müller' }]);
  });

  test('[P11.1] a minor is kept, restricted, and reported', async () => {
    const { ask } = await newcomer('Minors');
    const text = `first name,birthday\nYoung,${thisYear - 12}-06-01\nGrown,${thisYear - 40}-06-01\n`;
    const { counts: found, problems } = await imported(ask, text);
    expect(found).toEqual(counts(2));
    expect(problems).toEqual([
      { line: 2, column: null, field: 'birthDate', code: 'MINOR', reason: expect.any(String) },
    ]);
    const { contacts } = await ask('{ contacts(filter: { restricted: MINOR }) { nodes { givenName privacyState } } }');
    expect(contacts.nodes).toEqual([{ givenName: 'Young', privacyState: 'RESTRICTED' }]);
  });

  test('[P7.3] a person who was erased comes in again, where their address does not give them away, as somebody new', async () => {
    const { ask } = await newcomer('Erased');
    await imported(ask, PEOPLE);
    const find = '{ contacts(filter: { externalId: "p-1" }) { nodes { id subjectId consents { state } } } }';
    const [old] = (await ask(find)).contacts.nodes;
    await mutate(
      ask,
      'recordConsent',
      { contactId: old.id, purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1' },
      'consent { state }',
    );
    await mutate(ask, 'eraseContact', { id: old.id, reasonCode: 'RETENTION_ENDED' }, 'subjectId');
    expect((await ask(find)).contacts.nodes).toEqual([]);
    expect((await imported(ask, PEOPLE)).counts).toEqual(counts(1, 0, 2));
    const [anew] = (await ask(find)).contacts.nodes;
    expect(anew.id).not.toBe(old.id);
    expect(anew.subjectId).not.toBe(old.subjectId);
    expect(anew.consents).toEqual([]);
    expect((await ask('query ($id: ID!) { contact(id: $id) { id } }', { id: old.id })).contact).toBeNull();
  });

  test.each(['eraseContact', 'anonymiseContact'])(
    '[P7.3] a person who asked to be gone (%s) does not come in again: their row is reported and left out',
    async (name) => {
      const { ask } = await newcomer(`Gone${name.slice(0, 5)}`);
      await imported(ask, PEOPLE);
      const { contacts } = await ask('{ contacts(filter: { externalId: "p-1" }) { nodes { id } } }');
      await mutate(ask, name, { id: contacts.nodes[0].id }, 'position');
      const suppressed = { line: 2, field: 'emails', code: 'SUPPRESSED' };
      for (const more of [{ dryRun: true }, {}]) {
        const { counts: found, problems } = await imported(ask, PEOPLE, more);
        expect(found).toEqual(counts(0, 0, 2, 1));
        expect(problems).toMatchObject([suppressed]);
      }
      const card = 'BEGIN:VCARD\nVERSION:4.0\nFN:Z\nTEL:00 49 (170) 111\nEMAIL:ZOE@Kunde.Example\nEND:VCARD\n';
      const { counts: found, problems } = await imported(ask, card);
      expect([found, problems]).toMatchObject([counts(0, 0, 0, 1), [{ line: 1, field: 'emails', code: 'SUPPRESSED' }]]);
      expect(await contactsOf(ask)).toHaveLength(name === 'eraseContact' ? 2 : 3);
    },
  );

  test('[P7.3] an import sent again with its command id after an erasure does not bring the person back', async () => {
    const { ask } = await newcomer('Replayed');
    const input = { commandId: crypto.randomUUID(), file: { text: PEOPLE } };
    await importing(ask, 'importContacts', input);
    const { contacts } = await ask('{ contacts(filter: { externalId: "p-1" }) { nodes { id } } }');
    await mutate(ask, 'eraseContact', { id: contacts.nodes[0].id }, 'subjectId');
    const { counts: found, problems } = (await importing(ask, 'importContacts', input)).kinds[0];
    expect(found).toEqual(counts(0, 0, 2, 1));
    expect(problems).toMatchObject([{ line: 2, code: 'ERASED' }]);
    expect(await contactsOf(ask)).toHaveLength(2);
  });

  test('files people under the client they are kept for', async () => {
    const { ask } = await newcomer('Processor');
    const clientId = await newId(ask, 'client', { name: 'Client' });
    await imported(ask, PEOPLE, { clientId });
    const { contacts } = await ask(
      'query ($id: ID!) { contacts(filter: { clientId: $id }) { nodes { client { name } } } }',
      { id: clientId },
    );
    expect(contacts.nodes).toEqual(Array.from({ length: 3 }, () => ({ client: { name: 'Client' } })));
  });
});

describe('importing contacts from vCards', () => {
  const CARDS = `BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Mu=C3=B1oz;In=C3=A9s
TEL;CELL:+34 600 1
TEL;HOME;VOICE:+34 910 2
END:VCARD
BEGIN:VCARD
VERSION:3.0
UID:urn:uuid:1
FN:Jürgen Groß
N:Groß;Jürgen;;Dr.;
EMAIL;TYPE=work:jg@kunde.example
ADR;TYPE=home:;;Weg 1;Köln;;50667;Deutschland
BDAY:1975-03-09
END:VCARD
BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:2
FN:李小龍
BDAY:--0203
END:VCARD
`;

  test('of versions 2.1, 3.0 and 4.0 in one file keeps accents, numbers, addresses and birthdays', async () => {
    const { ask } = await newcomer('Cards');
    expect(await imported(ask, CARDS)).toMatchObject({ counts: counts(3), mapping: [], problems: [] });
    const { contacts } =
      await ask(`{ contacts { nodes { displayName prefix birthDate emails { value label } phones { value label }
      addresses { label street city postalCode country } } } }`);
    expect(contacts.nodes).toMatchObject([
      { prefix: 'Dr.', birthDate: '1975-03-09', addresses: [{ label: 'home', street: 'Weg 1', city: 'Köln' }] },
      {
        displayName: 'Inés Muñoz',
        phones: [
          { value: '+34 600 1', label: 'mobile' },
          { value: '+34 910 2', label: 'home' },
        ],
      },
      { displayName: '李小龍', birthDate: '--02-03' },
    ]);
  });

  test('again changes nothing for cards with a UID', async () => {
    const { ask } = await newcomer('CardsAgain');
    await imported(ask, CARDS);
    expect((await imported(ask, CARDS)).counts).toEqual(counts(1, 0, 2));
    expect((await imported(ask, CARDS.replace('Weg 1', 'Weg 2'))).counts).toEqual(counts(1, 1, 1));
  });
});

const FILES = {
  deals: { text: DEALS },
  companies: { text: COMPANIES },
  products: { text: PRODUCTS },
  agents: { text: AGENTS },
  currency: 'EUR',
};

describe('importing deals', () => {
  const dealsOf = async (ask: Ask) => {
    const { deals } =
      await ask(`{ deals(orderBy: [{ field: CREATED_AT }]) { nodes { externalId title stage outcome valueMinor currency
      engageDate closeDate productText product { name } company { name } owner { name } version } } }`);
    const byId = deals.nodes.map((deal: { externalId: string }) => [deal.externalId, deal]);
    return Object.fromEntries(byId);
  };

  test('brings the companies, products and agents that they refer to, and reports what it does not know', async () => {
    const { ask } = await newcomer('Sales');
    const { kinds } = await importing(ask, 'importDeals', FILES);
    const report = kinds.map(
      ({
        kind,
        counts: found,
        problems,
      }: {
        kind: string;
        counts: object;
        problems: { line: number; code: string }[];
      }) => [kind, found, problems.map(({ line, code }) => `${line} ${code}`).toSorted()],
    );
    expect(report).toEqual([
      ['company', counts(2), []],
      ['product', counts(1), []],
      ['agent', counts(2), []],
      ['deal', counts(4, 0, 0, 1), ['3 UNKNOWN_PRODUCT', '5 UNKNOWN_STAGE', '6 BAD_DATE']],
    ]);
    expect(await dealsOf(ask)).toMatchObject({
      'D-1': {
        stage: 'won',
        outcome: 'WON',
        valueMinor: 105_450,
        currency: 'EUR',
        engageDate: '2025-10-20',
        closeDate: '2026-03-01',
      },
      'D-2': {
        product: null,
        productText: 'Gadgt',
        company: { name: 'Acme' },
        owner: { name: 'Bob Jones' },
        closeDate: null,
      },
      'D-3': { company: null, product: { name: 'Widget' }, valueMinor: null },
      'D-5': { stage: 'lost', engageDate: null, closeDate: '2025-12-31', valueMinor: 0 },
    });
    const { companies, members } = await ask(
      '{ companies { nodes { name revenueMinor subsidiaryOf { name } } } members { name role manager office canSignIn } }',
    );
    expect(companies.nodes).toEqual([
      { name: 'Acme', revenueMinor: 110_004, subsidiaryOf: { name: 'Acme Holding' } },
      { name: 'Acme Holding', revenueMinor: 500, subsidiaryOf: null },
    ]);
    expect(members).toContainEqual({
      name: 'Bob Jones',
      role: 'AGENT',
      manager: 'Eva Chief',
      office: 'West',
      canSignIn: false,
    });
  });

  test('in a dry run reports as the import would, and writes nothing', async () => {
    const { ask } = await newcomer('SalesDry');
    const before = await historyOf(ask);
    const dry = await importing(ask, 'importDeals', { ...FILES, dryRun: true });
    expect(await historyOf(ask)).toEqual(before);
    expect({ ...dry, dryRun: false }).toEqual(await importing(ask, 'importDeals', FILES));
  });

  test('again changes nothing; a changed row updates its deal, a moved one its stage', async () => {
    const { ask } = await newcomer('SalesAgain');
    await importing(ask, 'importDeals', FILES);
    const before = typesOf(await historyOf(ask));
    const again = await importing(ask, 'importDeals', FILES);
    expect(again.kinds.map(({ counts: found }: { counts: object }) => found)).toEqual([
      ...[counts(0, 0, 2), counts(0, 0, 1), counts(0, 0, 2), counts(0, 0, 4, 1)],
    ]);
    expect(typesOf(await historyOf(ask))).toEqual(before);
    const changed = {
      deals: { text: DEALS.replace('1,054.50', '2,000.00').replace('Engaging', 'Won') },
      currency: 'EUR',
    };
    expect((await importing(ask, 'importDeals', changed)).kinds[0].counts).toEqual(counts(0, 2, 2, 1));
    expect(await dealsOf(ask)).toMatchObject({ 'D-1': { valueMinor: 200_000, version: 2 }, 'D-2': { stage: 'won' } });
  });

  test('says which columns it understood and lets a person say otherwise', async () => {
    const { ask } = await newcomer('SalesMapped');
    const deals = {
      text: 'What,Where,Worth\nRoof,won,5\n',
      mapping: [
        { column: 1, field: 'title' },
        { column: 2, field: 'stage' },
        { column: 3, field: 'value' },
      ],
    };
    const { kinds } = await importing(ask, 'importDeals', { deals });
    expect(kinds[0]).toMatchObject({
      counts: counts(1),
      mapping: [{ column: 1, field: 'title' }, { field: 'stage' }, { field: 'value' }],
    });
    expect(Object.values(await dealsOf(ask))).toMatchObject([
      { title: 'Roof', stage: 'won', valueMinor: 500, currency: 'USD' },
    ]);
  });

  test('names the file that is not what it should be', async () => {
    const { caller } = await newcomer('SalesBroken');
    const refused = refusedBy(server, caller);
    const document = mutation('importDeals', 'dryRun');
    for (const name of ['companies', 'products', 'agents', 'deals']) {
      const input = { ...FILES, [name]: { text: 'colour\nred\n' } };
      const { code, field } = await refused(document, { input });
      expect([code, field]).toEqual(['MISSING_COLUMNS', expect.stringContaining(`input.${name}`)]);
    }
  });
});
