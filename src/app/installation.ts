import { setTimeout as pause } from 'node:timers/promises';
import { allProjections } from '../../projections/all.js';
import { accountById, accounts as accountModel } from '../../projections/identity/accounts.js';
import { teamsWith } from '../../projections/identity/members.js';
import { ProjectionRunner, type RunnerReport } from '../../projections/runner.js';
import type { AccessLog } from '../accesslog/port.js';
import { lastKeyBackupExpires } from '../backup/keyBackups.js';
import { ExternalIds } from '../crm/externalIds.js';
import type { ImportParts } from '../crm/imports/ports.js';
import type { EventStore } from '../eventstore/port.js';
import type { Devices } from '../identity/access/devices.js';
import type { OpenIdProvider } from '../identity/access/openIdClient.js';
import type { Passkeys } from '../identity/access/passkeys.js';
import type { Passwords } from '../identity/access/passwords.js';
import {
  type AccessRefused,
  type RefusedAccess,
  type RefusedSignIn,
  tellingRefusals,
} from '../identity/access/refusedSignIns.js';
import type { SecondFactors } from '../identity/access/secondFactors.js';
import type { Sessions } from '../identity/access/sessions.js';
import { SignInThrottle } from '../identity/access/signInThrottle.js';
import type { AccountClosing } from '../identity/accounts/closing.js';
import type { Credentials } from '../identity/accounts/credentials.js';
import type { EmailChanges } from '../identity/accounts/emailChanges.js';
import type { OpenIdSignIn } from '../identity/accounts/openIdSignIn.js';
import type { PasskeySignIn } from '../identity/accounts/passkeySignIn.js';
import { beginSession, type SessionWanted, type SignIn, signIn } from '../identity/accounts/signIn.js';
import { EMAIL_CLAIMS, type SignedUp, type SignUp, type SignUpParts, signUp } from '../identity/accounts/signUp.js';
import { ApiKeys } from '../identity/keys/apiKeys.js';
import { memberDecider } from '../identity/members/decider.js';
import { type InvitationMail, Memberships } from '../identity/members/memberships.js';
import { type Buckets, MemoryBuckets } from '../kernel/buckets.js';
import { type Clock, instant } from '../kernel/clock.js';
import { type CommandContext, CommandHandler } from '../kernel/commandHandler.js';
import type { Position } from '../kernel/envelope.js';
import { type Ids, pooledRandomBytes, subjectIdOf } from '../kernel/ids.js';
import { InTurn } from '../kernel/inTurn.js';
import { Sealer } from '../kernel/sealer.js';
import type { ErasureLedger } from '../ledger/port.js';
import { sweepPartings } from '../mail/parting.js';
import type { Mail } from '../mail/port.js';
import type { MailReport } from '../mail/queue.js';
import { Compactions } from '../privacy/compaction/compactions.js';
import type { CertificateKey } from '../privacy/erasure/certificateKey.js';
import type { Eraser } from '../privacy/erasure/erase.js';
import type { Erasures } from '../privacy/erasure/erasures.js';
import type { Suppressions } from '../privacy/suppression/suppressions.js';
import type { ReadStore } from '../readstore/port.js';
import { SwitchableReadStore } from '../readstore/switchable.js';
import { Leases } from '../statestore/leases.js';
import { SharedBuckets } from '../statestore/sharedBuckets.js';
import { controllerKey, type DerivedKeys, keyedHash } from '../vault/keys.js';
import type { Vault } from '../vault/port.js';
import { accountsOf } from './accounts.js';
import type { CertificateLinks } from './answers.js';
import { closingOf } from './closing.js';
import { allEvents } from './events.js';
import { furnish } from './furnish.js';
import { lookupsIn } from './importLookups.js';
import { LeasedWork } from './leasedWork.js';
import { invitationsBy } from './mail.js';
import { wirePrivacy } from './privacy.js';
import type { ReadModelFile } from './readModelFiles.js';
import { ReadStoreRewriter } from './rewriteReadStore.js';
import type { AskHowFar } from './rewriteWorker.js';
import { closeStores, type EngineStores, openReadModelFile } from './stores.js';

/** A mutation waits this long for the read models, then says so. */
const CONSISTENCY_TIMEOUT_MS = 5_000;
/** A start after a crash, or a long import, may leave the read models some way behind. */
const CATCH_UP_TIMEOUT_MS = 600_000;
/** What has expired counts for nothing at once; this is when it leaves the file. */
const SWEEP_MS = 3600_000;
/** People erased one after another within this time share one rewriting of the read store. */
const REWRITE_DELAY_MS = 1_000;
/** Erasures that come due, or that could not go on, are looked at this often. */
const RESUME_MS = 60_000;

const allNames = allProjections.map(({ name }) => name);

/** Every store that an installation works on. */
export interface Stores extends EngineStores {
  readonly ledger: ErasureLedger;
  readonly accessLog: AccessLog;
}

/** Something that nobody waited for went wrong. */
export interface BackgroundReport {
  readonly kind: 'background-failed';
  readonly error: unknown;
}

export type Rewrite = (from: ReadModelFile, to: ReadModelFile, howFar: AskHowFar, signal: AbortSignal) => Promise<void>;

/** Long work on the read models; in threads of their own where the stores are files. */
interface Threads {
  readonly rebuild: (projection: string) => Promise<void>;
  /** Ends early where the signal says so. `null` where not all stores are files. */
  readonly rewrite: Rewrite | null;
}

export interface InstallationOptions {
  readonly clock?: Clock;
  readonly report?: (what: RunnerReport | MailReport | BackgroundReport | RefusedSignIn | RefusedAccess) => void;
  /** Takes invitations, instead of sending them by mail. */
  readonly invite?: (mail: InvitationMail) => Promise<void>;
  /** Told on the first start, as soon as the master key is made: what comes after may still fail. */
  readonly masterKeyMade?: () => void;
  readonly consistencyTimeoutMs?: number;
  /** For a restore alone: opens data of before the ledger's end, and carries out again what is in it. */
  readonly restoring?: boolean;
}

/** Everything a running product is made of, wired together. `Services` of the API, and what the command line needs. */
export class Installation {
  readonly handler: CommandHandler;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly signIns: SignInThrottle;
  readonly apiKeys: ApiKeys;
  readonly memberships: Memberships;
  readonly devices: Devices;
  readonly secondFactors: SecondFactors;
  readonly passkeys: Passkeys;
  readonly passkeySignIn: PasskeySignIn;
  readonly openIdSignIn: OpenIdSignIn;
  /** How long after proving who they are somebody may do what is dangerous, in milliseconds. */
  readonly stepUpMs: number;
  readonly credentials: Credentials;
  readonly emailChanges: EmailChanges;
  readonly externalIds: ExternalIds;
  readonly eraser: Eraser;
  readonly erasures: Erasures;
  readonly certificateKey: CertificateKey;
  readonly certificateLinks: CertificateLinks;
  readonly closing: AccountClosing;
  readonly suppressions: Suppressions;
  readonly compactions: Compactions;
  readonly projections: ProjectionRunner;
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly keys: Vault;
  readonly accessLog: AccessLog;
  readonly definitions = allEvents;
  readonly mail: Mail;
  /** What is counted to bound how often something may be done: by all servers together where there are several. */
  readonly buckets: Buckets;
  readonly #behind = new Set<Promise<void>>();
  #sweeping: NodeJS.Timeout | undefined;
  #everySoOften: NodeJS.Timeout | undefined;
  /** What one of several servers does. */
  readonly #leasedWork: LeasedWork | undefined;
  /** `null` where not all stores are files: another engine's are not rewritten. */
  readonly readStoreRewriter: ReadStoreRewriter | null;
  readonly #closing = new AbortController();
  /** What replaces read models or their file: never two at a time. */
  readonly #inBackground = new InTurn();

  constructor(
    private readonly stores: Stores,
    private readonly derived: Pick<DerivedKeys, 'claims' | 'suppression' | 'pseudonyms'>,
    readonly clock: Clock,
    readonly ids: Ids,
    private readonly options: InstallationOptions &
      Threads & {
        readonly mail: Mail;
        readonly sealer: Sealer;
        readonly appUrl: string;
        readonly openId?: readonly OpenIdProvider[];
        readonly stepUpMs: number;
        readonly erasureLedgerDir: string;
        /** Whether other servers may be working on the same stores. */
        readonly shared: boolean;
        /** Where other processes may run read models as well. */
        readonly leases?: Leases;
      },
  ) {
    const { eventStore, readStore, stateStore, vault } = stores;
    this.eventStore = eventStore;
    this.readStore = readStore;
    this.keys = vault;
    this.accessLog = stores.accessLog;
    this.mail = options.mail;
    const { shared } = options;
    this.handler = new CommandHandler({ eventStore, vault, clock, ids, random: pooledRandomBytes, shared });
    const hideKey = (key: string) => this.#claimKey('rates', key);
    this.buckets = shared ? new SharedBuckets(stateStore, clock, hideKey) : new MemoryBuckets(clock);
    const { handler, accountByEmail, behind, waitFor, buckets, refused } = this;
    const keyed = this.#claimKey;
    const claimKey = this.#emailKey;
    const signUp = (request: SignUp) => this.#signedUp(request);
    const account = { accountByEmail, claimKey, behind, signUp, buckets, refused };
    const accounts = accountsOf({ ...options, ...stores, handler, clock, ids, keyed, ...account });
    this.sessions = accounts.sessions;
    this.passwords = accounts.passwords;
    this.devices = accounts.devices;
    this.secondFactors = accounts.secondFactors;
    this.passkeys = accounts.passkeys;
    this.passkeySignIn = accounts.passkeySignIn;
    this.openIdSignIn = accounts.openIdSignIn;
    this.stepUpMs = options.stepUpMs;
    this.credentials = accounts.credentials;
    this.emailChanges = accounts.emailChanges;
    const hide = (value: string) => this.#claimKey('sign-in', value);
    this.signIns = new SignInThrottle({ buckets, stateStore, clock, hide });
    const entries = { handler: this.handler, stateStore, clock, random: pooledRandomBytes };
    this.apiKeys = new ApiKeys(entries);
    this.memberships = new Memberships({
      ...entries,
      accountByEmail: this.accountByEmail,
      emailKey: this.#emailKey,
      accountByKey: (key) => stateStore.claimOwner(EMAIL_CLAIMS, key),
      nameOf: async (account) => (await accountById(readStore, account))?.name ?? null,
      teamsOf: this.#teamsOf,
      send: options.invite ?? invitationsBy(options.mail, options.appUrl),
    });
    this.externalIds = new ExternalIds(stateStore, clock, this.#claimKey);
    const report = options.report ?? (() => undefined);
    const { leases } = options;
    const runnerParts = { eventStore, readStore, keys: vault, clock, report, pause: (ms: number) => pause(ms), leases };
    this.projections = new ProjectionRunner(
      { ...runnerParts, outdated: (projection) => this.behind(() => this.rebuild(projection)) },
      allProjections,
    );
    this.readStoreRewriter = this.#rewriterOf(stores);
    const privacy = wirePrivacy({
      ...{ ...stores, handler, clock, ids, derived, waitFor, keyed, appUrl: options.appUrl, holding: this },
      rewritten: async (position) => {
        await this.readStoreRewriter?.rewritten(position);
        return this.readStoreRewriter !== null;
      },
      lastKeyBackupExpires: async () => lastKeyBackupExpires(options.erasureLedgerDir, clock.now()),
      report: (_erasure, error) => {
        if (!this.#closing.signal.aborted) report({ kind: 'erasure-waits', error });
      },
    });
    this.eraser = privacy.eraser;
    this.erasures = privacy.erasures;
    this.certificateKey = privacy.certificateKey;
    this.certificateLinks = privacy.certificateLinks;
    this.suppressions = privacy.suppressions;
    this.compactions = new Compactions({ ...stores, handler, ids, signal: this.#closing.signal });
    this.closing = closingOf(this);
    this.#leasedWork = shared && leases ? this.#workInTurn(leases) : undefined;
  }

  /** Starts what runs by itself, and takes up what a crash has interrupted. */
  async start(): Promise<void> {
    await this.projections.start();
    if (!this.#leasedWork) await this.eraser.resume();
    await this.emailChanges.resume();
    const sweep = () => {
      this.behind(() => this.#sweep());
      this.behind(() => this.accessLog.expire());
    };
    sweep();
    this.#sweeping = setInterval(sweep, SWEEP_MS).unref();
    if (this.#leasedWork) return this.#leasedWork.start();
    await this.erasures.resume();
    this.#everySoOften = setInterval(() => void this.erasures.resume(), RESUME_MS).unref();
    if (this.options.leases) return;
    for (const { projection, outdated } of this.projections.status()) {
      if (outdated) this.behind(() => this.rebuild(projection));
    }
    void this.#rewriteOutstanding();
  }

  /** Before the start of data that were restored: every erasure that they do not know of is taken up. Answers how many. */
  async takeUpErasures(): Promise<number> {
    const { ledger } = this.stores;
    return this.eraser.takeUp(await ledger.entries(ledger.knownToData.sequence));
  }

  /** The last step of a restore: the data know the whole ledger, and their read models are to be filled anew. */
  async endRestore(): Promise<void> {
    await this.stores.ledger.acknowledge();
    await this.stores.readModelFiles?.forget();
    await this.compactions.forget();
  }

  /** Rebuilds a read model in a thread of its own, beside the live one. */
  rebuild(projection: string): Promise<void> {
    return this.#inBackground.run(async () => {
      await this.options.rebuild(projection);
      await this.projections.resume(projection);
    });
  }

  /** Resolves once every read model shows what the history holds now. */
  async caughtUp(): Promise<void> {
    const names = this.projections.status().map(({ projection }) => projection);
    await this.projections.waitFor(names, await this.eventStore.head(), CATCH_UP_TIMEOUT_MS);
  }

  waitFor = (names: readonly string[], position: Position): Promise<void> =>
    this.projections.waitFor(names, position, this.options.consistencyTimeoutMs ?? CONSISTENCY_TIMEOUT_MS);

  /** Runs what nobody waits for; closing does. */
  behind = (work: () => Promise<unknown>): void => {
    const report = (error: unknown) => this.options.report?.({ kind: 'background-failed', error });
    const running = work().then(() => undefined, report);
    this.#behind.add(running);
    void running.then(() => this.#behind.delete(running));
  };

  /** Nobody waits for what is said of a refused sign-in. */
  refused = (refused: () => Promise<RefusedSignIn>): void => {
    this.behind(async () => this.options.report?.(await refused()));
  };

  /** @param actor an account or a key; the log has a keyed hash of it, for an account that of its refused sign-ins */
  accessRefused = (actor: string, refused: AccessRefused): void =>
    this.options.report?.({ kind: 'access-refused', ...refused, actor: this.#claimKey('sign-in-log', actor) });

  signUp = async (request: SignUp) => {
    const signedUp = await this.#signedUp(request);
    this.credentials.requestVerification(signedUp.account);
    return signedUp;
  };

  async #signedUp(request: SignUp): Promise<SignedUp> {
    const signedUp = await signUp(request, this.#signUpParts);
    await this.waitFor([accountModel.name], signedUp.position);
    return signedUp;
  }

  signIn = (request: SignIn) => {
    const checkSecondFactor = (account: string, code?: string) =>
      this.credentials.checkSecondFactor(account, code, this.ids.next());
    const { signIns, passwords, sessions, devices, accountByEmail } = this;
    const parts = { signIns, passwords, sessions, devices, accountByEmail, checkSecondFactor };
    const tried = {
      means: 'PASSWORD',
      address: request.device.address,
      account: async () =>
        this.#claimKey('sign-in-log', (await accountByEmail(request.email)) ?? request.email.toLowerCase()),
    } as const;
    return tellingRefusals(tried, this.refused, () => signIn(request, parts));
  };

  beginSession = (account: string, wanted: SessionWanted) => beginSession(account, wanted, this);

  readerName = (workspace: string, account: string): string => {
    const key = controllerKey(this.derived.pseudonyms, workspace, workspace);
    return `Reader ${keyedHash(key, 'reader', account).slice(0, 8)}`;
  };

  mentionMark = (workspace: string, controller: string, place: string): string =>
    keyedHash(controllerKey(this.derived.pseudonyms, workspace, controller), 'mention', place);

  accountByEmail = (email: string): Promise<string | null> =>
    this.stores.stateStore.claimOwner(EMAIL_CLAIMS, this.#emailKey(email));

  importParts = (context: CommandContext, dryRun: boolean): ImportParts => ({
    handler: this.handler,
    externalIds: this.externalIds,
    lookups: lookupsIn(this.readStore, context),
    doNotContact: this.suppressions,
    context,
    addMember: async (agent, memberContext) => {
      const member = this.handler.newId(memberContext, 'member');
      const { name, manager, office } = agent;
      const subject = subjectIdOf(member);
      const add = { type: 'AddMember', subject, role: 'AGENT', name, manager, office } as const;
      await this.handler.handle(memberDecider, member, add, memberContext);
      return member;
    },
    today: instant(this.clock.now()).slice(0, 10),
    dryRun,
  });

  /** Finishes what was accepted and releases the files. */
  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    clearInterval(this.#everySoOften);
    this.#closing.abort();
    await this.#inBackground.settled();
    await Promise.all(this.#behind);
    await this.mail.close();
    await this.#leasedWork?.stop();
    await this.erasures.settled();
    await this.compactions.settled();
    await this.projections.stop();
    await this.stores.ledger.close();
    await this.accessLog.close();
    await closeStores(this.stores);
  }

  /** Erasures that have begun are carried on by one server. */
  #workInTurn(leases: Leases): LeasedWork {
    return new LeasedWork({
      ...{ leases, name: 'erasures under way', clock: this.clock, everyMs: RESUME_MS },
      takenOver: () => this.eraser.resume(),
      work: () => this.erasures.resume(),
      report: (error) => this.options.report?.({ kind: 'background-failed', error }),
    });
  }

  async #sweep(): Promise<void> {
    await this.stores.stateStore.sweep();
    await this.mail.sweep();
    await sweepPartings(this.stores, this.clock.now());
  }

  /** A rewriting that the end of the process has cut off, once the read models are as far as it is to reach. */
  async #rewriteOutstanding(): Promise<void> {
    const position = (await this.readStoreRewriter?.outstanding()) ?? null;
    if (position === null) return;
    await this.projections.waitFor(allNames, position, CATCH_UP_TIMEOUT_MS);
    this.readStoreRewriter?.request(position);
  }

  #rewriterOf({ readModelFiles: files, readStore: store }: EngineStores): ReadStoreRewriter | null {
    const { rewrite, report = () => undefined } = this.options;
    if (files === null || rewrite === null || !(store instanceof SwitchableReadStore)) return null;
    const { signal } = this.#closing;
    return new ReadStoreRewriter({
      files,
      store,
      projections: allProjections,
      fill: (from, to, howFar) => rewrite(from, to, howFar, signal),
      open: openReadModelFile,
      pause: () => pause(REWRITE_DELAY_MS, undefined, { signal }),
      inBackground: (work) => this.#inBackground.run(work),
      report: (error) => {
        // It is taken up again at the next start.
        if (!signal.aborted) report({ kind: 'rewrite-failed', error });
      },
    });
  }

  /** As the history has them now, not as the read models may lag behind. */
  #teamsOf = async (workspace: string, member: string) => {
    await this.caughtUp();
    return teamsWith(this.readStore, workspace, member);
  };

  #claimKey = (space: string, value: string): string => keyedHash(this.derived.claims, space, value);

  /** Addresses are compared without case: no provider in use tells mailboxes apart by it. */
  #emailKey = (email: string): string => this.#claimKey(EMAIL_CLAIMS, email.toLowerCase());

  get #signUpParts(): SignUpParts {
    const { handler, passwords, clock } = this;
    const { stateStore } = this.stores;
    return { handler, stateStore, passwords, clock, claimKey: this.#emailKey, furnish: furnish(handler) };
  }
}
