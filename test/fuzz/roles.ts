import type { TestServer } from '../support/server.js';
import { type Marked, markedWorkspace, signedInAgain } from './world.js';

/** Somebody who asks. A role of the product becomes one of these by being added to `rolesOf`. */
export interface FuzzRole {
  readonly name: string;
  headers(): Record<string, string>;
  /** Marks of what this caller may not see, in whatever they are answered. */
  unseen(): readonly string[];
  /** Called where the caller is not known any more: they have signed out, or worse, and come back. */
  renew(): Promise<void>;
}

/** Ids that nobody but the foreign workspace's own people may know. */
export interface Cast {
  readonly roles: readonly FuzzRole[];
  readonly foreignIds: readonly string[];
  /** Whose mark nobody may see, and who has to: without them no leak would be noticed. */
  readonly foreign: Marked;
}

/**
 * Anonymous callers, the owner of a workspace, an owner who names a workspace that they are no member of, and one with a
 * token that nobody was given. All of them ask for the foreign workspace's records by their true ids.
 */
export const rolesOf = async (server: TestServer): Promise<Cast> => {
  const foreign = await markedWorkspace(server);
  const owner = await returning(server);
  const intruder = await returning(server);
  const marks = () => [foreign.mark, owner.now().mark];
  const headersOf = (marked: Marked, workspace: string) => ({
    authorization: `Bearer ${marked.caller.token}`,
    'x-workspace': workspace,
  });
  const stays = async () => undefined;
  const roles: FuzzRole[] = [
    { name: 'anonymous', headers: () => ({}), unseen: marks, renew: stays },
    {
      name: 'owner',
      headers: () => headersOf(owner.now(), owner.now().caller.workspace),
      unseen: () => [foreign.mark, intruder.now().mark],
      renew: owner.renew,
    },
    {
      name: 'intruder',
      headers: () => headersOf(intruder.now(), foreign.caller.workspace),
      unseen: marks,
      renew: intruder.renew,
    },
    {
      name: 'forger',
      headers: () => ({ authorization: `Bearer ${'A'.repeat(43)}`, 'x-workspace': foreign.caller.workspace }),
      unseen: marks,
      renew: stays,
    },
  ];
  return { roles, foreign, foreignIds: foreign.ids };
};

/** Somebody who signs in again when their token is worth nothing any more, and begins anew when that fails too. */
const returning = async (server: TestServer) => {
  let marked = await markedWorkspace(server);
  let renewing: Promise<void> | undefined;
  const renewed = async () => {
    const token = await signedInAgain(server, marked);
    marked = token === null ? await markedWorkspace(server) : { ...marked, caller: { ...marked.caller, token } };
    renewing = undefined;
  };
  return {
    now: () => marked,
    renew: () => {
      renewing ??= renewed();
      return renewing;
    },
  };
};
