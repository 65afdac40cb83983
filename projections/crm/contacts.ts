import { contactEvents, type RestrictionReason } from '../../src/crm/contacts/events.js';
import { canonicalJson } from '../../src/kernel/canonical.js';
import { unlessErased } from '../../src/kernel/personal.js';
import { anonymisationEvents } from '../../src/privacy/anonymisation/events.js';
import { consentKey } from '../../src/privacy/consent/decider.js';
import { type Channel, consentEvents, type LegalBasis, type Purpose } from '../../src/privacy/consent/events.js';
import { erasureEvents } from '../../src/privacy/erasure/events.js';
import { comparedPhone, type Reach } from '../../src/privacy/suppression/addresses.js';
import type { PageQuery, ReadStore, Table } from '../../src/readstore/port.js';
import { type Controllers, pageOf } from '../controllers.js';
import { ofSubject } from '../person.js';
import { on, type Projection, patch, put, remove } from '../projection.js';
import { sortKey, words } from '../tokens.js';
import {
  BIN,
  binFacet,
  clientFacet,
  created,
  deleted,
  externalFacet,
  LIVE,
  listedWhereFiltered,
  narrowToClient,
  type RecordRow,
  restored,
  tagFacet,
  touched,
  updated,
} from './record.js';

interface Labelled {
  readonly value: string;
  readonly label?: string;
}

export interface ContactRow extends RecordRow {
  readonly subject: string;
  readonly name?: {
    readonly prefix?: string;
    readonly givenName?: string;
    readonly additionalNames?: string;
    readonly familyName?: string;
    readonly suffix?: string;
    readonly nickname?: string;
    readonly formattedName?: string;
  };
  readonly emails?: readonly Labelled[];
  readonly phones?: readonly Labelled[];
  readonly addresses?: readonly { readonly [part: string]: string | undefined }[];
  readonly work?: { readonly companyName?: string; readonly department?: string; readonly jobTitle?: string };
  readonly birthDate?: string;
  readonly links?: readonly Labelled[];
  readonly tags?: readonly string[];
  readonly notes?: readonly string[];
  readonly customFields?: { readonly [name: string]: string };
  readonly company?: string;
  readonly restricted?: RestrictionReason;
  readonly anonymisedAt?: string;
  /** What an anonymisation left. */
  readonly kept?: Kept;
  /** Channels on which an address of theirs is on the do-not-contact list. */
  readonly suppressed?: readonly Channel[];
  /** Where the person stands, by purpose and channel. */
  readonly consents?: { readonly [purposeAndChannel: string]: ConsentStanding };
}

export interface Kept {
  readonly birthDate?: string;
  readonly addresses?: readonly { readonly region?: string; readonly country?: string }[];
  /** `companyName` is a pseudonym. */
  readonly work?: { readonly companyName?: string; readonly department?: string };
}

export interface ConsentStanding {
  readonly purpose: Purpose;
  readonly channel: Channel;
  readonly state: 'GIVEN' | 'WITHDRAWN';
  readonly since: string;
  readonly basis: LegalBasis;
  readonly noticeVersion: string;
}

/** Whom a purpose may reach: on one channel, or on any. */
export const reachFacet = (purpose: Purpose, channel?: Channel): string =>
  channel === undefined ? `reach:${purpose}` : `reach:${consentKey(purpose, channel)}`;

/** [P3.8] Only people with a live basis; nobody who is restricted, anonymised or in the bin, or whose address is suppressed. */
const reachFacets = (row: ContactRow): string[] => {
  if (row.restricted !== undefined || row.anonymisedAt !== undefined) return [];
  const facets = new Set<string>();
  for (const { purpose, channel, state } of Object.values(row.consents ?? {})) {
    if (state !== 'GIVEN' || row.suppressed?.includes(channel)) continue;
    facets.add(reachFacet(purpose)).add(reachFacet(purpose, channel));
  }
  return [...facets];
};

/** Whether somebody may be used for a purpose in which they have a say. */
export const mayBeUsedFor = (row: ContactRow, purpose: Purpose): boolean =>
  row.deletedAt === undefined && reachFacets(row).includes(reachFacet(purpose));

/** What is left of an anonymised person, as far as it could be put together with other knowledge (indirect identifiers). */
export interface Combination {
  readonly company?: string;
  readonly kept: Kept;
}

const ALIKE = 'alike:';
export const alikePrefix = (controller: string): string => `${ALIKE}${controller}:`;

/** People who cannot be told apart by what is left of them: those of one controller with one combination. */
export const alikeFacet = ({ controller, company, kept }: ContactRow): string =>
  alikePrefix(controller) + canonicalJson({ company, kept: kept ?? {} } satisfies Combination);

const facetsOf = (row: ContactRow): string[] => {
  const alike = row.anonymisedAt === undefined ? [] : [alikeFacet(row)];
  if (row.deletedAt !== undefined) return [BIN, binFacet(row.controller), ofSubject(row.subject), ...alike];
  const facets = [LIVE, clientFacet(row.controller), ofSubject(row.subject), ...alike];
  if (row.company !== undefined) facets.push(`company:${row.company}`);
  if (row.restricted !== undefined) facets.push(`restricted:${row.restricted}`);
  if (row.externalId !== undefined) facets.push(externalFacet(row.externalId));
  for (const { value } of row.emails ?? []) facets.push(emailFacet(value));
  for (const { value } of row.phones ?? []) {
    const compared = comparedPhone(value);
    if (compared !== null) facets.push(phoneFacet(compared));
  }
  for (const tag of row.tags ?? []) facets.push(tagFacet(tag));
  return facets.concat(reachFacets(row));
};

export const phoneFacet = (compared: string): string => `phone:${compared}`;
export const emailFacet = (address: string): string => `email:${address.toLowerCase()}`;

/** What a contact is called: the name as its owner writes it, or the best there is. */
export const displayName = (row: ContactRow): string => {
  if (row.anonymisedAt !== undefined) return 'Anonymised contact';
  const { givenName, additionalNames, familyName, formattedName, nickname } = row.name ?? {};
  if (formattedName !== undefined) return formattedName;
  const parts = [givenName, additionalNames, familyName].filter((part) => part !== undefined);
  if (parts.length > 0) return parts.join(' ');
  return nickname ?? row.work?.companyName ?? row.emails?.[0]?.value ?? row.phones?.[0]?.value ?? 'Unnamed contact';
};

const nameOrder = (row: ContactRow): string => {
  const { givenName, familyName } = row.name ?? {};
  return familyName === undefined ? sortKey(displayName(row)) : sortKey(familyName, givenName);
};

const wordsOf = (row: ContactRow): readonly string[] => {
  if (row.deletedAt !== undefined) return [];
  return words(
    ...Object.values(row.name ?? {}),
    ...(row.emails ?? []).map(({ value }) => value),
    ...(row.phones ?? []).map(({ value }) => value),
    row.work?.companyName,
    row.work?.jobTitle,
    ...(row.addresses ?? []).map(({ city }) => city),
    ...(row.tags ?? []),
  );
};

const table: Table<ContactRow> = {
  name: 'contacts',
  key: (row) => row.id,
  scope: (row) => row.workspace,
  facets: facetsOf,
  words: wordsOf,
  listedIn: (facet) => (facet.startsWith(ALIKE) ? [] : listedWhereFiltered(facet)),
  orders: { name: nameOrder, created: (row) => row.createdAt },
};

/** What an anonymisation takes out: everything that a person entered about the person. Links to other records stay. */
const withoutPerson = {
  name: null,
  emails: null,
  phones: null,
  addresses: null,
  work: null,
  birthDate: null,
  links: null,
  tags: null,
  notes: null,
  customFields: null,
  externalId: null,
  consents: null,
  restricted: null,
  suppressed: null,
} satisfies { readonly [K in keyof ContactRow]?: null };

const contactIn = (stream: string) => ({ key: stream.slice(stream.indexOf('-') + 1) });

export const contacts: Projection = {
  name: 'contacts',
  version: 3,
  tables: [table as Table],
  apply: {
    ...on(contactEvents, {
      ContactCreated: (event) =>
        put(table, { ...created(contactIn(event.stream).key, event), subject: event.subject } as ContactRow),
      ContactUpdated: (event) => patch(table, contactIn(event.stream), updated(event)),
      ContactDeleted: (event) => patch(table, contactIn(event.stream), deleted(event)),
      ContactRestored: (event) => patch(table, contactIn(event.stream), restored(event)),
      ContactRestricted: (event) =>
        patch(table, contactIn(event.stream), { ...touched(event), restricted: event.data.reason }),
      ContactRestrictionLifted: (event) =>
        patch(table, contactIn(event.stream), { ...touched(event), restricted: null }),
      ContactSuppressed: (event) =>
        patch(table, contactIn(event.stream), { ...touched(event), suppressed: event.data.channels }),
      ContactSuppressionLifted: (event) =>
        patch(table, contactIn(event.stream), { ...touched(event), suppressed: null }),
    }),
    ...on(anonymisationEvents, {
      /** What else is in the row goes with the erasure's own event, which comes next. */
      ContactAnonymised: (event) => patch(table, contactIn(event.stream), { kept: unlessErased(event.data.kept) }),
    }),
    ...on(consentEvents, {
      ConsentGiven: (event) => {
        const { purpose, channel, basis, noticeVersion } = event.data;
        const standing = { purpose, channel, state: 'GIVEN', since: event.recordedAt, basis, noticeVersion };
        return patch(table, ofSubjectIn(event), { consents: { [consentKey(purpose, channel)]: standing } });
      },
      ConsentWithdrawn: (event) => {
        const standing = { state: 'WITHDRAWN', since: event.recordedAt };
        const key = consentKey(event.data.purpose, event.data.channel);
        return patch(table, ofSubjectIn(event), { consents: { [key]: standing } });
      },
    }),
    ...on(erasureEvents, {
      SubjectErased: (event) =>
        event.data.kind === 'ERASE'
          ? remove(table, ofSubjectIn(event))
          : patch(table, ofSubjectIn(event), { ...withoutPerson, anonymisedAt: event.recordedAt }),
    }),
  },
};

const ofSubjectIn = (event: { workspace: string; subject: string }) => ({
  scope: event.workspace,
  facet: ofSubject(event.subject),
});

/** For folding one contact's history (`asOf`). */
export const contactTable = table;

export const contactById = (store: ReadStore, id: string): Promise<ContactRow | null> => store.get(table, id);
export const contactsByIds = (store: ReadStore, ids: readonly string[]) => store.many(table, ids);
export const contactPage = (store: ReadStore, query: PageQuery, controllers: Controllers) =>
  pageOf(store, table, query, controllers, narrowToClient);
export const contactsByExternalId = (store: ReadStore, scope: string, ids: readonly string[]) =>
  store.withFacets(table, scope, ids.map(externalFacet));

/** Live contacts of a workspace that have one of these addresses, whoever their controller is; each once. */
export const contactsReachedAt = async (
  store: ReadStore,
  scope: string,
  { emails, phones }: Reach,
): Promise<readonly ContactRow[]> => {
  const compared = phones.flatMap((phone) => comparedPhone(phone) ?? []);
  const facets = [...emails.map(emailFacet), ...compared.map(phoneFacet)];
  if (facets.length === 0) return [];
  const found = (await store.withFacets(table, scope, [...new Set(facets)])).flat();
  return [...new Map(found.map((row) => [row.id, row])).values()];
};

/** How many anonymised people share each combination that is left, per controller. */
export const combinationsOf = async (store: ReadStore, scope: string, controller: string) => {
  const prefix = alikePrefix(controller);
  const totals = await store.totals(table as Table, scope, prefix);
  return totals.map(({ facet, count }) => ({
    combination: JSON.parse(facet.slice(prefix.length)) as Combination,
    people: count,
  }));
};

/** How many there are whom this anonymised person cannot be told apart from, they themselves included. */
export const peopleAlike = async (store: ReadStore, row: ContactRow): Promise<number> => {
  const facet = alikeFacet(row);
  const totals = await store.totals(table as Table, row.workspace, facet);
  return totals.find((each) => each.facet === facet)?.count ?? 0;
};
