import type { AccessLog } from '../src/accesslog/port.js';
import type { ExternalIds } from '../src/crm/externalIds.js';
import type { ImportParts } from '../src/crm/imports/ports.js';
import type { EventStore } from '../src/eventstore/port.js';
import type { Devices } from '../src/identity/access/devices.js';
import type { Passkeys } from '../src/identity/access/passkeys.js';
import type { SecondFactors } from '../src/identity/access/secondFactors.js';
import type { Sessions, Tokens } from '../src/identity/access/sessions.js';
import type { AccountClosing } from '../src/identity/accounts/closing.js';
import type { Credentials } from '../src/identity/accounts/credentials.js';
import type { EmailChanges } from '../src/identity/accounts/emailChanges.js';
import type { OpenIdSignIn } from '../src/identity/accounts/openIdSignIn.js';
import type { PasskeySignIn } from '../src/identity/accounts/passkeySignIn.js';
import type { SessionWanted, SignIn } from '../src/identity/accounts/signIn.js';
import type { SignedUp, SignUp } from '../src/identity/accounts/signUp.js';
import type { ApiKeys } from '../src/identity/keys/apiKeys.js';
import type { Memberships } from '../src/identity/members/memberships.js';
import type { Clock } from '../src/kernel/clock.js';
import type { CommandContext, CommandHandler } from '../src/kernel/commandHandler.js';
import type { Position } from '../src/kernel/envelope.js';
import type { EventRegistry } from '../src/kernel/event.js';
import type { Ids } from '../src/kernel/ids.js';
import type { KeySource } from '../src/kernel/openEvent.js';
import type { Mail } from '../src/mail/port.js';
import type { CertificateKey } from '../src/privacy/erasure/certificateKey.js';
import type { Erasures } from '../src/privacy/erasure/erasures.js';
import type { Suppressions } from '../src/privacy/suppression/suppressions.js';
import type { ReadStore } from '../src/readstore/port.js';

/** Lets whoever was sent a link see one certificate, without signing in. */
export interface CertificateLinks {
  pathOf(workspace: string, erasure: string, person: string): string;
  isGood(key: string, workspace: string, erasure: string, person: string): boolean;
}

/** What the API is built on; handed in by `src/app`. */
export interface Services {
  readonly handler: CommandHandler;
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly keys: KeySource;
  readonly accessLog: AccessLog;
  /** Stands for somebody who read data, where who they are is not to be told: the same for the same account in one workspace. */
  readonly readerName: (workspace: string, account: string) => string;
  /** Stands for a place where a person may be mentioned and what is there, in the event of a decision on it: a keyed hash. */
  readonly mentionMark: (workspace: string, controller: string, place: string) => string;
  /** Every event of the product, with what each of its fields is. */
  readonly definitions: EventRegistry;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly memberships: Memberships;
  readonly devices: Devices;
  readonly credentials: Credentials;
  readonly emailChanges: EmailChanges;
  readonly secondFactors: SecondFactors;
  readonly passkeys: Passkeys;
  readonly passkeySignIn: PasskeySignIn;
  readonly openIdSignIn: OpenIdSignIn;
  /** How long after proving who they are somebody may do what is dangerous, in milliseconds. */
  readonly stepUpMs: number;
  readonly externalIds: ExternalIds;
  readonly erasures: Erasures;
  readonly certificateKey: CertificateKey;
  readonly certificateLinks: CertificateLinks;
  readonly closing: AccountClosing;
  readonly suppressions: Suppressions;
  readonly mail: Mail;
  readonly signUp: (request: SignUp) => Promise<SignedUp>;
  readonly signIn: (request: SignIn) => Promise<Tokens>;
  /** A session for somebody who has just proved who they are. */
  readonly beginSession: (account: string, wanted: SessionWanted) => Promise<Tokens>;
  /** The account that has this address, or `null`. */
  readonly accountByEmail: (email: string) => Promise<string | null>;
  readonly importParts: (context: CommandContext, dryRun: boolean) => ImportParts;
  /** Resolves once these read models show everything up to the position. Errors: CONSISTENCY_TIMEOUT, PROJECTION_STOPPED. */
  readonly waitFor: (projections: readonly string[], position: Position) => Promise<void>;
}
