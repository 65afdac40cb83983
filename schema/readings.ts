import { companyEvents } from '../src/crm/companies/events.js';
import { contactEvents } from '../src/crm/contacts/events.js';
import { dealEvents } from '../src/crm/deals/events.js';
import { clientEvents } from '../src/identity/clients/events.js';
import { invitationEvents } from '../src/identity/invitations/events.js';
import { memberEvents } from '../src/identity/members/events.js';
import type { EventDefinition } from '../src/kernel/event.js';
import { subjectIdOf } from '../src/kernel/ids.js';
import type { Category } from '../src/kernel/personal.js';
import { anonymisationEvents } from '../src/privacy/anonymisation/events.js';
import { consentEvents } from '../src/privacy/consent/events.js';
import type { HistoryEvent } from './audit/history.js';
import type { Company } from './crm/companies.js';
import type { Contact } from './crm/contactTypes.js';
import type { Deal } from './crm/dealTypes.js';
import type { Member } from './identity/members.js';
import type { Invitation } from './identity/memberTypes.js';
import type { Client } from './identity/workspaces.js';
import type { Reading } from './reading.js';

/** The category that an event's definition declares for a field. */
const categoryOf = (definition: EventDefinition, name: string): Category => {
  const field = definition.fields[name];
  if (field?.kind !== 'personal') throw new TypeError(`${name} is no personal field.`);
  return field.category;
};

/**
 * The personal fields of an event by their names, and those that show one of them under a name of their own. So a field
 * that becomes personal in the definition is one in the log.
 */
const categoriesOf = <F extends EventDefinition>(
  definition: F,
  otherwiseNamed: { readonly [field: string]: keyof F['fields'] & string } = {},
  except: readonly (keyof F['fields'] & string)[] = [],
): { readonly [field: string]: readonly Category[] } => {
  const own = Object.keys(definition.fields).filter(
    (name) => definition.fields[name]?.kind === 'personal' && !except.includes(name),
  );
  return Object.fromEntries([
    ...own.map((name) => [name, [categoryOf(definition, name)]]),
    ...Object.entries(otherwiseNamed).map(([field, name]) => [field, [categoryOf(definition, name)]]),
  ]);
};

const ownRow = <R extends { readonly id: string; readonly controller: string }>() => ({
  subject: ({ row }: { row: R }) => row.id,
  controller: ({ row }: { row: R }) => row.controller,
});

const LEFT = [categoryOf(anonymisationEvents.ContactAnonymised, 'kept')];

const contact: Reading<Contact> = {
  subject: ({ row }) => row.subject,
  controller: ({ row }) => row.controller,
  fields: {
    ...categoriesOf(
      contactEvents.ContactCreated,
      {
        displayName: 'name',
        prefix: 'name',
        givenName: 'name',
        additionalNames: 'name',
        familyName: 'name',
        suffix: 'name',
        nickname: 'name',
        companyName: 'work',
        department: 'work',
        jobTitle: 'work',
        restrictionReason: 'birthDate',
      },
      ['name', 'work'],
    ),
    consents: [categoryOf(consentEvents.ConsentGiven, 'evidence')],
    suppressedChannels: [categoryOf(consentEvents.ConsentGiven, 'evidence')],
  },
  shown: { kept: ({ row }) => (row.anonymisedAt === undefined ? [] : LEFT) },
};

/** Whose data the objects of each type hold. What people keep about their own account is theirs to read, and not here. */
export const readings: { readonly [type: string]: Reading<never> } = {
  Contact: contact,
  Company: { ...ownRow<Company['row']>(), fields: categoriesOf(companyEvents.CompanyCreated) },
  Deal: { ...ownRow<Deal['row']>(), fields: categoriesOf(dealEvents.DealCreated) },
  Member: {
    subject: ({ id }: Member) => subjectIdOf(id),
    fields: categoriesOf(memberEvents.MemberAdded),
  },
  Invitation: { subject: ({ id }: Invitation) => id, fields: categoriesOf(invitationEvents.InvitationSent) },
  Client: {
    subject: ({ id }: Client) => id,
    controller: ({ id }: Client) => id,
    fields: categoriesOf(clientEvents.ClientAdded),
  },
  HistoryEvent: {
    subject: ({ subjectId }: HistoryEvent) => subjectId,
    controller: ({ controllerId }: HistoryEvent) => controllerId,
    fields: {},
    shown: { fields: ({ opened }: HistoryEvent) => opened },
  },
};
