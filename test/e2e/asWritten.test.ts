import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** The calls that the product promises to answer as they are written here. */
const SIGN_UP = `mutation { signUp(input: { name: "Ada", email: "ada@example.com", password: "correct horse battery", workspaceName: "Lovelace BPO",
  acceptedPolicyVersion: "1", confirmsAdult: true }) { token account { id } workspace { id } } }`;
const CREATE_COMPANY =
  'mutation { createCompany(input: { name: "Acme", domain: "acme.example" }) { company { id name } version position } }';
const CREATE_CONTACT = `mutation ($companyId: ID) { createContact(input: { commandId: "8c3c6a52-9a4e-4c3e-8a53-0d6f2b1c7e11", givenName: "Grace", familyName: "Hopper", emails: [{ value: "grace@acme.example", label: "work" }],
  companyId: $companyId, tags: ["vip"] }) { contact { id displayName company { name } } version position } }`;
const RECORD_CONSENT =
  'mutation ($id: ID!) { recordConsent(input: { contactId: $id, purpose: MARKETING, channel: EMAIL, noticeVersion: "1", means: "web form" }) { consent { state since } } }';
const WITHDRAW_CONSENT =
  'mutation ($id: ID!) { withdrawConsent(input: { contactId: $id, purpose: MARKETING, channel: EMAIL }) { consent { state since } } }';
const ANONYMISE =
  'mutation ($id: ID!) { anonymiseContact(input: { id: $id, reason: "subject request" }) { contact { id displayName } position } }';
const ERASE =
  'mutation ($id: ID!) { eraseContact(input: { id: $id, reason: "subject request" }) { subjectId position } }';
const CONTACTS = `query { contacts(first: 50, filter: { mayContactFor: MARKETING }, orderBy: [{ field: FAMILY_NAME, direction: ASC }]) {
  edges { cursor node { id displayName emails { value } company { id name } tags } } pageInfo { hasNextPage endCursor } totalCount } }`;
const HISTORY =
  'query ($id: ID!) { eventHistory(filter: { entityId: $id }, first: 20) { edges { node { id type recordedAt actor { id } revision position fields { name value erased } } } } }';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;

beforeAll(async () => {
  server = await startServer(directory.path());
  const { signUp: answer } = await asking(server)(SIGN_UP);
  ada = { token: answer.token, account: answer.account.id, workspaceId: answer.workspace.id };
  ask = asking(server, ada);
});
afterAll(() => server.stop());

const newContact = async (givenName: string): Promise<string> => {
  const create =
    'mutation ($name: String!) { createContact(input: { givenName: $name, familyName: "Example" }) { contact { id } } }';
  return (await ask(create, { name: givenName })).createContact.contact.id;
};

test('a contact is filed with its company, and the same command sent twice acts once and answers alike', async () => {
  const { createCompany } = await ask(CREATE_COMPANY);
  expect(createCompany).toEqual({
    company: { id: expect.any(String), name: 'Acme' },
    version: 1,
    position: expect.any(String),
  });
  const companyId = createCompany.company.id;
  const first = await ask(CREATE_CONTACT, { companyId });
  expect(first.createContact.contact).toEqual({
    id: expect.any(String),
    displayName: 'Grace Hopper',
    company: { name: 'Acme' },
  });
  expect(await ask(CREATE_CONTACT, { companyId })).toEqual(first);
  const { contacts } = await ask('{ contacts(filter: { search: "hopp" }) { totalCount nodes { id } } }');
  expect(contacts).toEqual({ totalCount: 1, nodes: [{ id: first.createContact.contact.id }] });
});

test('[P3.8] marketing reaches a person from the moment they consent until they withdraw', async () => {
  const id = await newContact('Consenting');
  expect(await marketable()).not.toContain(id);
  const { recordConsent } = await ask(RECORD_CONSENT, { id });
  expect(recordConsent.consent).toEqual({ state: 'GIVEN', since: expect.stringMatching(/Z$/) });
  expect(await marketable()).toContain(id);
  expect((await ask(WITHDRAW_CONSENT, { id })).withdrawConsent.consent.state).toBe('WITHDRAWN');
  expect(await marketable()).not.toContain(id);
});

const marketable = async (): Promise<string[]> => {
  const { contacts } = await ask(CONTACTS);
  expect(contacts.totalCount).toBe(contacts.edges.length);
  return contacts.edges.map(({ node }: { node: { id: string } }) => node.id);
};

test('[P7.3] anonymising takes the person out of the record, the searches and the marketing page; the history stays', async () => {
  const id = await newContact('Forgettable');
  await ask(RECORD_CONSENT, { id });
  const { anonymiseContact } = await ask(ANONYMISE, { id });
  expect(anonymiseContact.contact).toEqual({ id, displayName: 'Anonymised contact' });
  expect(await marketable()).not.toContain(id);
  const { contacts } = await ask('{ contacts(filter: { search: "Forgettable" }) { totalCount } }');
  expect(contacts.totalCount).toBe(0);
  const { eventHistory } = await ask(HISTORY, { id });
  const [created] = eventHistory.edges;
  expect(created.node).toMatchObject({ type: 'ContactCreated', revision: 0, actor: { id: ada.account } });
  expect(created.node.fields).toEqual([{ name: 'name', value: null, erased: true }]);
});

test('[P7.3] erasing takes the record along; later writes for the person are refused', async () => {
  const id = await newContact('Gone');
  const { contact } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id });
  const { eraseContact } = await ask(ERASE, { id });
  expect(eraseContact.subjectId).toBe(contact.subjectId);
  expect((await ask('query ($id: ID!) { contact(id: $id) { id } }', { id })).contact).toBeNull();
  const late = await server.ask(
    'mutation ($id: ID!) { updateContact(input: { id: $id, nickname: "Back" }) { version } }',
    { id },
    ada,
  );
  expect(late.errors?.[0]?.extensions).toMatchObject({ code: 'SUBJECT_ERASED' });
  expect((await ask(ERASE, { id })).eraseContact.subjectId).toBe(contact.subjectId);
  const { eventHistory } = await ask(
    'query ($s: ID!) { eventHistory(filter: { subjectId: $s }) { edges { node { type } } } }',
    { s: contact.subjectId },
  );
  expect(eventHistory.edges.map(({ node }: { node: { type: string } }) => node.type)).toEqual([
    'ContactCreated',
    'SubjectErased',
  ]);
});

test('a header names the workspace; one that is not the caller’s is refused', async () => {
  const eve = await signUp(server, 'Eve');
  const answer = await server.ask('{ contacts { totalCount } }', {}, { token: eve.token, workspace: ada.workspaceId });
  expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  const own = await server.ask('{ contacts { totalCount } }', {}, { token: eve.token, workspace: eve.workspaceId });
  expect(own.data.contacts.totalCount).toBe(0);
});
