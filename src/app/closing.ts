import { accountById, accounts } from '../../projections/identity/accounts.js';
import { affiliations, affiliationsOf } from '../../projections/identity/affiliations.js';
import { accountsIn } from '../../projections/identity/members.js';
import { workspaces } from '../../projections/identity/workspaces.js';
import { AccountClosing } from '../identity/accounts/closing.js';
import type { Installation } from './installation.js';

export type ClosingHome = Pick<
  Installation,
  'handler' | 'memberships' | 'erasures' | 'eventStore' | 'readStore' | 'waitFor'
>;

/** Closing accounts, handed what it needs of the read models; what was done a moment ago is in them. */
export const closingOf = ({ handler, memberships, erasures, eventStore, readStore, waitFor }: ClosingHome) => {
  const current = async () => waitFor([accounts.name, affiliations.name, workspaces.name], await eventStore.head());
  return new AccountClosing({
    handler,
    memberships,
    affiliationsOf: async (account) => {
      await current();
      return affiliationsOf(readStore, account);
    },
    accountsIn: (workspace) => accountsIn(readStore, workspace),
    isGuarded: (workspace) => erasures.isGuarded(workspace),
    emailOf: async (account) => (await accountById(readStore, account))?.email,
    erase: (targets, context) => erasures.request({ targets, kind: 'ERASE', reason: 'SUBJECT_REQUEST' }, context),
  });
};
