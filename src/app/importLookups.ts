import { companiesByName } from '../../projections/crm/companies.js';
import { contactsByExternalId } from '../../projections/crm/contacts.js';
import { dealsByExternalId } from '../../projections/crm/deals.js';
import { pipelinesOf } from '../../projections/crm/pipelines.js';
import { productsByName } from '../../projections/crm/products.js';
import { membersByName } from '../../projections/identity/members.js';
import { sortKey } from '../../projections/tokens.js';
import type { ImportLookups } from '../crm/imports/ports.js';
import { CrmError } from '../errors.js';
import type { CommandContext } from '../kernel/commandHandler.js';
import type { ReadStore } from '../readstore/port.js';

/** What an import finds is the controller's own; companies may be the workspace's too. No client's records meet another's. */
export const lookupsIn = (store: ReadStore, { workspace, controller }: CommandContext): ImportLookups => {
  type Kept = { readonly controller: string };
  const own = <R extends Kept>(rows: readonly R[]) => rows.find((row) => row.controller === controller);
  const known = <R extends Kept>(rows: readonly R[]) => own(rows) ?? rows.find((row) => row.controller === workspace);
  const idOf = (rows: readonly { readonly id: string }[]) => rows[0]?.id ?? null;
  return {
    fold: sortKey,
    companiesByName: async (names) =>
      (await companiesByName(store, workspace, names)).map((rows) => known(rows)?.id ?? null),
    productsByName: async (names) => (await productsByName(store, workspace, names)).map(idOf),
    membersByName: async (names) => (await membersByName(store, workspace, names)).map(idOf),
    dealsByExternalId: async (ids) =>
      (await dealsByExternalId(store, workspace, ids))
        .map(own)
        .map((row) => (row === undefined ? null : { id: row.id, subject: row.id, fields: { ...row } })),
    contactsByExternalId: async (ids) =>
      (await contactsByExternalId(store, workspace, ids))
        .map(own)
        .map((row) => (row === undefined ? null : { id: row.id, subject: row.subject, fields: { ...row } })),
    pipeline: async () => {
      const [pipeline] = await pipelinesOf(store, workspace, 1);
      if (pipeline === undefined) throw new CrmError('NOT_FOUND', { reason: 'The workspace has no pipeline.' });
      return pipeline;
    },
  };
};
