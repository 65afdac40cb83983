import type { z } from 'zod';
import { isCrmError } from '../../errors.js';
import { subjectIdOf } from '../../kernel/ids.js';
import { birthday, email, link, phone } from '../../kernel/values.js';
import type { Channel } from '../../privacy/consent/events.js';
import { contactDecider, isMinor } from '../contacts/decider.js';
import { contactName, postalAddress, work } from '../contacts/events.js';
import { reachAfter, reachOf } from '../contacts/reach.js';
import { customFields, externalId, isFieldName, labelled, notes, tags } from '../fields.js';
import type { ImportedContact } from './contact.js';
import { readContacts } from './contacts.js';
import type { MappedColumn } from './mapping.js';
import { differs, type Existing, type ImportParts, NameDirectory, rowContext } from './ports.js';
import { type ImportProblem, type ProblemCode, problem } from './problem.js';
import { type ImportReport, inChunks, type RowOutcome, Tally } from './report.js';
import { type ImportFile, inFile, readSource } from './source.js';
import { decodeText } from './text.js';
import { readVCards } from './vcard.js';

/** Those fields of a contact that an import looks at itself. */
interface ContactFields {
  readonly emails?: { value: string; label?: string }[];
  readonly phones?: { value: string; label?: string }[];
}

interface ReadContacts {
  readonly contacts: readonly ImportedContact[];
  readonly unread: number;
  readonly mapping: readonly MappedColumn[];
  readonly problems: readonly ImportProblem[];
}

/** vCards where the text says so, otherwise a CSV with a header. */
const read = (file: ImportFile): ReadContacts => {
  const text = inFile(file, () => decodeText(file.bytes, file.encoding));
  if (/^\s*(BEGIN:VCARD|END:VCARD|VERSION:\d)/im.test(text.slice(0, 4_096))) {
    const { cards, problems } = readVCards(text);
    return { contacts: cards, unread: 0, mapping: [], problems };
  }
  const source = readSource(file, 'contact');
  const { contacts, problems } = readContacts(source.rows);
  const all = [...source.problems, ...problems];
  return {
    contacts,
    unread: source.leftOut + source.rows.length - contacts.length,
    mapping: source.mapping,
    problems: all,
  };
};

/**
 * Imports people from vCards (2.1, 3.0, 4.0) or a CSV. By external id (a card's UID): a contact that is there is updated
 * where the file says something else. A value that cannot be kept is reported and left out, the rest is imported.
 * Errors: WRONG_ENCODING, MALFORMED_FILE, MISSING_COLUMNS, before anything is written.
 */
export const importContacts = async (file: ImportFile, parts: ImportParts): Promise<ImportReport> => {
  const { contacts, unread, mapping, problems: found } = read(file);
  const problems = [...found];
  const tally = new Tally();
  tally.add('leftOut', unread);
  const importer = new ContactRows(parts, problems);
  await importer.prepare(contacts);
  let done = 0;
  await inChunks(contacts, async (chunk) => {
    for (const outcome of await importer.importChunk(chunk)) tally.add(outcome);
    done += chunk.length;
    parts.progress?.(done, contacts.length);
  });
  problems.sort((left, right) => left.line - right.line);
  return { dryRun: parts.dryRun, kinds: [{ kind: 'contact', counts: tally.counts, mapping, problems }] };
};

/** The contacts of one import, against what is there. */
class ContactRows {
  readonly #companies: NameDirectory;
  readonly #seen = new Set<string>();

  constructor(
    private readonly parts: ImportParts,
    private readonly problems: ImportProblem[],
  ) {
    this.#companies = new NameDirectory(parts.lookups.fold, parts.lookups.companiesByName);
  }

  async prepare(contacts: readonly ImportedContact[]): Promise<void> {
    await this.#companies.load(contacts.map(({ companyName }) => companyName));
  }

  async importChunk(contacts: readonly ImportedContact[]): Promise<readonly RowOutcome[]> {
    const ids = contacts.flatMap((contact) => contact.externalId ?? []);
    const found = await this.parts.lookups.contactsByExternalId(ids);
    const existing = new Map(ids.map((id, index) => [id, found[index] ?? null]));
    return Promise.all(contacts.map((each) => this.#importOne(each, existing.get(each.externalId ?? '') ?? null)));
  }

  async #importOne(contact: ImportedContact, existing: Existing | null): Promise<RowOutcome> {
    if (contact.externalId !== undefined) {
      if (this.#seen.has(contact.externalId)) return this.#leaveOut('DUPLICATE_ID', contact.line, 'externalId');
      this.#seen.add(contact.externalId);
    }
    const fields = this.#fields(contact);
    try {
      return existing === null ? await this.#create(contact, fields) : await this.#update(contact, fields, existing);
    } catch (error) {
      if (isCrmError(error, 'SUBJECT_ERASED')) return this.#leaveOut('ERASED', contact.line, 'externalId');
      if (isCrmError(error, 'ADDRESS_SUPPRESSED')) {
        return this.#leaveOut('SUPPRESSED', contact.line, error.details.field ?? 'emails');
      }
      throw error;
    }
  }

  #fields(contact: ImportedContact) {
    const { line } = contact;
    const keep = <T>(field: string, schema: z.ZodType<T>, value: unknown, code: ProblemCode = 'BAD_VALUE') =>
      this.#keep(line, field, schema, value, code);
    const each = <T>(field: string, schema: z.ZodType<T>, values: readonly unknown[], code?: ProblemCode) => {
      const kept = values.flatMap((value) => keep(field, schema, value, code) ?? []);
      return kept.length === 0 ? undefined : kept;
    };
    const { prefix, givenName, additionalNames, familyName, suffix, nickname, formattedName } = contact;
    const { companyName, department, jobTitle } = contact;
    const birthDate = keep('birthDate', birthday, contact.birthDate, 'BAD_DATE');
    if (birthDate !== undefined && isMinor(birthDate, this.parts.today)) this.#report('MINOR', line, 'birthDate');
    const named = contact.customFields.filter(({ name }) => isFieldName(name));
    const custom = Object.fromEntries(named.map(({ name, value }) => [name.slice(0, 60), value]));
    return {
      name: keep(
        'name',
        contactName,
        given({ prefix, givenName, additionalNames, familyName, suffix, nickname, formattedName }),
      ),
      emails: each('emails', labelled(email), contact.emails, 'BAD_EMAIL'),
      phones: each('phones', labelled(phone), contact.phones),
      addresses: each('addresses', postalAddress, contact.addresses),
      work: keep('work', work, given({ companyName, department, jobTitle })),
      birthDate,
      links: each('links', labelled(link), contact.links),
      tags: contact.tags.length === 0 ? undefined : keep('tags', tags, contact.tags),
      notes: contact.notes.length === 0 ? undefined : keep('notes', notes, contact.notes),
      customFields: named.length === 0 ? undefined : keep('customFields', customFields, custom),
      company: this.#companies.id(companyName),
    };
  }

  /** The value as the field keeps it; `undefined`, and a problem, where it does not fit. */
  #keep<T>(line: number, field: string, schema: z.ZodType<T>, value: unknown, code: ProblemCode): T | undefined {
    if (value === undefined) return undefined;
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    this.#report(code, line, field);
    return undefined;
  }

  async #create(contact: ImportedContact, fields: ContactFields): Promise<RowOutcome> {
    const { handler, externalIds, doNotContact, dryRun, today } = this.parts;
    const reach = reachOf(fields);
    const suppressed = await doNotContact.channelsOf(reach, this.parts.context);
    if (dryRun && suppressed.length > 0) return this.#suppressed(contact, suppressed);
    if (dryRun) return 'created';
    const context = rowContext(this.parts, 'contact', contact.line);
    const id = handler.newId(context, 'contact');
    const subject = subjectIdOf(id);
    const external = this.#keep(contact.line, 'externalId', externalId, contact.externalId, 'BAD_VALUE');
    const data = { subject, ...fields, externalId: external };
    await externalIds.whileReserved({ kind: 'contact', externalId: external, owner: subject }, context, () =>
      handler.handle(contactDecider, id, { type: 'CreateContact', data, given: { today, suppressed } }, context),
    );
    await doNotContact.recheck(reach, suppressed, context);
    return 'created';
  }

  async #update(contact: ImportedContact, fields: ContactFields, existing: Existing): Promise<RowOutcome> {
    const changed = Object.entries(fields).filter(
      ([name, value]) => value !== undefined && differs(value, existing.fields[name]),
    );
    if (changed.length === 0) return 'unchanged';
    const said: ContactFields = Object.fromEntries(changed);
    const { context, doNotContact, dryRun, today } = this.parts;
    const listed = await reachAfter(said, existing.fields as ContactFields, doNotContact, context);
    if (dryRun && listed.introduced?.length) return this.#suppressed(contact, listed.introduced);
    if (dryRun) return 'updated';
    const data = { subject: existing.subject, ...said };
    const given = { today, ...listed };
    await this.parts.handler.handle(
      contactDecider,
      existing.id,
      { type: 'UpdateContact', data, given },
      rowContext(this.parts, 'contact', contact.line),
    );
    return 'updated';
  }

  #suppressed({ line }: ImportedContact, channels: readonly Channel[]): RowOutcome {
    return this.#leaveOut('SUPPRESSED', line, channels.includes('EMAIL') ? 'emails' : 'phones');
  }

  #leaveOut(code: ProblemCode, line: number, field: string): RowOutcome {
    this.#report(code, line, field);
    return 'leftOut';
  }

  #report(code: ProblemCode, line: number, field: string): void {
    this.problems.push(problem(code, { line, field }));
  }
}

/** An object without the members that are not there; `undefined` where none is. */
const given = <T extends object>(members: T): Partial<T> | undefined => {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Partial<T>);
};
