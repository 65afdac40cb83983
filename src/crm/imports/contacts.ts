import { readCell, textOf, textsOf } from './cells.js';
import type { ImportedAddress, ImportedContact, LabelledValue, NamedValue } from './contact.js';
import { type DateOrder, guessDateOrder, readBirthDate } from './dates.js';
import { isEmail } from './email.js';
import { labelOf } from './labels.js';
import type { MappedColumn, MappedRow } from './mapping.js';
import { type ImportProblem, problem } from './problem.js';

type List = 'emails' | 'phones' | 'addresses' | 'links' | 'customFields';

interface Cell extends MappedColumn {
  readonly value: string;
}

interface Entry {
  readonly list: List;
  readonly parts: Map<string, Cell>;
}

/** Google puts several values into one cell, and a star before what is preferred or its own. */
const severalValues = (text: string): string[] => text.split(' ::: ').filter((value) => value !== '');
const withoutStar = (text: string): string => text.replace(/^\* ?/, '');
const isStarred = ({ parts }: Entry): boolean => parts.get('label')?.value.startsWith('*') ?? false;

/** Outlook's empty date. */
const isNoDate = (text: string): boolean => /^0+\/0+\/0+$/.test(text);

/** The entries of a row's lists in the order of their numbers, preferred ones first. */
function entriesOf(row: MappedRow): Entry[] {
  const entries = new Map<string, Entry & { readonly number: number }>();
  for (const [field, mapped] of row.columns) {
    const [list, number, part] = field.split('.');
    const value = textOf(row, field);
    if (number === undefined || part === undefined || value === undefined) continue;
    const key = `${list}.${number}`;
    const entry = entries.get(key) ?? { list: list as List, number: Number(number), parts: new Map() };
    entries.set(key, entry);
    entry.parts.set(part, { ...mapped, value });
  }
  return [...entries.values()].sort(
    (left, right) => Number(isStarred(right)) - Number(isStarred(left)) || left.number - right.number,
  );
}

function labelOfEntry({ parts }: Entry): string {
  const written = parts.get('label')?.value ?? [...parts.values()].find(({ label }) => label !== undefined)?.label;
  return labelOf(written === undefined ? [] : [withoutStar(written)]);
}

function labelledValues(entries: readonly Entry[], list: List): LabelledValue[] {
  return entries
    .filter((entry) => entry.list === list)
    .flatMap((entry) => {
      const label = labelOfEntry(entry);
      return severalValues(entry.parts.get('value')?.value ?? '').map((value) => ({ value, label }));
    });
}

/** Reports addresses that are none, and leaves them out. */
function readEmails(row: MappedRow, entries: readonly Entry[], problems: ImportProblem[]): LabelledValue[] {
  for (const { list, parts } of entries) {
    const cell = list === 'emails' ? parts.get('value') : undefined;
    if (cell && !severalValues(cell.value).every(isEmail)) {
      problems.push(problem('BAD_EMAIL', { line: row.line, column: cell.column, field: 'emails' }));
    }
  }
  return labelledValues(entries, 'emails').filter(({ value }) => isEmail(value));
}

function readAddresses(entries: readonly Entry[]): ImportedAddress[] {
  return entries.flatMap((entry) => {
    if (entry.list !== 'addresses') return [];
    const part = (name: string): string | undefined => entry.parts.get(name)?.value;
    const street = ['street', 'street2', 'street3'].map(part).filter((line) => line !== undefined);
    const address = {
      street: street.length > 0 ? street.join('\n') : undefined,
      extended: part('extended'),
      poBox: part('poBox'),
      city: part('city'),
      region: part('region'),
      postalCode: part('postalCode'),
      country: part('country'),
    };
    const isEmpty = Object.values(address).every((component) => component === undefined);
    return isEmpty ? [] : [{ label: labelOfEntry(entry), ...address }];
  });
}

/** A custom field whose name no cell and no mapping tells has no name to be kept under. */
function readCustomFields(row: MappedRow, entries: readonly Entry[], problems: ImportProblem[]): NamedValue[] {
  return entries.flatMap(({ list, parts }) => {
    const cell = list === 'customFields' ? parts.get('value') : undefined;
    if (!cell) return [];
    const name = parts.get('name')?.value ?? cell.label;
    if (name !== undefined) return [{ name, value: cell.value }];
    problems.push(problem('MISSING_VALUE', { line: row.line, column: cell.column, field: 'customFields' }));
    return [];
  });
}

const readTags = (text: string | undefined): string[] =>
  (text ?? '')
    .split(/ ::: |[;,]/)
    .map((tag) => withoutStar(tag.trim()))
    .filter((tag) => tag !== '');

function readContact(row: MappedRow, order: DateOrder | undefined, problems: ImportProblem[]): ImportedContact {
  const entries = entriesOf(row);
  const hasBirthDate = !isNoDate(textOf(row, 'birthDate') ?? '');
  const notes = textOf(row, 'notes');
  return {
    line: row.line,
    externalId: textOf(row, 'externalId'),
    prefix: textOf(row, 'prefix'),
    givenName: textOf(row, 'givenName'),
    additionalNames: textOf(row, 'additionalNames'),
    familyName: textOf(row, 'familyName'),
    suffix: textOf(row, 'suffix'),
    formattedName: textOf(row, 'formattedName'),
    nickname: textOf(row, 'nickname'),
    emails: readEmails(row, entries, problems),
    phones: labelledValues(entries, 'phones'),
    addresses: readAddresses(entries),
    companyName: textOf(row, 'companyName'),
    department: textOf(row, 'department'),
    jobTitle: textOf(row, 'jobTitle'),
    birthDate: hasBirthDate ? readCell(row, 'birthDate', (text) => readBirthDate(text, order), problems) : undefined,
    links: labelledValues(entries, 'links'),
    notes: notes === undefined ? [] : [notes],
    tags: readTags(textOf(row, 'tags')),
    customFields: readCustomFields(row, entries, problems),
  };
}

/** Whether anyone could tell whom the contact is. */
const tellsWhom = ({ emails, phones, ...contact }: ImportedContact): boolean =>
  emails.length + phones.length > 0 ||
  [contact.formattedName, contact.givenName, contact.familyName, contact.nickname, contact.companyName].some(Boolean);

/**
 * Rows as contacts. A value that cannot be read is reported (BAD_EMAIL, BAD_DATE, AMBIGUOUS_DATE) and left out; a row
 * with no name, e-mail, phone or company (MISSING_VALUE) is left out whole.
 * @param options `dateOrder`, where a person knows it: else all birthdays of the file tell it together
 */
export function readContacts(
  rows: readonly MappedRow[],
  options: { readonly dateOrder?: DateOrder } = {},
): { contacts: ImportedContact[]; problems: ImportProblem[] } {
  const contacts: ImportedContact[] = [];
  const problems: ImportProblem[] = [];
  const order = options.dateOrder ?? guessDateOrder(textsOf(rows, 'birthDate'));
  for (const row of rows) {
    const contact = readContact(row, order, problems);
    if (tellsWhom(contact)) contacts.push(contact);
    else problems.push(problem('MISSING_VALUE', { line: row.line, column: 1, field: 'formattedName' }));
  }
  return { contacts, problems };
}
