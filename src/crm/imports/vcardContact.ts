import type { ImportedAddress, ImportedContact, LabelledValue, NamedValue } from './contact.js';
import { readBirthDate } from './dates.js';
import { isEmail } from './email.js';
import { labelOf, unwrapLabel } from './labels.js';
import { type ImportProblem, type ProblemCode, problem } from './problem.js';
import type { RawCard } from './vcardCards.js';
import type { VCardProperty } from './vcardLines.js';
import {
  decodeValue,
  isBinary,
  readComponents,
  readList,
  readParameterText,
  readPhone,
  readPlainComponents,
  readText,
} from './vcardValues.js';

/** A contact, and with it whatever else its card says in text: properties that have no field of ours, by their names. */
export interface VCardContact extends ImportedContact {
  readonly other: readonly NamedValue[];
}

type Ranked<T> = T & { readonly rank: number };

/** What may stand once in a contact. A second one of a card is kept under `other`. */
type Single =
  | 'externalId'
  | 'prefix'
  | 'givenName'
  | 'additionalNames'
  | 'familyName'
  | 'suffix'
  | 'formattedName'
  | 'nickname'
  | 'companyName'
  | 'department'
  | 'jobTitle'
  | 'role'
  | 'birthDate';

interface Draft {
  readonly single: Partial<Record<Single, string>>;
  readonly emails: Ranked<LabelledValue>[];
  readonly phones: Ranked<LabelledValue>[];
  readonly addresses: Ranked<ImportedAddress>[];
  readonly links: Ranked<LabelledValue>[];
  readonly notes: string[];
  readonly tags: string[];
  readonly customFields: NamedValue[];
  readonly other: NamedValue[];
}

interface Reader {
  readonly draft: Draft;
  /** Labels of Apple and Google, by group: `item1.X-ABLabel`. */
  readonly groupLabels: ReadonlyMap<string, string>;
  report(code: ProblemCode, property: VCardProperty): void;
}

/** Puts a decoded value where it belongs; false when it has no place there. */
type Handler = (reader: Reader, property: VCardProperty, text: string) => boolean;

const present = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

function setOnce(draft: Draft, values: Partial<Record<Single, string>>): boolean {
  const names = Object.keys(values) as Single[];
  if (names.some((name) => draft.single[name] !== undefined)) return false;
  for (const name of names) {
    const value = present(values[name]);
    if (value !== undefined) draft.single[name] = value;
  }
  return true;
}

const once =
  (name: Single, readValue: (text: string, property: VCardProperty) => string): Handler =>
  ({ draft }, property, text) =>
    setOnce(draft, { [name]: readValue(text, property) });

/** 1 is the most preferred (RFC 6350 section 5.3); the older versions have PREF as a type. */
function rankOf({ parameters }: VCardProperty): number {
  if (parameters.get('TYPE')?.some((type) => type.toLowerCase() === 'pref')) return 1;
  const rank = Number(parameters.get('PREF')?.[0]);
  return rank >= 1 && rank <= 100 ? rank : 101;
}

const groupLabelOf = (reader: Reader, { group }: VCardProperty): string | undefined =>
  group === undefined ? undefined : reader.groupLabels.get(group);

const labelling = (reader: Reader, property: VCardProperty): { label: string; rank: number } => {
  const groupLabel = groupLabelOf(reader, property);
  const written = groupLabel === undefined ? (property.parameters.get('TYPE') ?? []) : [groupLabel];
  return { label: labelOf(written), rank: rankOf(property) };
};

const readName: Handler = ({ draft }, property, text) => {
  const [family, given, additional, prefix, suffix] = readComponents(text, property);
  return setOnce(draft, {
    familyName: family?.join(' '),
    givenName: given?.join(' '),
    additionalNames: additional?.join(' '),
    prefix: prefix?.join(' '),
    suffix: suffix?.join(', '),
  });
};

const readOrganisation: Handler = ({ draft }, property, text) => {
  const [companyName, ...departments] = readPlainComponents(text, property);
  return setOnce(draft, { companyName, department: departments.join(', ') });
};

const readEmail: Handler = (reader, property, text) => {
  const value = readText(text, property).replace(/^mailto:/i, '');
  if (value === '') return true;
  if (!isEmail(value)) {
    reader.report('BAD_EMAIL', property);
    return false;
  }
  reader.draft.emails.push({ value, ...labelling(reader, property) });
  return true;
};

const readTelephone: Handler = (reader, property, text) => {
  const value = readPhone(readText(text, property));
  if (value !== '') reader.draft.phones.push({ value, ...labelling(reader, property) });
  return true;
};

const readLink: Handler = (reader, property, text) => {
  const value = readText(text, property);
  if (value !== '') reader.draft.links.push({ value, ...labelling(reader, property) });
  return true;
};

/** Gmail puts a whole address, of several lines, into one component: it is the street, whichever component it was. */
const readAddress: Handler = (reader, property, text) => {
  const parts = readComponents(text, property).map((list) => present(list.join(', ')));
  const [poBox, extended, street, city, region, postalCode, country] = parts;
  const filled = parts.filter((part) => part !== undefined);
  const whole = property.parameters.get('LABEL')?.[0];
  const { label, rank } = labelling(reader, property);
  if (filled.length === 0 && whole === undefined) return true;
  if (filled.length === 0) reader.draft.addresses.push({ label, rank, street: readParameterText(whole!) });
  else if (filled.length === 1 && extended !== undefined)
    reader.draft.addresses.push({ label, rank, street: extended });
  else reader.draft.addresses.push({ label, rank, poBox, extended, street, city, region, postalCode, country });
  return true;
};

/** Apple writes a year that stands for none, and says so in a parameter. */
function readBirthday(reader: Reader, property: VCardProperty, text: string): boolean {
  const value = readText(text, property);
  if (value === '') return true;
  const omitted = property.parameters.get('X-APPLE-OMIT-YEAR')?.[0];
  const date = readBirthDate(
    omitted !== undefined && value.startsWith(omitted) ? value.replace(/^\d{4}-?/, '--') : value,
  );
  if (date.ok) return setOnce(reader.draft, { birthDate: date.value });
  if (property.parameters.get('VALUE')?.[0]?.toLowerCase() !== 'text') reader.report('BAD_DATE', property);
  return false;
}

const readNote: Handler = ({ draft }, property, text) => {
  const note = readText(text, property);
  if (note !== '') draft.notes.push(note);
  return true;
};

const readCategories: Handler = ({ draft }, property, text) => {
  draft.tags.push(...readList(text, property));
  return true;
};

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['N', readName],
  ['FN', once('formattedName', readText)],
  ['NICKNAME', once('nickname', (text, property) => readList(text, property).join(', '))],
  ['ORG', readOrganisation],
  ['TITLE', once('jobTitle', readText)],
  ['ROLE', once('role', readText)],
  ['EMAIL', readEmail],
  ['TEL', readTelephone],
  ['ADR', readAddress],
  ['BDAY', readBirthday],
  ['URL', readLink],
  ['NOTE', readNote],
  ['CATEGORIES', readCategories],
  ['UID', once('externalId', readText)],
]);

/** X-ABADR is the country of the address in its group, whose label is the address's. */
function keepOther(reader: Reader, property: VCardProperty, text: string): void {
  const value = readText(text, property);
  if (/^[;,\s]*$/.test(value)) return;
  const label = groupLabelOf(reader, property);
  const labelled = label !== undefined && !handlers.has(property.name) && property.name !== 'X-ABADR';
  if (labelled) reader.draft.customFields.push({ name: unwrapLabel(label), value });
  else reader.draft.other.push({ name: property.name, value });
}

function readProperty(reader: Reader, property: VCardProperty): void {
  const isLabel = property.name === 'X-ABLABEL' && property.group !== undefined;
  if (property.name === 'VERSION' || property.name === 'AGENT' || isLabel || isBinary(property)) return;
  const { text, damaged } = decodeValue(property);
  if (damaged) reader.report('BAD_TEXT', property);
  if (!handlers.get(property.name)?.(reader, property, text)) keepOther(reader, property, text);
}

function groupLabelsOf({ properties }: RawCard): Map<string, string> {
  const labels = new Map<string, string>();
  for (const property of properties) {
    if (property.name !== 'X-ABLABEL' || property.group === undefined) continue;
    const label = readText(decodeValue(property).text, property);
    if (label !== '') labels.set(property.group, label);
  }
  return labels;
}

const byRank = <T>(values: readonly Ranked<T>[]): Omit<Ranked<T>, 'rank'>[] =>
  values.toSorted((left, right) => left.rank - right.rank).map(({ rank: _, ...value }) => value);

/** The title says more of what someone does in a company than the role; a card with both keeps the role under `other`. */
function jobOf({ single: { jobTitle, role }, other }: Draft): string | undefined {
  if (jobTitle !== undefined && role !== undefined) other.push({ name: 'ROLE', value: role });
  return jobTitle ?? role;
}

const saysNothing = ({ name }: NamedValue): boolean => name === 'PRODID' || name === 'REV';

const isEmpty = ({ single, other, ...lists }: Draft): boolean =>
  Object.keys(single).length === 0 &&
  other.every(saysNothing) &&
  Object.values(lists).every((list) => list.length === 0);

/** What a whole card says of its person; undefined when it says nothing. */
export function readContact(card: RawCard): { contact?: VCardContact; problems: ImportProblem[] } {
  const problems: ImportProblem[] = [];
  const draft: Draft = {
    single: {},
    emails: [],
    phones: [],
    addresses: [],
    links: [],
    notes: [],
    tags: [],
    customFields: [],
    other: [],
  };
  const report: Reader['report'] = (code, { line, column }) =>
    problems.push(problem(code, { line, column, card: card.card }));
  const reader: Reader = { draft, groupLabels: groupLabelsOf(card), report };
  for (const property of card.properties) readProperty(reader, property);
  if (isEmpty(draft)) {
    problems.push(problem('MISSING_VALUE', { line: card.line, column: 1, card: card.card }));
    return { problems };
  }
  const { role: _, ...single } = draft.single;
  const contact: VCardContact = {
    line: card.line,
    ...single,
    jobTitle: jobOf(draft),
    emails: byRank(draft.emails),
    phones: byRank(draft.phones),
    addresses: byRank(draft.addresses),
    links: byRank(draft.links),
    notes: draft.notes,
    tags: draft.tags,
    customFields: draft.customFields,
    other: draft.other,
  };
  return { contact, problems };
}
