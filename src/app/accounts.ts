import { accountById } from '../../projections/identity/accounts.js';
import { Devices } from '../identity/access/devices.js';
import { OneTimeTokens } from '../identity/access/oneTimeTokens.js';
import { OpenIdClient, type OpenIdProvider } from '../identity/access/openIdClient.js';
import { Passkeys, relyingPartyOf } from '../identity/access/passkeys.js';
import { Passwords } from '../identity/access/passwords.js';
import type { RefusedSignIn } from '../identity/access/refusedSignIns.js';
import { SecondFactors } from '../identity/access/secondFactors.js';
import { Sessions } from '../identity/access/sessions.js';
import { Credentials } from '../identity/accounts/credentials.js';
import { EmailChanges } from '../identity/accounts/emailChanges.js';
import { OpenIdSignIn } from '../identity/accounts/openIdSignIn.js';
import { PasskeySignIn } from '../identity/accounts/passkeySignIn.js';
import type { SignedUp, SignUp } from '../identity/accounts/signUp.js';
import type { Buckets } from '../kernel/buckets.js';
import type { Clock } from '../kernel/clock.js';
import type { CommandHandler } from '../kernel/commandHandler.js';
import { type Ids, pooledRandomBytes } from '../kernel/ids.js';
import type { Sealer } from '../kernel/sealer.js';
import type { Mail } from '../mail/port.js';
import type { ReadStore } from '../readstore/port.js';
import type { StateStore } from '../statestore/port.js';

export interface AccountParts {
  readonly handler: CommandHandler;
  readonly stateStore: StateStore;
  readonly readStore: ReadStore;
  readonly sealer: Sealer;
  readonly mail: Mail;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly appUrl: string;
  /** Where people can sign in instead. */
  readonly openId?: readonly OpenIdProvider[];
  /** A keyed hash of a value, apart from those of other spaces. */
  readonly keyed: (space: string, value: string) => string;
  /** Keyed hash under which an address is claimed. */
  readonly claimKey: (email: string) => string;
  readonly accountByEmail: (email: string) => Promise<string | null>;
  readonly signUp: (request: SignUp) => Promise<SignedUp>;
  readonly buckets: Buckets;
  readonly behind: (work: () => Promise<unknown>) => void;
  /** Told of sign-ins that were refused. */
  readonly refused: (refused: () => Promise<RefusedSignIn>) => void;
}

/** How people sign in to an installation, wired together. */
export const accountsOf = (parts: AccountParts) => {
  const { stateStore, readStore, sealer, clock, ids, keyed, buckets, refused } = parts;
  const mac = (body: string) => keyed('session-token', body);
  const sessions = new Sessions({ stateStore, clock, ids, mac });
  const passwords = new Passwords(stateStore, pooledRandomBytes);
  const devices = new Devices(stateStore, sealer);
  const hide = (value: string) => keyed('recovery-code', value);
  const secondFactors = new SecondFactors({ stateStore, sealer, clock, random: pooledRandomBytes, buckets, hide });
  const tokens = new OneTimeTokens(stateStore, clock, pooledRandomBytes);
  const credentials = new Credentials({
    ...parts,
    secondFactors,
    tokens,
    passwords,
    sessions,
    devices,
    holderOf: (account) => accountById(readStore, account),
  });
  const passkeys = new Passkeys({
    ...{ stateStore, sealer, clock, ids, random: pooledRandomBytes },
    relyingParty: relyingPartyOf(parts.appUrl),
    hide: (value) => keyed('passkey', value),
  });
  const passkeySignIn = new PasskeySignIn({ passkeys, credentials, sessions, devices, refused });
  const openIdSignIn = new OpenIdSignIn({
    ...{ stateStore, sealer, clock, ids, random: pooledRandomBytes, credentials, sessions, devices },
    client: new OpenIdClient(parts.openId ?? [], `${parts.appUrl}/openid`),
    hide: (value) => keyed('openid', value),
    signUp: parts.signUp,
    refused,
  });
  const emailOf = async (account: string) => (await accountById(readStore, account))?.email;
  const emailChanges = new EmailChanges({ ...parts, tokens, credentials, emailOf });
  return {
    ...{ sessions, passwords, devices, secondFactors, credentials, emailChanges },
    ...{ passkeys, passkeySignIn, openIdSignIn },
  };
};
