import { setImmediate as nextTurn } from 'node:timers/promises';
import { companies, companyPage } from '../../projections/crm/companies.js';
import { type ContactRow, contactPage, contacts, contactsByIds } from '../../projections/crm/contacts.js';
import { dealPage, deals } from '../../projections/crm/deals.js';
import { BIN, LIVE, type RecordRow } from '../../projections/crm/record.js';
import { fold, words } from '../../projections/tokens.js';
import { canonicalJson } from '../../src/kernel/canonical.js';
import type { EventRegistry, Field } from '../../src/kernel/event.js';
import { mentionDecider } from '../../src/privacy/mentions/decider.js';
import type { MentionKind } from '../../src/privacy/mentions/events.js';
import { type Called, type Finder, finderOf, saidIn } from '../../src/privacy/mentions/find.js';
import type { Page, PageQuery } from '../../src/readstore/port.js';
import type { Context } from '../context.js';
import type { PossibleMention } from './mentionTypes.js';

/** Records of one kind that are looked through, live and in the bin each. */
const MAX_LOOKED_THROUGH = 5_000;
const PAGE = 200;
/** Records of one kind that the words of lists find beyond those. */
const MAX_BY_WORDS = 50;

/** What a mention may be in: where its records are listed, and the events that say what each field is. */
interface Kind {
  readonly page: (context: Context, query: Omit<PageQuery, 'order'>) => Promise<Page<RecordRow>>;
  readonly readModel: string;
  readonly created: string;
  readonly updated: string;
}

export const kinds: { readonly [kind in MentionKind]: Kind } = {
  CONTACT: {
    page: ({ services, controllers }, query) =>
      contactPage(services.readStore, { ...query, order: 'name' }, controllers),
    readModel: contacts.name,
    created: 'ContactCreated',
    updated: 'ContactUpdated',
  },
  COMPANY: {
    page: ({ services, controllers }, query) =>
      companyPage(services.readStore, { ...query, order: 'name' }, controllers),
    readModel: companies.name,
    created: 'CompanyCreated',
    updated: 'CompanyUpdated',
  },
  DEAL: {
    page: ({ services, controllers }, query) =>
      dealPage(services.readStore, { ...query, order: 'created' }, controllers),
    readModel: deals.name,
    created: 'DealCreated',
    updated: 'DealUpdated',
  },
};

/** The personal fields of a kind, each with whether it is free text, out of which a name can be taken. */
export const fieldsIn = (kind: MentionKind, definitions: EventRegistry): ReadonlyMap<string, boolean> => {
  const { created, updated } = kinds[kind];
  const changeable: { readonly [name: string]: Field } = definitions.find(updated)?.fields ?? {};
  const found = new Map<string, boolean>();
  for (const [name, field] of Object.entries(definitions.find(created)?.fields ?? {})) {
    if (field.kind !== 'personal') continue;
    found.set(name, field.category.startsWith('content.') && changeable[name]?.kind === 'personal');
  }
  return found;
};

/** Where a person may be mentioned: a field of a record of the kind. */
export interface MentionPlace {
  readonly kind: MentionKind;
  readonly id: string;
  readonly field: string;
}

/** Stands for what a field says of the person; `null` where it says nothing of them. */
export const markOf = (
  { kind, id, field }: MentionPlace,
  value: unknown,
  { subject, controller, find }: Pick<Person, 'subject' | 'controller' | 'find'>,
  { services, workspace }: Context,
): string | null => {
  const said = saidIn(value, find, fold);
  if (said.length === 0) return null;
  return services.mentionMark(workspace, controller, canonicalJson([subject, kind, id, field, said]));
};

interface Person {
  readonly id: string;
  readonly subject: string;
  readonly controller: string;
  readonly find: Finder;
  /** Marks of mentions that are somebody else. */
  readonly others: ReadonlySet<string>;
  /** What lists would be searched for. */
  readonly words: readonly (readonly string[])[];
}

export interface MentionsFound {
  readonly of: ReadonlyMap<string, readonly PossibleMention[]>;
  /** Whether every record was looked through. */
  readonly complete: boolean;
}

/** Where these contacts may be mentioned, as the read models have it, among the records that the caller sees. */
export const mentionsOf = async (contactIds: readonly string[], context: Context): Promise<MentionsFound> => {
  const { readStore, definitions } = context.services;
  const rows = await contactsByIds(readStore, contactIds);
  const people = (await Promise.all(rows.map((row) => (row === null ? null : personIn(row, context))))).filter(
    (each) => each !== null,
  );
  const of = new Map(people.map(({ id }) => [id, new Map<string, PossibleMention>()]));
  if (people.length === 0) return { of: new Map(), complete: true };
  let complete = true;
  for (const kind of Object.keys(kinds) as MentionKind[]) {
    const fields = fieldsIn(kind, definitions);
    const look = (row: RecordRow, among: readonly Person[]) => {
      for (const person of among) {
        if (row.id === person.id) continue;
        for (const mention of mentionsIn(kind, row, fields, person, context)) {
          of.get(person.id)!.set(`${kind} ${row.id} ${mention.field}`, mention);
        }
      }
    };
    for (const facet of [LIVE, BIN]) {
      const whole = await eachRow(kind, facet, context, (row) => look(row, people));
      complete &&= whole;
      if (!whole && facet === LIVE) await eachByWords(kind, people, context, look);
    }
  }
  return { of: new Map([...of].map(([id, found]) => [id, [...found.values()]])), complete };
};

const personIn = async (row: ContactRow, { services, workspace }: Context): Promise<Person | null> => {
  const find = finderOf(row as Called, fold);
  if (find === null) return null;
  const { id, subject, controller } = row;
  const { others } = await services.handler.stateOf(mentionDecider, subject, workspace);
  const { givenName, familyName } = row.name ?? {};
  const name = [givenName, familyName].filter((part) => part != null).join(' ');
  const texts = [name, ...[...(row.emails ?? []), ...(row.phones ?? [])].map(({ value }) => value)];
  const searched = texts.map((text) => words(text)).filter((found) => found.length > 0);
  return { id, subject, controller, find, others, words: searched };
};

const mentionsIn = (
  kind: MentionKind,
  row: RecordRow,
  fields: ReadonlyMap<string, boolean>,
  person: Person,
  context: Context,
): PossibleMention[] =>
  [...fields].flatMap(([field, redactable]) => {
    const place = { kind, id: row.id, field };
    const mark = markOf(place, (row as unknown as { [field: string]: unknown })[field], person, context);
    return mark === null || person.others.has(mark) ? [] : [{ ...place, redactable }];
  });

/** Shows every row of a kind that is live, or in the bin, up to a bound. Answers whether these were all. */
const eachRow = async (
  kind: MentionKind,
  facet: string,
  context: Context,
  look: (row: RecordRow) => void,
): Promise<boolean> => {
  const query = { scope: context.workspace, direction: 'asc', facets: [facet], limit: PAGE } as const;
  let after: PageQuery['after'];
  for (let seen = 0; seen < MAX_LOOKED_THROUGH; seen += PAGE) {
    const { rows, hasMore } = await kinds[kind].page(context, after === undefined ? query : { ...query, after });
    for (const { row } of rows) look(row);
    if (!hasMore) return true;
    after = rows.at(-1)!.place;
    await nextTurn();
  }
  return false;
};

const eachByWords = async (
  kind: MentionKind,
  people: readonly Person[],
  context: Context,
  look: (row: RecordRow, among: readonly Person[]) => void,
): Promise<void> => {
  const query = { scope: context.workspace, direction: 'asc', facets: [LIVE], limit: MAX_BY_WORDS } as const;
  for (const person of people) {
    for (const wanted of person.words) {
      const { rows } = await kinds[kind].page(context, { ...query, words: wanted });
      for (const { row } of rows) look(row, [person]);
    }
  }
};
