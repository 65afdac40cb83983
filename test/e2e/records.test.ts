import { COMPANY_PARTS, CONTACT_PARTS, DEAL_PARTS, mutate, newId, PRODUCT_PARTS } from '../support/mutations.js';
import { asking, refusedBy, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;
let refused: ReturnType<typeof refusedBy>;

beforeAll(async () => {
  server = await startServer(directory.path());
  ada = await signUp(server, 'Ada');
  ask = asking(server, ada);
  refused = refusedBy(server, ada);
});
afterAll(() => server.stop());

const PARTS = { contact: CONTACT_PARTS, company: COMPANY_PARTS, product: PRODUCT_PARTS, deal: DEAL_PARTS };
type Kind = keyof typeof PARTS;
const LISTS = { contact: 'contacts', company: 'companies', product: 'products', deal: 'deals' };

const shown = async (kind: Kind, id: string) =>
  (await ask(`query ($id: ID!) { ${kind}(id: $id) { ${PARTS[kind]} } }`, { id }))[kind];
const mutationOf = (verb: string, kind: Kind) => `${verb}${kind[0]!.toUpperCase()}${kind.slice(1)}`;
const change = async (verb: string, kind: Kind, input: object) =>
  mutate(ask, mutationOf(verb, kind), input, `${kind} { ${PARTS[kind]} } version position`);
const refusal = (verb: string, kind: Kind, input: object) => {
  const name = mutationOf(verb, kind);
  const type =
    verb === 'delete' || verb === 'restore' ? 'RecordInput' : `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  return refused(`mutation ($input: ${type}!) { ${name}(input: $input) { version } }`, { input });
};

/** Ids on the first page of a kind's list, or of its bin. */
const listed = async (kind: Kind, deleted: boolean): Promise<string[]> => {
  const where = kind === 'product' ? `deleted: ${deleted}` : `filter: { deleted: ${deleted} }`;
  const { [LISTS[kind]]: list } = await ask(`{ ${LISTS[kind]}(first: 200, ${where}) { nodes { id } } }`);
  return list.nodes.map(({ id }: { id: string }) => id);
};

const GRACE = {
  prefix: 'Dr.',
  givenName: 'Gráinne',
  additionalNames: 'Ñandú 李',
  familyName: 'Ó Súilleabháin',
  suffix: 'III',
  nickname: '☕️ गौरी',
  emails: [
    { value: 'Grainne.O+crm@acme.example', label: 'work' },
    { value: 'grainne@münchen.example', label: 'home' },
  ],
  phones: [
    { value: '+353 1 234 5678 ext. 9', label: 'work' },
    { value: '1-800-FLOWERS', label: 'Großmutter' },
  ],
  addresses: [
    {
      label: 'home',
      poBox: 'PO 7',
      extended: 'Hinterhaus, 3. OG',
      street: 'Straße des 17. Juni 135\nAufgang B',
      city: 'Łódź',
      region: 'Αττική',
      postalCode: '〒100-0001',
      country: '日本',
    },
  ],
  companyName: 'Ирина & Söhne',
  department: 'R&D <b>',
  jobTitle: 'Éditrice "en chef"',
  birthDate: '1980-02-29',
  links: [{ value: 'https://example.com/?q=ü#ß', label: 'blog' }],
  tags: ['vip', 'été', '👩‍💻'],
  notes: ['Erste Zeile\nzweite\tZeile', "Robert'); DROP TABLE contacts;--"],
  customFields: [
    { name: 'Schuhgröße', value: '42½' },
    { name: 'constructor', value: 'עברית مرحبا' },
  ],
};

describe('a contact', () => {
  test('comes back as it was entered, in every script', async () => {
    const companyId = await newId(ask, 'company', { name: 'Acme' });
    const input = { ...GRACE, companyId, externalId: 'grace-1' };
    const { contact, version, position } = await change('create', 'contact', input);
    expect(contact).toMatchObject({
      ...GRACE,
      displayName: 'Gráinne Ñandú 李 Ó Súilleabháin',
      company: { id: companyId, name: 'Acme' },
      client: null,
      externalId: 'grace-1',
      privacyState: 'ACTIVE',
      version: 1,
    });
    expect({ version, position }).toEqual({ version: 1, position: expect.stringMatching(/^[0-9a-f]+$/) });
    expect(await shown('contact', contact.id)).toEqual(contact);
  });

  test('with no more than a name is called by it; without one by the best there is', async () => {
    const called = async (input: object) => (await change('create', 'contact', input)).contact.displayName;
    expect(await called({ formattedName: 'Hopper, Grace B.', givenName: 'Grace' })).toBe('Hopper, Grace B.');
    expect(await called({ nickname: 'Amazing Grace' })).toBe('Amazing Grace');
    expect(await called({ emails: [{ value: 'g@acme.example' }] })).toBe('g@acme.example');
    expect(await called({ phones: [{ value: '+1 555 0100' }] })).toBe('+1 555 0100');
  });

  test('an argument left out leaves the value alone, null clears it', async () => {
    const { contact } = await change('create', 'contact', { ...GRACE, externalId: 'grace-2' });
    const update = { id: contact.id, nickname: null, jobTitle: 'Admiral', phones: null, birthDate: null };
    const updated = await change('update', 'contact', update);
    expect(updated.contact).toEqual({
      ...contact,
      nickname: null,
      jobTitle: 'Admiral',
      phones: [],
      birthDate: null,
      version: 2,
      updatedAt: expect.any(String),
    });
    expect(await shown('contact', contact.id)).toEqual(updated.contact);
  });

  test('one custom field is changed or removed without the others; null takes all', async () => {
    const { contact } = await change('create', 'contact', { givenName: 'C', customFields: GRACE.customFields });
    const customFields = [
      { name: 'Schuhgröße', value: null },
      { name: 'Hut', value: '57' },
    ];
    const updated = await change('update', 'contact', { id: contact.id, customFields });
    expect(new Set(updated.contact.customFields)).toEqual(
      new Set([GRACE.customFields[1], { name: 'Hut', value: '57' }]),
    );
    const cleared = await change('update', 'contact', { id: contact.id, customFields: null });
    expect(cleared.contact.customFields).toEqual([]);
  });

  test('[P11.1] whose birth date says under 18 is kept, restricted, until a corrected date says otherwise', async () => {
    const childhood = `${new Date().getUTCFullYear() - 10}-01-31`;
    const { contact } = await change('create', 'contact', { givenName: 'Young', birthDate: childhood });
    expect(contact).toMatchObject({ privacyState: 'RESTRICTED', restrictionReason: 'MINOR' });
    const corrected = await change('update', 'contact', { id: contact.id, birthDate: '1980-01-31' });
    expect(corrected.contact).toMatchObject({ privacyState: 'ACTIVE', restrictionReason: null });
  });
});

const EXAMPLES: { readonly [K in Kind]: { create: object; update: object; cleared: object } } = {
  contact: { create: { givenName: 'A', jobTitle: 'B' }, update: { jobTitle: 'C' }, cleared: { jobTitle: null } },
  company: {
    create: {
      name: 'Große Firma',
      domain: 'gross.example',
      sector: 'Maschinenbau',
      location: 'Zürich',
      tags: ['kunde'],
      notes: ['n'],
      customFields: [{ name: 'USt', value: 'DE1' }],
      yearEstablished: 1847,
      employees: 311_000,
      revenueMinor: 7_776_900_000_000,
    },
    update: { name: 'Größere Firma', employees: 0 },
    cleared: { sector: null, yearEstablished: null },
  },
  product: {
    create: { name: 'GTX Básico', series: 'GTX', priceMinor: 55_000, currency: 'EUR' },
    update: { priceMinor: 60_000 },
    cleared: { series: null },
  },
  deal: {
    create: {
      title: 'Große Lieferung',
      valueMinor: 123_456,
      currency: 'EUR',
      engageDate: '2026-01-31',
      closeDate: '2026-12-31',
      productText: 'Räder',
      tags: ['eilig'],
      notes: ['n'],
      customFields: [{ name: 'f', value: 'v' }],
    },
    update: { title: 'Größere Lieferung', valueMinor: 0 },
    cleared: { closeDate: null, productText: null },
  },
};

describe.each(Object.keys(PARTS) as Kind[])('a %s', (kind) => {
  const { create, update, cleared } = EXAMPLES[kind];

  test('is created, changed and cleared, and shows it at once', async () => {
    const made = (await change('create', kind, create))[kind];
    expect(made).toMatchObject(create);
    const changed = (await change('update', kind, { id: made.id, ...update }))[kind];
    expect(changed).toMatchObject({ ...create, ...update, version: 2 });
    const emptied = (await change('update', kind, { id: made.id, ...cleared }))[kind];
    expect(emptied).toMatchObject({ ...create, ...update, ...cleared, version: 3 });
    expect(await shown(kind, made.id)).toEqual(emptied);
  });

  test('is changed only at the version that the caller expects', async () => {
    const made = (await change('create', kind, create))[kind];
    await change('update', kind, { id: made.id, expectedVersion: 1, ...update });
    for (const verb of ['update', 'delete'] as const) {
      const input = { id: made.id, expectedVersion: 1, ...(verb === 'update' ? cleared : {}) };
      expect(await refusal(verb, kind, input)).toMatchObject({
        code: 'VERSION_CONFLICT',
        field: 'input.expectedVersion',
        expected: 1,
        actual: 2,
      });
    }
    expect(await shown(kind, made.id)).toMatchObject({ version: 2, ...update });
  });

  test('goes into the bin and out again, and is listed in the one place or the other', async () => {
    const made = (await change('create', kind, create))[kind];
    const binned = (await change('delete', kind, { id: made.id }))[kind];
    expect(binned).toEqual({ ...made, version: 2, updatedAt: expect.any(String), deletedAt: expect.any(String) });
    expect(await listed(kind, false)).not.toContain(made.id);
    expect(await listed(kind, true)).toContain(made.id);
    expect(await refusal('update', kind, { id: made.id, ...update })).toMatchObject({ code: 'DELETED' });
    expect(await refusal('delete', kind, { id: made.id })).toMatchObject({ code: 'DELETED' });
    const restored = (await change('restore', kind, { id: made.id }))[kind];
    expect(restored).toEqual({ ...made, version: 3, updatedAt: expect.any(String) });
    expect(await listed(kind, false)).toContain(made.id);
    expect(await listed(kind, true)).not.toContain(made.id);
    expect(await refusal('restore', kind, { id: made.id })).toMatchObject({ code: 'NOT_DELETED' });
  });

  test('a command sent twice acts once; its id with another payload is a conflict', async () => {
    const commandId = crypto.randomUUID();
    const first = await change('create', kind, { ...create, commandId });
    expect(await change('create', kind, { ...create, commandId })).toEqual(first);
    expect(await refusal('create', kind, { ...create, ...update, commandId })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      field: 'input.commandId',
    });
    const { id } = first[kind];
    const again = { id, commandId: crypto.randomUUID(), ...update };
    const changed = await change('update', kind, again);
    expect(await change('update', kind, again)).toEqual(changed);
    expect(changed.version).toBe(2);
  });

  test('an id of another program belongs to one record', async () => {
    const externalId = `outside-${kind}`;
    expect((await change('create', kind, { ...create, externalId }))[kind].externalId).toBe(externalId);
    expect(await refusal('create', kind, { ...create, externalId })).toMatchObject({
      code: 'ALREADY_TAKEN',
      field: 'input.externalId',
    });
  });
});

describe('a deal', () => {
  const totals = async (): Promise<Record<string, unknown>> => {
    const { dealTotals } = await ask('{ dealTotals { stage currency count valueMinor } }');
    const named = dealTotals.map(
      (each: { stage: string; currency: string | null; count: number; valueMinor: number }) => [
        `${each.stage} ${each.currency}`,
        [each.count, each.valueMinor],
      ],
    );
    return Object.fromEntries(named);
  };
  /** The total of a stage in a currency that no other test uses. */
  const total = async (stage: string, currency: string) => (await totals())[`${stage} ${currency}`] ?? [0, 0];

  test('begins in the first stage of the pipeline and keeps every stage it came into', async () => {
    const { pipelines } = await ask('{ pipelines { id name stages { id name outcome } } }');
    expect(pipelines).toMatchObject([{ name: 'Sales', stages: [{ id: 'prospecting' }, {}, { outcome: 'WON' }, {}] }]);
    const { deal } = await change('create', 'deal', { title: 'Stages' });
    expect(deal).toMatchObject({ stage: 'prospecting', outcome: 'OPEN', pipeline: { id: pipelines[0].id } });
    for (const stage of ['engaging', 'won', 'lost', 'engaging']) await change('update', 'deal', { id: deal.id, stage });
    const moved = await shown('deal', deal.id);
    expect(
      moved.stageHistory.map(({ stage, outcome }: { stage: string; outcome: string }) => `${stage} ${outcome}`),
    ).toEqual([...['prospecting OPEN', 'engaging OPEN', 'won WON', 'lost LOST', 'engaging OPEN']]);
    expect(moved).toMatchObject({ stage: 'engaging', outcome: 'OPEN', version: 5 });
  });

  test('goes into no stage that its pipeline does not have', async () => {
    expect(await refusal('create', 'deal', { title: 'T', stage: 'nowhere' })).toMatchObject({
      code: 'UNKNOWN_STAGE',
      field: 'input.stage',
    });
    const id = await newId(ask, 'deal', { title: 'T' });
    expect(await refusal('update', 'deal', { id, title: 'U', stage: 'nowhere' })).toMatchObject({
      code: 'UNKNOWN_STAGE',
      field: 'input.stage',
    });
    expect(await shown('deal', id)).toMatchObject({ title: 'T', version: 1 });
  });

  test('counts in the totals of its stage at once: made, changed, moved, binned, restored', async () => {
    const { deal } = await change('create', 'deal', { title: 'T', valueMinor: 1_000, currency: 'CHF' });
    expect(await total('prospecting', 'CHF')).toEqual([1, 1_000]);
    await change('update', 'deal', { id: deal.id, valueMinor: 2_500 });
    expect(await total('prospecting', 'CHF')).toEqual([1, 2_500]);
    await change('create', 'deal', { title: 'U', valueMinor: 500, currency: 'CHF', stage: 'won' });
    await change('update', 'deal', { id: deal.id, stage: 'won' });
    expect([await total('prospecting', 'CHF'), await total('won', 'CHF')]).toEqual([
      [0, 0],
      [2, 3_000],
    ]);
    await change('delete', 'deal', { id: deal.id });
    expect(await total('won', 'CHF')).toEqual([1, 500]);
    await change('restore', 'deal', { id: deal.id });
    expect(await total('won', 'CHF')).toEqual([2, 3_000]);
    await change('update', 'deal', { id: deal.id, currency: 'SEK' });
    expect([await total('won', 'CHF'), await total('won', 'SEK')]).toEqual([
      [1, 500],
      [1, 2_500],
    ]);
  });

  test.each(['eraseContact', 'anonymiseContact'])('[P7.3] stays with its value after %s', async (name) => {
    const currency = name === 'eraseContact' ? 'NOK' : 'DKK';
    const contactId = await newId(ask, 'contact', { givenName: 'Leaving' });
    const { deal } = await change('create', 'deal', { title: 'T', valueMinor: 700, currency, contactId });
    const answer = name === 'eraseContact' ? 'subjectId' : 'contact { id }';
    await mutate(ask, name, { id: contactId }, answer);
    expect(await total('prospecting', currency)).toEqual([1, 700]);
    const anonymised = { id: contactId, displayName: 'Anonymised contact' };
    expect(await shown('deal', deal.id)).toEqual({ ...deal, contact: name === 'eraseContact' ? null : anonymised });
    const { deals } = await ask('query ($id: ID!) { deals(filter: { contactId: $id }) { totalCount } }', {
      id: contactId,
    });
    expect(deals.totalCount).toBe(name === 'eraseContact' ? 0 : 1);
  });
});

describe('a client', () => {
  const filed = (clientId: string) => change('create', 'contact', { ...GRACE, clientId });

  test('[P1] has contacts of its own: the same person under two clients is two subjects, and erasing one leaves the other as it was', async () => {
    const [north, south] = [await newId(ask, 'client', { name: 'Nørd' }), await newId(ask, 'client', { name: 'Süd' })];
    const { clients } = await ask('{ clients { id name } }');
    expect(clients).toEqual([
      { id: north, name: 'Nørd' },
      { id: south, name: 'Süd' },
    ]);
    const [ofNorth, ofSouth] = [(await filed(north)).contact, (await filed(south)).contact];
    expect([ofNorth.client.id, ofSouth.client.id]).toEqual([north, south]);
    expect(ofNorth.subjectId).not.toBe(ofSouth.subjectId);
    for (const contactId of [ofNorth.id, ofSouth.id]) {
      const given = { contactId, purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1' };
      await mutate(ask, 'recordConsent', given, 'consent { state }');
    }
    const before = JSON.stringify(await shown('contact', ofSouth.id));
    await mutate(ask, 'eraseContact', { id: ofNorth.id }, 'subjectId');
    expect(await shown('contact', ofNorth.id)).toBeNull();
    expect(JSON.stringify(await shown('contact', ofSouth.id))).toBe(before);
    const { contacts } = await ask('query ($id: ID!) { contacts(filter: { clientId: $id }) { nodes { id } } }', {
      id: south,
    });
    expect(contacts.nodes).toEqual([{ id: ofSouth.id }]);
  });
});
