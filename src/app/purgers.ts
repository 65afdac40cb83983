import { contactDecider } from '../crm/contacts/decider.js';
import { everyEvent } from '../eventstore/everyEvent.js';
import type { EventStore } from '../eventstore/port.js';
import type { Devices } from '../identity/access/devices.js';
import type { Passkeys } from '../identity/access/passkeys.js';
import type { Passwords } from '../identity/access/passwords.js';
import type { SecondFactors } from '../identity/access/secondFactors.js';
import type { Sessions } from '../identity/access/sessions.js';
import type { SignInThrottle } from '../identity/access/signInThrottle.js';
import type { Credentials } from '../identity/accounts/credentials.js';
import { accountDecider } from '../identity/accounts/decider.js';
import type { EmailChanges } from '../identity/accounts/emailChanges.js';
import type { OpenIdSignIn } from '../identity/accounts/openIdSignIn.js';
import { invitationDecider } from '../identity/invitations/decider.js';
import type { ApiKeys } from '../identity/keys/apiKeys.js';
import { memberDecider } from '../identity/members/decider.js';
import type { Memberships } from '../identity/members/memberships.js';
import type { CommandHandler } from '../kernel/commandHandler.js';
import type { Ids } from '../kernel/ids.js';
import type { Mail } from '../mail/port.js';
import type { ErasureOrder, Purger } from '../privacy/erasure/erase.js';
import type { Erasures } from '../privacy/erasure/erasures.js';
import type { RecordKind } from '../privacy/erasure/events.js';
import type { StateStore } from '../statestore/port.js';

/** How somebody signs in, and what they can do without signing in. */
export interface AccountHolding {
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly passwords: Passwords;
  readonly secondFactors: SecondFactors;
  readonly passkeys: Passkeys;
  readonly openIdSignIn: OpenIdSignIn;
  readonly credentials: Credentials;
  readonly emailChanges: EmailChanges;
  readonly signIns: SignInThrottle;
  readonly apiKeys: ApiKeys;
  readonly memberships: Memberships;
  readonly mail: Mail;
}

export interface PurgerParts {
  readonly holding: AccountHolding;
  readonly handler: CommandHandler;
  readonly eventStore: EventStore;
  readonly stateStore: StateStore;
  readonly ids: Ids;
  readonly erasures: () => Pick<Erasures, 'drop'>;
}

const deciders: { readonly [K in Exclude<RecordKind, 'WORKSPACE'>]: { readonly category: string } } = {
  CONTACT: contactDecider,
  ACCOUNT: accountDecider,
  MEMBER: memberDecider,
  INVITATION: invitationDecider,
};

/** Records may have claimed an id that another program gave them. */
const CLAIMING = ['ContactCreated', 'CompanyCreated', 'ProductCreated', 'DealCreated'];

/** Everything outside keys and read models that may hold somebody, by what is erased: one receipt each. */
export const purgersOf = (parts: PurgerParts): readonly Purger[] => [
  {
    name: 'cache',
    purge: async ({ record, recordKind }, workspace) => {
      if (recordKind === 'WORKSPACE') return parts.handler.forgetWorkspace(workspace);
      parts.handler.forget(deciders[recordKind], record);
      return 1;
    },
  },
  { name: 'claims', purge: (order, workspace) => releaseClaims(order, workspace, parts) },
  ...ofAccounts(parts),
  ...ofWorkspaces(parts),
  {
    name: 'mail',
    purge: ({ recordKind, subject }, workspace) =>
      parts.holding.mail.forget(recordKind === 'WORKSPACE' ? { workspace } : { workspace, subject }),
  },
];

const ofAccounts = ({ holding, ids }: PurgerParts): readonly Purger[] => {
  const { sessions, devices, passwords, secondFactors, credentials, emailChanges, signIns, apiKeys } = holding;
  const kinds = ['ACCOUNT'] as const;
  const one = async (work: Promise<void>) => {
    await work;
    return 1;
  };
  return [
    { name: 'sessions', kinds, purge: async ({ record }) => (await sessions.endAll(record)).length },
    { name: 'devices', kinds, purge: ({ record }) => devices.forgetAll(record) },
    { name: 'passwords', kinds, purge: ({ record }) => one(passwords.forget(record)) },
    { name: 'second-factors', kinds, purge: ({ record }) => one(secondFactors.forget(record)) },
    { name: 'passkeys', kinds, purge: ({ record }) => holding.passkeys.forgetAll(record) },
    { name: 'linked-identities', kinds, purge: ({ record }) => holding.openIdSignIn.forgetAll(record) },
    { name: 'mailed-tokens', kinds, purge: ({ record }) => credentials.forgetTokens(record) },
    { name: 'email-changes', kinds, purge: ({ record }) => one(emailChanges.forget(record)) },
    { name: 'sign-in-places', kinds, purge: ({ record }) => signIns.forget(record) },
    {
      name: 'api-keys',
      kinds,
      purge: ({ record: account }) => apiKeys.revokeAll({ account }, { actor: account, correlationId: ids.next() }),
    },
  ];
};

const ofWorkspaces = ({ holding, ids, erasures }: PurgerParts): readonly Purger[] => {
  const kinds = ['WORKSPACE'] as const;
  return [
    {
      name: 'api-keys',
      kinds,
      purge: (_, workspace) =>
        holding.apiKeys.revokeAll({ workspace }, { actor: workspace, correlationId: ids.next() }),
    },
    { name: 'erasure-requests', kinds, purge: ({ erasure }, workspace) => erasures().drop(workspace, erasure) },
    {
      name: 'invitations',
      kinds: ['WORKSPACE', 'INVITATION'],
      purge: ({ record, recordKind }, workspace) =>
        holding.memberships.forgetInvitations(recordKind === 'WORKSPACE' ? { workspace } : { invitation: record }),
    },
  ];
};

/** Each is on disk when it is released: of so many the disk is waited for once. */
const RELEASED_TOGETHER = 100;

/** An account has claimed its address itself, a record its id by its subject. */
const releaseClaims = async (
  { record, recordKind, subject }: ErasureOrder,
  workspace: string,
  { stateStore, eventStore }: PurgerParts,
): Promise<number> => {
  if (recordKind !== 'WORKSPACE') return stateStore.releaseClaimsOf(recordKind === 'ACCOUNT' ? record : subject);
  let released = 0;
  let subjects: string[] = [];
  const release = async () => {
    for (const count of await Promise.all(subjects.map((each) => stateStore.releaseClaimsOf(each)))) released += count;
    subjects = [];
  };
  for await (const event of everyEvent(eventStore, { types: CLAIMING })) {
    if (event.workspace === workspace) subjects.push(event.subject);
    if (subjects.length === RELEASED_TOGETHER) await release();
  }
  await release();
  return released;
};
