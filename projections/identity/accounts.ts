import { accountEvents } from '../../src/identity/accounts/events.js';
import { unlessErased } from '../../src/kernel/personal.js';
import { OPERATOR } from '../../src/kernel/workspace.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { ofSubject } from '../person.js';
import { on, type Projection, patch, put, remove } from '../projection.js';

export interface AccountRow {
  readonly id: string;
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  /** Since when the address is known to be theirs. */
  readonly emailVerifiedAt?: string;
  readonly acceptedPolicyVersion: string;
  readonly createdAt: string;
}

const table: Table<AccountRow> = {
  name: 'accounts',
  key: (row) => row.id,
  scope: () => OPERATOR,
  facets: (row) => [ofSubject(row.subject)],
  orders: { created: (row) => row.createdAt },
};

const idIn = (stream: string): string => stream.slice('account-'.length);

export const accounts: Projection = {
  name: 'accounts',
  version: 3,
  tables: [table as Table],
  apply: {
    ...on(accountEvents, {
      AccountOpened: (event) =>
        put(table, {
          id: idIn(event.stream),
          subject: event.subject,
          name: unlessErased(event.data.name),
          email: unlessErased(event.data.email),
          phone: unlessErased(event.data.phone),
          acceptedPolicyVersion: event.data.acceptedPolicyVersion,
          createdAt: event.recordedAt,
        }),
      EmailChanged: (event) => {
        const email = unlessErased(event.data.email);
        return patch(table, { key: idIn(event.stream) }, { email: email ?? null, emailVerifiedAt: event.recordedAt });
      },
      EmailVerified: (event) => patch(table, { key: idIn(event.stream) }, { emailVerifiedAt: event.recordedAt }),
    }),
    SubjectErased: (event) => remove(table, { scope: OPERATOR, facet: ofSubject(event.subject) }),
  },
};

export const accountById = (store: ReadStore, id: string): Promise<AccountRow | null> => store.get(table, id);
