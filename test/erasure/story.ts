import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphQLSchema } from 'graphql';
import { buildCrmSchema } from '../../schema/build.js';
import { type Asking, mutate, newId } from '../support/mutations.js';
import { asking, type SignedUp, type TestServer } from '../support/server.js';
import { type Canary, type Fate, LEFT_OUT } from './canary.js';

export const schema: GraphQLSchema = buildCrmSchema();

/** Somebody who is to be erased. */
export interface Person {
  readonly id: string;
  readonly subject: string;
  /** As they were searched for. */
  readonly name: string;
}

const inputType = (name: string) => schema.getMutationType()!.getFields()[name]!.args[0]!.type;

/** Carries out a mutation of whose input every place for words has a marker, and what is given besides. */
export const write = async (
  ask: Asking,
  canary: Canary,
  name: string,
  answer: string,
  fate: Fate,
  given: object = {},
) => {
  const type = inputType(name);
  const input = canary.filled(type, `Mutation.${name}.input`, fate, given);
  return (await ask(`mutation ($input: ${type}) { ${name}(input: $input) { ${answer} } }`, { input }))[name];
};

const CONTACT = 'contact { id subjectId displayName }';
const personOf = ({ contact }: { contact: { id: string; subjectId: string; displayName: string } }): Person => ({
  id: contact.id,
  subject: contact.subjectId,
  name: contact.displayName,
});
const consent = { purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1' };

/** A person with a marker in every field, written twice over, who has consented and taken it back. */
export const writePerson = async (ask: Asking, canary: Canary, given: object = {}): Promise<Person> => {
  const person = personOf(await write(ask, canary, 'createContact', CONTACT, 'person', given));
  const about = { contactId: person.id, ...consent };
  await write(ask, canary, 'recordConsent', 'position', 'person', about);
  const { purpose, channel } = consent;
  await write(ask, canary, 'withdrawConsent', 'position', 'person', { contactId: person.id, purpose, channel });
  return personOf(await write(ask, canary, 'updateContact', CONTACT, 'person', { id: person.id }));
};

/** A person of whom an anonymisation leaves the department, regions and countries. */
export const writeStatistic = async (ask: Asking, canary: Canary): Promise<Person> => {
  const place = (path: string, fate: Fate) => canary.mark(`Mutation.createContact.input.${path}`, fate);
  const addresses = [
    {
      street: place('addresses.street', 'person'),
      region: place('addresses.region', 'left'),
      country: place('addresses.country', 'left'),
    },
  ];
  const given = { addresses, department: place('department', 'left'), externalId: LEFT_OUT };
  return personOf(await write(ask, canary, 'createContact', CONTACT, 'person', given));
};

/** Records of others in which the person is spoken of, and what corrects them again. */
export const writeMentions = async (ask: Asking, canary: Canary, person: Person): Promise<() => Promise<void>> => {
  const made = async (kind: string, given: object = {}) => {
    const name = kind[0]!.toUpperCase() + kind.slice(1);
    const noIds = { externalId: LEFT_OUT, currency: LEFT_OUT, ...given };
    const created = await write(ask, canary, `create${name}`, `${kind} { id }`, 'mention', noIds);
    const id: string = created[kind].id;
    await write(ask, canary, `update${name}`, 'position', 'mention', { id, currency: LEFT_OUT });
    return id;
  };
  const [company, product] = [await made('company'), await made('product')];
  const deal = await made('deal', { contactId: person.id });
  const held = await write(ask, canary, 'placeHold', 'id', 'mention', { contactId: person.id, ground: 'LEGAL_CLAIM' });
  return async () => {
    const { companies, deals } = await ask(
      '{ companies { nodes { customFields { name } } } deals { nodes { customFields { name } } } }',
    );
    const cleared = [...companies.nodes, ...deals.nodes]
      .flatMap(({ customFields }: { customFields: { name: string }[] }) => customFields)
      .map(({ name }) => ({ name, value: null }));
    const plain = { tags: [], notes: [], customFields: cleared };
    const names = { name: 'Company', domain: null, sector: null, location: null };
    await mutate(ask, 'updateCompany', { id: company, ...plain, ...names }, 'position');
    await mutate(ask, 'updateProduct', { id: product, name: 'Product', series: null }, 'position');
    await mutate(ask, 'updateDeal', { id: deal, ...plain, title: 'Deal', productText: null }, 'position');
    await mutate(ask, 'liftHold', { contactId: person.id, holdId: held[0].id }, 'id');
  };
};

/** Column names of a list of contacts, with the place in the API that each stands for. */
const COLUMNS = {
  'Contact ID': 'externalId',
  'Name Prefix': 'prefix',
  'First Name': 'givenName',
  'Middle Name': 'additionalNames',
  'Last Name': 'familyName',
  'Name Suffix': 'suffix',
  Nickname: 'nickname',
  Company: 'companyName',
  Department: 'department',
  'Job Title': 'jobTitle',
  Birthday: 'birthDate',
  Notes: 'notes',
  Tags: 'tags',
  'E-mail': 'emails.value',
  Phone: 'phones.value',
  Website: 'links.value',
  Street: 'addresses.street',
  City: 'addresses.city',
  State: 'addresses.region',
  'Postal Code': 'addresses.postalCode',
  Country: 'addresses.country',
  'Custom Field 1 - Label': 'customFields.name',
  'Custom Field 1 - Value': 'customFields.value',
};

/** A list of one person, as a CSV; `way` says through what it goes. */
export const csvOf = (canary: Canary, way: string): string => {
  const values = Object.values(COLUMNS).map((place) => canary.mark(`${way}.${place}`, 'person'));
  return `${Object.keys(COLUMNS).join(';')}\r\n${values.join(';')}\r\n`;
};

/** One person's card (RFC 6350). */
export const vcardOf = (canary: Canary, way: string): string => {
  const at = (place: string) => canary.mark(`${way}.${place}`, 'person');
  return [
    'BEGIN:VCARD',
    'VERSION:4.0',
    `UID:${at('externalId')}`,
    `FN:${at('formattedName')}`,
    `N:${at('familyName')};${at('givenName')};${at('additionalNames')};${at('prefix')};${at('suffix')}`,
    `NICKNAME:${at('nickname')}`,
    `ORG:${at('companyName')};${at('department')}`,
    `TITLE:${at('jobTitle')}`,
    `EMAIL:${at('emails.value')}`,
    `TEL:${at('phones.value')}`,
    `ADR:${at('poBox')};${at('extended')};${at('street')};${at('city')};${at('region')};${at('postalCode')};${at('country')}`,
    `BDAY:${at('birthDate').replaceAll('-', '')}`,
    `URL:${at('links.value')}`,
    `NOTE:${at('notes')}`,
    `CATEGORIES:${at('tags')}`,
    `item1.X-OWN:${at('customFields.value')}`,
    `item1.X-ABLabel:${at('customFields.name')}`,
    'END:VCARD',
    '',
  ].join('\r\n');
};

/** A list with a label of the person's own on a column, and a card, by the API. */
export const importPeople = async (ask: Asking, canary: Canary): Promise<void> => {
  const way = 'Mutation.importContacts.input.file';
  const label = canary.mark(`${way}.mapping.label`, 'person');
  const column = Object.values(COLUMNS).indexOf('emails.value') + 1;
  const mapping = [{ column, field: 'emails.0.value', label }];
  const files = [
    { text: csvOf(canary, `${way}.text`), mapping },
    { base64: Buffer.from(vcardOf(canary, `${way}.base64`)).toString('base64') },
  ];
  for (const file of files) {
    const { kinds } = await mutate(ask, 'importContacts', { file }, 'kinds { counts { created } problems { code } }');
    expect(kinds).toEqual([{ counts: { created: 1 }, problems: [] }]);
  }
  for (const name of ['text', 'base64']) canary.covered.add(`${way}.${name}`);
  const deals = 'Mutation.importDeals.input';
  const passing = (place: string) => canary.mark(`${deals}.${place}`, 'passing');
  const parts = {
    companies: `account,sector\n${passing('companies.text')},x\n`,
    products: `product,series\n${passing('products.text')},x\n`,
    agents: `sales agent,manager\n${passing('agents.text')},x\n`,
    deals: `Opportunity ID,Account,Deal Stage,Deal Name\nD-1,${passing('deals.text')},Won,${passing('deals.text')}\n`,
  };
  for (const inBase64 of [false, true]) {
    const entries = Object.entries(parts).map(([name, text]) => {
      canary.covered.add(`${deals}.${name}.base64`);
      return [name, inBase64 ? { base64: Buffer.from(text).toString('base64') } : { text }];
    });
    await mutate(ask, 'importDeals', { ...Object.fromEntries(entries), dryRun: true }, 'dryRun');
  }
};

/** The files that the command line is to import. */
export const filesToImport = (canary: Canary, directory: string): string[] => {
  const files = [join(directory, 'people.csv'), join(directory, 'people.vcf')];
  writeFileSync(files[0]!, csvOf(canary, 'crm import (CSV)'));
  writeFileSync(files[1]!, vcardOf(canary, 'crm import (vCard)'));
  return files;
};

/** Looks for the person in every way that finds somebody, with variables and with the words in the document itself. */
export const searchFor = async (ask: Asking, canary: Canary, { id, subject, name }: Person): Promise<void> => {
  const shown = await ask(
    'query ($id: ID!) { contact(id: $id) { emails { value } tags externalId phones { value } } }',
    { id },
  );
  const { emails, tags, externalId, phones } = shown.contact;
  const filters = [{ search: name }, { email: emails[0].value }, { tag: tags[0] }, { externalId }];
  for (const filter of filters) {
    const [[field, value]] = Object.entries(filter) as [[string, string]];
    const inDocument = `{ contacts(filter: { ${field}: ${JSON.stringify(value)} }) { nodes { id displayName } } } # ${value}`;
    for (let time = 0; time < 3; time++) {
      const query = 'query ($filter: ContactFilter) { contacts(filter: $filter) { nodes { id displayName notes } } }';
      const found = [await ask(query, { filter }), await ask(inDocument)];
      expect(found.map(({ contacts }) => contacts.nodes[0]?.id)).toEqual([id, id]);
    }
  }
  await ask(`{ contact(id: "${id}", asOf: "${new Date().toISOString()}") { displayName notes } }`);
  await ask(`{ erasurePreview(contactIds: ["${id}"]) { possibleMentions { id } sameAddress } }`);
  await ask(`{ eventHistory(filter: { subjectId: "${subject}" }) { nodes { fields { name value } } } }`);
  const known = [
    ['EMAIL', emails[0].value],
    ['PHONE', phones[0].value],
    ['EXTERNAL_ID', externalId],
  ];
  for (const [identifier, value] of known) {
    await write(ask, canary, 'findByIdentifier', 'contacts { id }', 'mention', { identifier, value });
  }
  canary.covered.add('Mutation.findByIdentifier.input.value');
};

/** Somebody else, of whom nothing may change. */
export const writeBystander = async (ask: Asking): Promise<void> => {
  const company = await newId(ask, 'company', { name: 'Bystanders Ltd', tags: ['old'] });
  const contactId = await newId(ask, 'contact', {
    givenName: 'Grace',
    familyName: 'Bystander',
    emails: [{ value: 'grace@bystander.example' }],
    companyId: company,
    externalId: 'grace-1',
  });
  await newId(ask, 'deal', { title: 'Grace buys', contactId, companyId: company, valueMinor: 100, currency: 'EUR' });
  await mutate(ask, 'recordConsent', { contactId, ...consent, means: 'web form' }, 'position');
};

export const askingAs = (server: TestServer, ada: SignedUp): Asking =>
  asking(server, { token: ada.token, workspace: ada.workspaceId });
