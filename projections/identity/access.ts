import type { Permission, Role } from '../../src/identity/access/roles.js';
import { type AuditPurpose, auditEvents } from '../../src/identity/audits/events.js';
import { invitationEvents } from '../../src/identity/invitations/events.js';
import { keyEvents } from '../../src/identity/keys/events.js';
import { unlessErased } from '../../src/kernel/personal.js';
import type { ReadStore, Table } from '../../src/readstore/port.js';
import { on, type Projection, patch, put, remove } from '../projection.js';

export interface InvitationRow {
  readonly id: string;
  readonly workspace: string;
  readonly email?: string;
  readonly role: Role;
  readonly customRole?: string;
  /** Whom whoever accepts becomes. */
  readonly member?: string;
  readonly expiresAt: string;
  readonly state: 'OPEN' | 'ACCEPTED' | 'REVOKED';
  readonly createdAt: string;
}

export interface ApiKeyRow {
  readonly id: string;
  readonly workspace: string;
  readonly account: string;
  readonly name?: string;
  readonly scopes: readonly Permission[];
  readonly controllers?: readonly string[];
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly revokedAt?: string;
}

export interface AuditAccessRow {
  readonly id: string;
  readonly workspace: string;
  readonly member: string;
  readonly from: string;
  readonly until: string;
  readonly purpose: AuditPurpose;
  readonly controllers?: readonly string[];
  readonly personal: boolean;
  readonly note?: string;
  readonly createdAt: string;
  readonly endedAt?: string;
}

interface Given {
  readonly id: string;
  readonly workspace: string;
  readonly createdAt: string;
}

const tableOf = <R extends Given>(name: string): Table<R> => ({
  name,
  key: (row) => row.id,
  scope: (row) => row.workspace,
  orders: { created: (row) => row.createdAt },
});

const invitationTable = tableOf<InvitationRow>('invitations');
const keyTable = tableOf<ApiKeyRow>('api-keys');
const auditTable = tableOf<AuditAccessRow>('audit-access');

const given = (event: { stream: string; workspace: string; recordedAt: string }): Given => ({
  id: event.stream.slice(event.stream.indexOf('-') + 1),
  workspace: event.workspace,
  createdAt: event.recordedAt,
});
const keyIn = (event: { stream: string; workspace: string; recordedAt: string }) => ({ key: given(event).id });

/** What was given to somebody to get in with. What it is worth at the moment is not asked here. */
export const access: Projection = {
  name: 'access',
  version: 1,
  tables: [invitationTable as Table, keyTable as Table, auditTable as Table],
  apply: {
    ...on(invitationEvents, {
      InvitationSent: (event) => {
        const { role, customRole, member, expiresAt } = event.data;
        const email = unlessErased(event.data.email);
        return put(invitationTable, { ...given(event), email, role, customRole, member, expiresAt, state: 'OPEN' });
      },
      InvitationAccepted: (event) => patch(invitationTable, keyIn(event), { state: 'ACCEPTED' }),
      InvitationRevoked: (event) => patch(invitationTable, keyIn(event), { state: 'REVOKED' }),
    }),
    ...on(keyEvents, {
      ApiKeyCreated: (event) => {
        const { account, scopes, controllers, expiresAt } = event.data;
        return put(keyTable, {
          ...given(event),
          account,
          name: unlessErased(event.data.name),
          scopes,
          controllers,
          expiresAt,
        });
      },
      ApiKeyRevoked: (event) => patch(keyTable, keyIn(event), { revokedAt: event.recordedAt }),
    }),
    ...on(auditEvents, {
      AuditAccessGranted: (event) => {
        const { subject: _subject, note, ...data } = event.data;
        return put(auditTable, { ...given(event), ...data, note: unlessErased(note) });
      },
      AuditAccessEnded: (event) => patch(auditTable, keyIn(event), { endedAt: event.recordedAt }),
    }),
    /** An invitation is its own subject. */
    SubjectErased: ({ subject }) => remove(invitationTable, { key: subject }),
  },
};

export const invitationById = (store: ReadStore, id: string) => store.get(invitationTable, id);
export const keyById = (store: ReadStore, id: string) => store.get(keyTable, id);
export const auditAccessById = (store: ReadStore, id: string) => store.get(auditTable, id);

/** The newest first. */
const newestOf =
  <R extends Given>(table: Table<R>) =>
  async (store: ReadStore, scope: string, limit: number): Promise<readonly R[]> =>
    (await store.page(table, { scope, order: 'created', direction: 'desc', limit })).rows.map(({ row }) => row);

export const invitationsOf = newestOf(invitationTable);
export const keysOf = newestOf(keyTable);
export const auditAccessOf = newestOf(auditTable);
