import { mutate, newId } from '../support/mutations.js';
import { asking, refusedBy } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
let workplace: Workplace;
let ada: Colleague;
const people: Record<string, string> = {};
let deal = '';

const consent = { purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1' };
const readingFor = (purpose: string) => asking(workplace, { ...ada, purpose });
const LISTS = [
  'contacts { totalCount nodes { id } }',
  'contacts(filter: { search: "grace" }) { totalCount nodes { id } }',
  'contacts(filter: { tag: "vip" }) { totalCount nodes { id } }',
];

beforeAll(async () => {
  workplace = await Workplace.open(directory.path());
  ada = await workplace.owner('Ada');
  const ask = asking(workplace, ada);
  for (const [who, birthDate] of [
    ['said yes', '1980-01-01'],
    ['said nothing', '1980-01-01'],
    ['took it back', '1980-01-01'],
    ['is a child', '2020-01-01'],
  ] as const) {
    const emails = [{ value: `${who.replaceAll(' ', '-')}@example.com` }];
    people[who] = await newId(ask, 'contact', {
      givenName: 'Grace',
      familyName: who,
      birthDate,
      emails,
      tags: ['vip'],
    });
    if (who !== 'said nothing') await mutate(ask, 'recordConsent', { contactId: people[who], ...consent }, 'position');
  }
  const { noticeVersion: _noticeVersion, ...what } = consent;
  await mutate(ask, 'withdrawConsent', { contactId: people['took it back'], ...what }, 'position');
  deal = await newId(ask, 'deal', { title: 'D', contactId: people['is a child'] });
});
afterAll(() => workplace.close());

test.each(LISTS)('[P7.6] [P3.8] a read for marketing finds and counts only who has said yes: %s', async (query) => {
  const { contacts } = await readingFor('marketing')(`{ ${query} }`);
  expect(contacts).toEqual({ totalCount: 1, nodes: [{ id: people['said yes'] }] });
  expect((await readingFor('service')(`{ ${query} }`)).contacts.totalCount).toBe(4);
});

test('[P7.6] who is restricted, or has objected, is withheld as if they were not there', async () => {
  const contact = 'query ($id: ID!) { contact(id: $id) { id } }';
  const past = 'query ($id: ID!) { contact(id: $id, asOf: "2100-01-01T00:00:00Z") { id } }';
  for (const query of [contact, past]) {
    for (const who of ['said nothing', 'took it back', 'is a child']) {
      expect((await readingFor('MARKETING')(query, { id: people[who] })).contact).toBeNull();
      expect((await readingFor('LEGAL_OBLIGATION')(query, { id: people[who] })).contact).not.toBeNull();
    }
    expect((await readingFor('MARKETING')(query, { id: people['said yes'] })).contact).not.toBeNull();
    expect((await readingFor('ANALYTICS')(query, { id: people['said yes'] })).contact).toBeNull();
  }
  const linked = 'query ($id: ID!) { deal(id: $id) { title contact { id } } }';
  expect((await readingFor('MARKETING')(linked, { id: deal })).deal).toEqual({ title: 'D', contact: null });
  expect((await readingFor('SERVICE')(linked, { id: deal })).deal.contact).toEqual({ id: people['is a child'] });
});

test('[P7.6] the history shows nothing of a person for what asks for their consent', async () => {
  const query = '{ eventHistory(filter: { type: "ContactCreated" }) { nodes { fields { personal value redacted } } } }';
  const shown = async (purpose: string) =>
    (await readingFor(purpose)(query)).eventHistory.nodes
      .flatMap(({ fields }: { fields: { personal: boolean }[] }) => fields)
      .filter(({ personal }: { personal: boolean }) => personal);
  for (const field of await shown('marketing')) expect(field).toMatchObject({ value: null, redacted: true });
  for (const field of await shown('legal-obligation')) expect(field).toMatchObject({ redacted: false });
});

test('what is no purpose is refused, and says so', async () => {
  const refused = refusedBy(workplace, { ...ada, purpose: 'curiosity' });
  for (const query of ['{ contacts { totalCount } }', '{ products { totalCount } }', '{ members { id } }']) {
    expect(await refused(query)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'x-purpose' });
  }
});
