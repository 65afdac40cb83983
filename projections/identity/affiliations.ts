import { invitationEvents } from '../../src/identity/invitations/events.js';
import { memberEvents } from '../../src/identity/members/events.js';
import type { StoredEvent } from '../../src/kernel/envelope.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { inWorkspace, ofSubject } from '../person.js';
import { on, type Projection, put, remove } from '../projection.js';

/** Something that a workspace keeps of an account holder: a membership, also one that has ended, or an invitation. */
export interface AffiliationRow {
  readonly id: string;
  readonly kind: 'MEMBER' | 'INVITATION';
  readonly account: string;
  readonly workspace: string;
  /** Whose keys seal it. */
  readonly subject: string;
  readonly createdAt: string;
}

/** Found by the account alone, so under the installation's own scope. */
const table: Table<AffiliationRow> = {
  name: 'affiliations',
  key: (row) => row.id,
  scope: () => OPERATOR,
  facets: (row) => [`account:${row.account}`, ofSubject(row.subject), inWorkspace(row.workspace)],
  orders: { created: (row) => row.createdAt },
};

const idIn = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

type Told = Pick<StoredEvent, 'stream' | 'workspace' | 'subject' | 'recordedAt'>;

const kept = (kind: AffiliationRow['kind'], event: Told, account: string) => {
  const { stream, workspace, subject, recordedAt: createdAt } = event;
  return put(table, { id: idIn(stream), kind, account, workspace, subject, createdAt });
};

/** Where everything is that has to go elsewhere when somebody closes their account. */
export const affiliations: Projection = {
  name: 'affiliations',
  version: 2,
  tables: [table as Table],
  apply: {
    ...on(memberEvents, {
      MemberAdded: (event) => (event.data.account === undefined ? [] : kept('MEMBER', event, event.data.account)),
      MemberLinked: (event) => kept('MEMBER', event, event.data.account),
    }),
    ...on(invitationEvents, {
      InvitationAccepted: (event) => kept('INVITATION', event, event.data.account),
    }),
    SubjectErased: ({ subject }) => remove(table, { scope: OPERATOR, facet: ofSubject(subject) }),
  },
};

export const affiliationsOf = (store: ReadStore, account: string): Promise<readonly AffiliationRow[]> =>
  store.withFacet(table, OPERATOR, `account:${account}`);

/** For tests of what the rows are. */
export const affiliationTable = table;
