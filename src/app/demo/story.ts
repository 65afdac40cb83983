import { agentsCsv, companiesCsv, contactsVcf, dealsCsv, productsCsv } from './sample.js';

type Say = (line: string) => void;
// biome-ignore lint/suspicious/noExplicitAny: answers of several shapes, read once each
type Answer = any;

/** A caller of the API, over HTTP like any other. */
const callerOf = (url: string) => {
  let token = '';
  return {
    signedIn: (given: string) => {
      token = given;
    },
    ask: async (query: string, variables: object = {}): Promise<Answer> => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
      const { data, errors } = (await response.json()) as { data: Answer; errors?: { message: string }[] };
      if (errors) throw new Error(errors.map(({ message }) => message).join(' '));
      return data;
    },
  };
};

type Ask = ReturnType<typeof callerOf>['ask'];

/** Plays the story against a running server: contact in, consent given, anonymised, what the history still proves. */
export const tellStory = async (url: string, password: string, say: Say): Promise<void> => {
  const { ask, signedIn } = callerOf(url);
  const email = 'ada@lovelace.example';
  const { signUp } = await ask(SIGN_UP, { input: signUpInput(email, password) });
  signedIn(signUp.token);
  say('');
  say('BPO Assistant CRM, on a directory that is thrown away when you stop it.');
  say('');
  await importSamples(ask, say);
  const id = await contactIn(ask, say);
  await consentGiven(ask, id, say);
  await anonymised(ask, id, say);
  await whatIsProved(ask, id, say);
  say('');
  say('Now look for yourself:');
  say(`   explorer   ${url.replace('/graphql', '/explorer')}`);
  say(`   sign in    ${email}  ${password}`);
  say(`   or send    Authorization: Bearer ${signUp.token}`);
  say('   Ctrl+C stops the server and deletes everything.');
  say('');
};

const importSamples = async (ask: Ask, say: Say): Promise<void> => {
  const deals = { deals: dealsCsv, companies: companiesCsv, products: productsCsv, agents: agentsCsv };
  const files = Object.fromEntries(Object.entries(deals).map(([kind, text]) => [kind, { text }]));
  const imported = [
    ...(await ask(IMPORT_DEALS, { input: files })).importDeals.kinds,
    ...(await ask(IMPORT_CONTACTS, { input: { file: { text: contactsVcf } } })).importContacts.kinds,
  ];
  const counts = imported.map(
    ({ kind, counts: { created } }: Answer) => `${created} ${kind}${created === 1 ? '' : 's'}`,
  );
  say(`1. Sample data is in, from CSV and vCard: ${counts.join(', ').replace('companys', 'companies')}.`);
  await sayTotals(ask, say);
};

const contactIn = async (ask: Ask, say: Say): Promise<string> => {
  const { contact } = (await ask(CREATE_CONTACT)).createContact;
  const { createDeal } = await ask(CREATE_DEAL, { id: contact.id });
  say('');
  say(
    `2. A contact comes in: ${contact.displayName}, ${contact.emails[0].value}, with a deal “${createDeal.deal.title}”.`,
  );
  say('   On disk her name and address are sealed under a key of her own.');
  return contact.id;
};

const consentGiven = async (ask: Ask, id: string, say: Say): Promise<void> => {
  say('');
  say(`3. She has said nothing yet. Whom may we write to for marketing? ${await reachable(ask)}`);
  await ask(RECORD_CONSENT, { id });
  say(`   She ticks the box on the web form. And now? ${await reachable(ask)}`);
};

const anonymised = async (ask: Ask, id: string, say: Say): Promise<void> => {
  const { anonymiseContact } = await ask(ANONYMISE, { id });
  const { contacts } = await ask('{ contacts(filter: { search: "Hopper" }) { nodes { id } } }');
  say('');
  say('4. She asks to be forgotten. Her keys are destroyed, read models and search purged.');
  say(`   Her record: “${anonymiseContact.contact.displayName}”, ${anonymiseContact.contact.privacyState}.`);
  say(`   A search for her name finds ${contacts.nodes.length}. Whom may we write to? ${await reachable(ask)}`);
  const late = await ask(LATE_WRITE, { id }).then(
    () => 'was accepted (this should not happen)',
    (error: Error) => `is refused: ${error.message}`,
  );
  say(`   Writing to her record ${late}`);
  await sayTotals(ask, say);
};

const whatIsProved = async (ask: Ask, id: string, say: Say): Promise<void> => {
  const { contact } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id });
  const { eventHistory } = await ask(HISTORY, { subject: contact.subjectId });
  say('');
  say('5. The history still shows that it happened, who did it and when; not who she was:');
  for (const { node } of eventHistory.edges) {
    const fields = node.fields.map(
      ({ name, value, erased }: Answer) => `${name}=${erased ? 'Erased' : JSON.stringify(value)}`,
    );
    say(`   ${node.recordedAt}  ${node.type.padEnd(16)} ${fields.join(' ')}`);
  }
};

const reachable = async (ask: Ask): Promise<string> => {
  const { contacts } = await ask('{ contacts(filter: { mayContactFor: MARKETING }) { nodes { displayName } } }');
  const names = contacts.nodes.map(({ displayName }: Answer) => displayName);
  return names.length === 0 ? 'Nobody.' : `${names.join(', ')}.`;
};

const sayTotals = async (ask: Ask, say: Say): Promise<void> => {
  const { dealTotals } = await ask('{ dealTotals { stage currency count valueMinor } }');
  const words = dealTotals.map(
    ({ stage, currency, count, valueMinor }: Answer) =>
      `${stage} ${count}${currency === null ? '' : ` (${(valueMinor / 100).toLocaleString('en')} ${currency})`}`,
  );
  say(`   Deals: ${words.join(', ')}.`);
};

const signUpInput = (email: string, password: string) => ({
  name: 'Ada Lovelace',
  email,
  password,
  workspaceName: 'Lovelace BPO',
  acceptedPolicyVersion: '1',
  confirmsAdult: true,
});

const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }';
const IMPORT_DEALS =
  'mutation ($input: ImportDealsInput!) { importDeals(input: $input) { kinds { kind counts { created } } } }';
const IMPORT_CONTACTS =
  'mutation ($input: ImportContactsInput!) { importContacts(input: $input) { kinds { kind counts { created } } } }';
const CREATE_CONTACT = `mutation { createContact(input: { givenName: "Grace", familyName: "Hopper", tags: ["vip"],
  emails: [{ value: "grace@acme.example", label: "work" }] }) { contact { id displayName emails { value } } } }`;
const CREATE_DEAL = `mutation ($id: ID!) { createDeal(input: { title: "Compiler support", contactId: $id, stage: "engaging",
  valueMinor: 1200000, currency: "USD" }) { deal { title } } }`;
const RECORD_CONSENT = `mutation ($id: ID!) { recordConsent(input: { contactId: $id, purpose: MARKETING, channel: EMAIL,
  noticeVersion: "1", means: "web form" }) { consent { state } } }`;
const ANONYMISE = `mutation ($id: ID!) { anonymiseContact(input: { id: $id, reason: "asked by e-mail" }) {
  contact { displayName privacyState } } }`;
const LATE_WRITE = 'mutation ($id: ID!) { updateContact(input: { id: $id, nickname: "Amazing" }) { version } }';
const HISTORY = `query ($subject: ID!) { eventHistory(filter: { subjectId: $subject }, first: 50) { edges { node {
  type recordedAt fields { name value erased } } } } }`;
