import { attempt, historyOf, mutate, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;
let person: string;

beforeAll(async () => {
  server = await startServer(directory.path());
});
beforeEach(async () => {
  ada = await signUp(server, `Ada${crypto.randomUUID()}`);
  ask = asking(server, ada);
  const named = { givenName: 'Quilla', familyName: 'Vexnor', emails: [{ value: 'quilla@example.com' }] };
  person = await newId(ask, 'contact', named);
});
afterAll(() => server.stop());

interface Mention {
  readonly kind: string;
  readonly id: string;
  readonly field: string;
}
const listed = async (): Promise<readonly Mention[]> => {
  const query = `query ($id: ID!) { erasurePreview(contactIds: [$id]) {
    mentionsComplete possibleMentions { kind id field redactable } } }`;
  const { erasurePreview } = await ask(query, { id: person });
  expect(erasurePreview[0].mentionsComplete).toBe(true);
  return erasurePreview[0].possibleMentions;
};
const decide = (decision: string, mentions: readonly Mention[], more: object = {}) => {
  const decisions = mentions.map(({ kind, id, field }) => ({ kind, id, field, decision }));
  return mutate(ask, 'decideMentions', { contactId: person, decisions, ...more }, 'redacted remaining { id field }');
};
const deal = (id: string) =>
  ask('query ($id: ID!) { deal(id: $id) { title notes customFields { name value } version } }', { id });

test('[P7.3] notes, custom fields, titles and other people’s records that name a person are listed, by field', async () => {
  const notes = ['Introduced by Vexnor, Quilla'];
  const customFields = [{ name: 'referrer', value: 'quilla@example.com' }];
  const other = await newId(ask, 'contact', { givenName: 'Other', notes, emails: [{ value: 'quilla@example.com' }] });
  const company = await newId(ask, 'company', { name: 'Vexnor & Co', notes: ['Quilla M. Vexnor signs'] });
  const sold = await newId(ask, 'deal', { title: 'For Quilla Vexnor', customFields });
  await mutate(ask, 'deleteDeal', { id: sold }, 'version');
  await newId(ask, 'deal', { title: 'Vexnor came and then went, Quilla stayed' });
  const mentions = await listed();
  expect(mentions).toHaveLength(5);
  expect(mentions).toEqual(
    expect.arrayContaining([
      { kind: 'CONTACT', id: other, field: 'notes', redactable: true },
      { kind: 'CONTACT', id: other, field: 'emails', redactable: false },
      { kind: 'COMPANY', id: company, field: 'notes', redactable: true },
      { kind: 'DEAL', id: sold, field: 'title', redactable: true },
      { kind: 'DEAL', id: sold, field: 'customFields', redactable: true },
    ]),
  );
});

test('[P7.3] mentions are redacted in a batch: the records no longer name the person, and what stands around stays', async () => {
  const customFields = [
    { name: 'referrer', value: 'Quilla Vexnor' },
    { name: 'size', value: 'big' },
  ];
  const sold = await newId(ask, 'deal', {
    title: 'For Quilla Vexnor, soon',
    notes: ['a', 'quilla@example.com'],
    customFields,
  });
  const other = await newId(ask, 'contact', { givenName: 'Other', notes: ['Knows QUILLA VEXNOR'] });
  const company = await newId(ask, 'company', { name: 'Firm', tags: ['Quilla Vexnor', 'b'] });
  const commandId = crypto.randomUUID();
  const mentions = await listed();
  expect(await decide('REDACT', mentions, { commandId })).toEqual({ redacted: 5, remaining: [] });
  expect((await deal(sold)).deal).toEqual({
    title: 'For […], soon',
    notes: ['a', '[…]'],
    customFields: expect.arrayContaining([
      { name: 'referrer', value: '[…]' },
      { name: 'size', value: 'big' },
    ]),
    version: 2,
  });
  const query = 'query ($o: ID!, $c: ID!) { contact(id: $o) { notes } company(id: $c) { tags } }';
  const shown = await ask(query, { o: other, c: company });
  expect(shown).toEqual({ contact: { notes: ['Knows […]'] }, company: { tags: ['[…]', 'b'] } });
  expect(await listed()).toEqual([]);
  const { deals } = await ask('{ deals(filter: { search: "Vexnor" }) { nodes { id } } }');
  expect(deals.nodes).toEqual([]);

  const before = await historyOf(ask);
  expect(await decide('REDACT', mentions, { commandId })).toEqual({ redacted: 0, remaining: [] });
  expect(await historyOf(ask)).toEqual(before);
});

test('[P7.3] who is somebody else is not listed again, until the text says it anew; the history has the decision and no text', async () => {
  const sold = await newId(ask, 'deal', { title: 'For Quilla Vexnor', notes: ['Quilla Vexnor'] });
  const [title] = (await listed()).filter(({ field }) => field === 'title');
  const { redacted, remaining } = await decide('NOT_THIS_PERSON', [title!]);
  expect({ redacted, remaining }).toEqual({ redacted: 0, remaining: [{ id: sold, field: 'notes' }] });
  expect((await deal(sold)).deal.title).toBe('For Quilla Vexnor');
  await mutate(ask, 'updateDeal', { id: sold, title: 'Still for Quilla Vexnor' }, 'version');
  expect((await listed()).map(({ field }) => field)).toEqual(['notes']);

  const [recorded, ...others] = await historyOf(ask, { type: 'MentionsDecided' });
  expect(others).toEqual([]);
  const { value } = recorded.fields.find(({ name }: { name: string }) => name === 'decided');
  const mark = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/);
  expect(value).toEqual([{ kind: 'DEAL', record: sold, field: 'title', decision: 'NOT_THIS_PERSON', mark }]);
  expect(JSON.stringify(recorded)).not.toMatch(/quilla|vexnor/i);

  await mutate(ask, 'updateDeal', { id: sold, title: 'Quilla Vexnor and Quilla Vexnor' }, 'version');
  expect((await listed()).map(({ field }) => field).sort()).toEqual(['notes', 'title']);
  const namesake = await newId(ask, 'contact', { givenName: 'Quilla', familyName: 'Vexnor' });
  await mutate(ask, 'updateDeal', { id: sold, title: 'Still for Quilla Vexnor' }, 'version');
  person = namesake;
  expect(
    (await listed())
      .filter(({ kind }) => kind === 'DEAL')
      .map(({ field }) => field)
      .sort(),
  ).toEqual(['notes', 'title']);
});

test('what cannot be redacted is refused, and nothing of the batch is done', async () => {
  const twin = await newId(ask, 'contact', { givenName: 'Twin', emails: [{ value: 'quilla@example.com' }] });
  const sold = await newId(ask, 'deal', { title: 'For Quilla Vexnor' });
  const binned = await newId(ask, 'deal', { title: 'For Quilla Vexnor' });
  await mutate(ask, 'deleteDeal', { id: binned }, 'version');
  const first = { kind: 'DEAL', id: sold, field: 'title', decision: 'REDACT' };
  const refusal = async (...more: object[]) => {
    const input = { contactId: person, decisions: [first, ...more] };
    return (await attempt(server, ada, 'decideMentions', input)).errors?.[0]?.extensions;
  };
  const before = await historyOf(ask);
  const field = 'input.decisions';
  expect(await refusal({ ...first, kind: 'CONTACT', id: twin, field: 'emails' })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field,
  });
  expect(await refusal({ ...first, id: binned })).toMatchObject({ code: 'DELETED', field });
  expect(await refusal({ ...first, id: crypto.randomUUID() })).toMatchObject({ code: 'NOT_FOUND', field });
  expect(await refusal({ ...first, field: 'stage' })).toMatchObject({ code: 'NOT_FOUND', field });
  expect(await refusal(...Array.from({ length: 200 }, () => first))).toMatchObject({ code: 'BAD_USER_INPUT', field });
  expect(await historyOf(ask)).toEqual(before);
});
