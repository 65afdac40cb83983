import { mutate } from '../support/mutations.js';
import { asking } from '../support/server.js';
import { type Member, memberOf, type Place } from './members.js';
import { type Marked, type MarkedClient, markedClient, markedWorkspace, type Seated, signedInAgain } from './world.js';

/** Somebody who asks. A role of the product becomes one of these by being added to `rolesOf`. */
export interface FuzzRole {
  readonly name: string;
  headers(): Record<string, string>;
  /** Marks of what this caller may not see, in whatever they are answered. */
  unseen(): readonly string[];
  /** Told the codes of each answer: who is not known any more, because they signed out, or worse, comes back. */
  answered(codes: readonly string[]): Promise<void>;
}

export interface Cast {
  readonly roles: readonly FuzzRole[];
  /** Ids that nobody but the foreign workspace's own people, or those of the other client, may know. */
  readonly foreignIds: readonly string[];
  /** Whose mark nobody may see, and who has to: without them no leak would be noticed. */
  readonly foreign: Marked;
  readonly firm: Firm;
}

/**
 * A workspace in which nobody who asks may change who may do what, so that its marks stay hidden from whom they are hidden.
 * Everybody confined in it is confined to one client of two.
 */
export interface Firm {
  readonly owner: Marked;
  readonly assigned: MarkedClient;
  readonly other: MarkedClient;
}

/** After so many refusals it is looked whether somebody still is who they were. */
const REFUSALS = 50;
const ASKS_FOR_CONTACTS = '{ contacts(first: 1) { nodes { id } } }';
const ASKS_FOR_HISTORY = '{ eventHistory(first: 1) { nodes { id } } }';

const headersOf = ({ token, workspace }: Seated) => ({ authorization: `Bearer ${token}`, 'x-workspace': workspace });
const stays = async () => undefined;

/**
 * Everybody who asks: people of a workspace that they may change as they like, people and a key of a firm that are confined
 * there, the owner of another workspace, nobody, and a token that nobody was given. They ask for foreign records by their true ids.
 */
export const rolesOf = async (place: Place): Promise<Cast> => {
  const { server } = place;
  const foreign = await markedWorkspace(server);
  const firm = await founded(place);
  const owner = await returning(place, () => markedWorkspace(server), ASKS_FOR_CONTACTS);
  const intruder = await returning(place, () => markedWorkspace(server), ASKS_FOR_CONTACTS);
  const firms = [firm.owner.mark, firm.assigned.mark, firm.assigned.noted, firm.other.mark, firm.other.noted];
  const others = () => [foreign.mark, intruder.now().mark];
  const all = () => [...firms, foreign.mark, owner.now().mark];
  const outside = () => [...firms, ...others()];
  const roles: FuzzRole[] = [
    { name: 'anonymous', headers: () => ({}), unseen: all, answered: stays },
    { name: 'owner', headers: () => headersOf(owner.now().caller), unseen: outside, answered: owner.answered },
    {
      name: 'intruder',
      headers: () => headersOf({ ...intruder.now().caller, workspace: foreign.caller.workspace }),
      unseen: all,
      answered: intruder.answered,
    },
    {
      name: 'forger',
      headers: () => headersOf({ token: 'A'.repeat(43), workspace: foreign.caller.workspace }),
      unseen: all,
      answered: stays,
    },
  ];
  for (const role of ['ADMIN', 'MANAGER', 'COMPLIANCE']) {
    const joins = async () => {
      await owner.comeBack();
      return memberOf(place, owner.now().caller, { role }).catch(async () => {
        await owner.beginAnew(); // they have given away what they were
        return memberOf(place, owner.now().caller, { role });
      });
    };
    const member = await returning(place, joins, ASKS_FOR_CONTACTS);
    roles.push({
      name: role,
      headers: () => headersOf(member.now().caller),
      unseen: outside,
      answered: member.answered,
    });
  }
  roles.push(...(await confined(place, firm, () => [...others(), owner.now().mark])));
  return { roles, foreign, firm, foreignIds: [...foreign.ids, ...firm.other.ids] };
};

const founded = async ({ server }: Place): Promise<Firm> => {
  const owner = await markedWorkspace(server);
  const assigned = await markedClient(server, owner.caller);
  return { owner, assigned, other: await markedClient(server, owner.caller) };
};

/** Who is confined in the firm: by their role, by a grant, or by a key. */
const confined = async (place: Place, firm: Firm, outside: () => readonly string[]): Promise<FuzzRole[]> => {
  const { server } = place;
  const { assigned, other } = firm;
  const noted = [assigned.noted, other.noted];
  const clientIds = [assigned.id];
  /** The firm's owner, newly signed in: what they do asks for it. */
  const founder = async (): Promise<Seated> => {
    const token = await signedInAgain(server, firm.owner.email);
    return { token: token!, workspace: firm.owner.caller.workspace };
  };
  const asFounder = async () => asking(server, await founder());
  const assign = async ({ memberId }: Member) =>
    mutate(await asFounder(), 'assignClient', { memberId, clientId: assigned.id }, 'version');
  const grant = async ({ memberId }: Member) => {
    const until = new Date(Date.now() + 24 * 3600 * 1000).toISOString();
    return mutate(await asFounder(), 'grantAuditAccess', { memberId, until, purpose: 'PRIVACY', clientIds }, 'version');
  };
  const permissions = ['CONTACT_READ', 'CONTACT_WRITE', 'COMPANY_READ', 'DEAL_READ', 'HISTORY_READ', 'CLIENT_READ'];
  const custom = await mutate(await asFounder(), 'defineRole', { name: 'Clerk', permissions }, 'role { id }');
  const people: readonly [string, object, (member: Member) => Promise<unknown>, string[], string][] = [
    ['AGENT', { role: 'AGENT' }, assign, [other.mark, other.noted], ASKS_FOR_CONTACTS],
    ['READ_ONLY', { role: 'READ_ONLY' }, stays, noted, ASKS_FOR_CONTACTS],
    ['CUSTOM', { role: 'CUSTOM', customRoleId: custom.role.id }, assign, [other.mark, ...noted], ASKS_FOR_CONTACTS],
    ['AUDITOR', { role: 'AUDITOR' }, grant, [other.mark, ...noted], ASKS_FOR_HISTORY],
  ];
  const found: FuzzRole[] = [];
  for (const [name, role, given, hidden, probe] of people) {
    const joins = async () => {
      const member = await memberOf(place, await founder(), role);
      await given(member);
      return member;
    };
    const member = await returning(place, joins, probe);
    const unseen = () => [...hidden, ...outside()];
    found.push({ name, headers: () => headersOf(member.now().caller), unseen, answered: member.answered });
  }
  const key = { name: 'Fuzz', scopes: ['CONTACT_READ', 'COMPANY_READ', 'HISTORY_READ'], clientIds };
  const { secret: token } = await mutate(await asFounder(), 'createApiKey', key, 'secret');
  const headers = () => headersOf({ token, workspace: firm.owner.caller.workspace });
  const unseen = () => [other.mark, ...noted, ...outside()];
  return [...found, { name: 'key', headers, unseen, answered: stays }];
};

/**
 * Somebody who signs in again when their token is worth nothing any more, and begins anew when that fails too, or when what
 * they always may ask for is refused.
 */
const returning = async <Person extends { readonly email: string; readonly caller: Seated }>(
  { server }: Place,
  begin: () => Promise<Person>,
  probe: string,
) => {
  let person = await begin();
  let coming: Promise<void> | undefined;
  let refusals = 0;
  const stillThere = async (caller: Seated): Promise<boolean> =>
    (await server.ask(probe, {}, caller)).errors === undefined;
  const comesBack = async () => {
    const token = await signedInAgain(server, person.email);
    const caller = token === null ? undefined : { ...person.caller, token };
    person = caller !== undefined && (await stillThere(caller)) ? { ...person, caller } : await begin();
  };
  const once = (work: () => Promise<void>): Promise<void> => {
    coming ??= work().finally(() => {
      coming = undefined;
    });
    return coming;
  };
  return {
    now: () => person,
    comeBack: () => once(comesBack),
    beginAnew: () =>
      once(async () => {
        person = await begin();
      }),
    answered: async (codes: readonly string[]): Promise<void> => {
      if (codes.includes('FORBIDDEN')) refusals += 1;
      const unknown = codes.includes('UNAUTHENTICATED') || codes.includes('WORKSPACE_REQUIRED');
      if (!unknown && refusals < REFUSALS) return;
      refusals = 0;
      if (!(await stillThere(person.caller))) await once(comesBack);
    },
  };
};
