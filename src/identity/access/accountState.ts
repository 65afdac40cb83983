import type { Json } from '../../kernel/canonical.js';
import { subjectIdOf } from '../../kernel/ids.js';
import type { KeyRef } from '../../kernel/personal.js';
import { OPERATOR } from '../../kernel/workspace.js';
import type { StateStore } from '../../statestore/port.js';

/**
 * What the state store keeps of account holders beside their events: each space has any number of entries of an account;
 * what is personal in one is sealed under the key that goes when the account is closed.
 */

/** The key that seals what is of an account holder. */
export const keyFor = (account: string): KeyRef => ({
  workspace: OPERATOR,
  subject: subjectIdOf(account),
  class: 'profile',
});

/** Where an entry of an account is, by an id of its own. */
export const keyOf = (account: string, id: string): string => `${account}/${id}`;

/** Everything that a space keeps of an account, by id. */
export const keptOf = async (
  stateStore: StateStore,
  space: string,
  account: string,
): Promise<readonly { readonly id: string; readonly value: Json }[]> => {
  const prefix = keyOf(account, '');
  const entries = await stateStore.list(space, prefix);
  return entries.map(({ key, value }) => ({ id: key.slice(prefix.length), value }));
};

/** Removes everything that a space keeps of an account. Answers how many there were. */
export const forgetAll = async (stateStore: StateStore, space: string, account: string): Promise<number> => {
  const kept = await keptOf(stateStore, space, account);
  for (const { id } of kept) await stateStore.remove(space, keyOf(account, id));
  return kept.length;
};
