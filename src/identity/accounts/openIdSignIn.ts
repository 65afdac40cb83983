import { CrmError, isCrmError } from '../../errors.js';
import type { Json } from '../../kernel/canonical.js';
import type { Clock } from '../../kernel/clock.js';
import { type Ids, type RandomBytes, subjectIdOf } from '../../kernel/ids.js';
import type { Sealer } from '../../kernel/sealer.js';
import type { StateStore } from '../../statestore/port.js';
import { forgetAll, keptOf, keyFor, keyOf } from '../access/accountState.js';
import type { Devices } from '../access/devices.js';
import type { OpenIdChecks, OpenIdClient, OpenIdIdentity } from '../access/openIdClient.js';
import { type RefusedSignIn, tellingRefusals } from '../access/refusedSignIns.js';
import { hashOf } from '../access/secretHash.js';
import type { InSession, Sessions, Tokens } from '../access/sessions.js';
import type { Credentials } from './credentials.js';
import { identityMail } from './mails.js';
import { beginSession, type SessionWanted } from './signIn.js';
import type { SignedUp, SignUp } from './signUp.js';

/** An identity that signs in to an account. `linkedAt`: milliseconds. */
export interface LinkedIdentity {
  readonly id: string;
  readonly provider: string;
  /** As the provider said it when the identity was linked. */
  readonly email: string | null;
  readonly linkedAt: number;
}

/** What somebody new fills in; their address is the one that the provider vouches for. */
export type OpenIdSignUp = Pick<SignUp, 'name' | 'phone' | 'workspaceName' | 'acceptedPolicyVersion' | 'confirmsAdult'>;

export interface OpenIdSignInRequest extends SessionWanted {
  readonly attempt: string;
  readonly response: string;
  /** Of the second factor, where the account has one. */
  readonly code?: string;
  /** Opens an account where none is linked. */
  readonly signUp?: OpenIdSignUp;
  readonly correlationId: string;
}

export interface OpenIdSignedIn {
  readonly tokens: Tokens;
  /** Where an account was opened. */
  readonly signedUp: SignedUp | null;
}

/** What an attempt is for, kept until it is taken. `PROVED`: only the code of the second factor is missing. */
type Attempt =
  | { readonly kind: 'SIGN_IN'; readonly provider: string }
  | { readonly kind: 'LINK'; readonly provider: string; readonly session: string }
  | { readonly kind: 'PROVED'; readonly account: string };

interface Entry {
  readonly claim: string;
  readonly provider: string;
  readonly linkedAt: number;
  /** The address, under the account's key. */
  readonly sealed: string;
}

export interface OpenIdSignInParts {
  readonly client: OpenIdClient;
  readonly stateStore: StateStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: RandomBytes;
  /** A keyed hash: who reads the store can neither finish an attempt nor tell whose an identity is. */
  readonly hide: (value: string) => string;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly signUp: (request: SignUp) => Promise<SignedUp>;
  /** Told of what is refused, for the log. */
  readonly refused: (refused: () => Promise<RefusedSignIn>) => void;
}

const ATTEMPTS = 'openid-attempts';
const IDENTITIES = 'openid-identities';
const ATTEMPT_BYTES = 32;
const ATTEMPT_MS = 10 * 60_000;
const PROVED_MS = 5 * 60_000;
const RESERVATION_MS = 60_000;
const MAX_IDENTITIES = 20;

/**
 * Signing in at a provider. Whoever begins gets an address to go to and an attempt, a secret that stays with them and never
 * goes there: only who has both it and the provider's answer is signed in, so nobody can be made to finish what another has
 * begun. An account is found by the identity alone, never by an address.
 */
export class OpenIdSignIn {
  constructor(private readonly parts: OpenIdSignInParts) {}

  get providers(): readonly string[] {
    return this.parts.client.names;
  }

  /** Where to go; `session` is whose account an identity is to be linked to. Errors: NOT_FOUND, PROVIDER_UNAVAILABLE. */
  async begin(provider: string, session?: string): Promise<{ readonly url: string; readonly attempt: string }> {
    const attempt = this.parts.random(ATTEMPT_BYTES).toString('base64url');
    const url = await this.parts.client.authorizationUrl(provider, this.#checksOf(attempt));
    await this.#keep(
      attempt,
      session === undefined ? { kind: 'SIGN_IN', provider } : { kind: 'LINK', provider, session },
      ATTEMPT_MS,
    );
    return { url, attempt };
  }

  /**
   * Signs in to the account that the identity is linked to, or opens one. Errors: TOKEN_INVALID for an attempt that is not
   * open; PROVIDER_REFUSED, PROVIDER_UNAVAILABLE; IDENTITY_NOT_LINKED, EMAIL_NOT_VERIFIED, LINK_FIRST; SECOND_FACTOR_REQUIRED
   * and SIGN_IN_FAILED, after which the attempt waits for another code; those of `signUp`.
   */
  signIn(request: OpenIdSignInRequest): Promise<OpenIdSignedIn> {
    const tried = { means: 'OPENID', address: request.device.address } as const;
    return tellingRefusals(tried, this.parts.refused, () => this.#signIn(request));
  }

  async #signIn(request: OpenIdSignInRequest): Promise<OpenIdSignedIn> {
    const { attempt, response } = request;
    const begun = await this.#take(attempt);
    if (begun?.kind === 'PROVED') return this.#proved(begun.account, request);
    if (begun?.kind !== 'SIGN_IN') throw invalid();
    const identity = await this.parts.client.identity(begun.provider, response, this.#checksOf(attempt));
    const account = await this.parts.stateStore.claimOwner(IDENTITIES, this.#claimOf(identity));
    if (account !== null) return this.#proved(account, request);
    if (request.signUp === undefined) throw new CrmError('IDENTITY_NOT_LINKED', { field: 'signUp' });
    return this.#opened(identity, begun.provider, request.signUp, request);
  }

  /** Errors: TOKEN_INVALID, PROVIDER_REFUSED, PROVIDER_UNAVAILABLE; ALREADY_TAKEN where it is another account's; TOO_MANY. */
  async link(by: InSession, attempt: string, response: string): Promise<LinkedIdentity> {
    const begun = await this.#take(attempt);
    if (begun?.kind !== 'LINK' || begun.session !== by.session) throw invalid();
    const identity = await this.parts.client.identity(begun.provider, response, this.#checksOf(attempt));
    return this.#link(by.account, identity, begun.provider, by.correlationId);
  }

  /** It signs in no more. Error: NOT_FOUND. */
  async unlink({ account, correlationId }: InSession, id: string): Promise<void> {
    const { stateStore, credentials } = this.parts;
    const entry = (await stateStore.get(IDENTITIES, keyOf(account, id))) as Entry | null;
    if (entry === null) throw new CrmError('NOT_FOUND', { field: 'id' });
    await stateStore.releaseClaim(IDENTITIES, entry.claim, account);
    await stateStore.remove(IDENTITIES, keyOf(account, id));
    await credentials.changed(account, 'OPENID', 'REMOVED', correlationId, identityMail('REMOVED'));
  }

  /** For an account that is closed: its claims are released with all others. Answers how many there were. */
  forgetAll(account: string): Promise<number> {
    return forgetAll(this.parts.stateStore, IDENTITIES, account);
  }

  /** The oldest first. */
  async of(account: string): Promise<readonly LinkedIdentity[]> {
    const linked: LinkedIdentity[] = [];
    for (const { id, value } of await keptOf(this.parts.stateStore, IDENTITIES, account)) {
      const { provider, linkedAt, sealed } = value as unknown as Entry;
      const email = (await this.parts.sealer.open(keyFor(account), asIdentity(id), sealed)) as string | null;
      linked.push({ id, provider, email, linkedAt });
    }
    return linked.sort((one, other) => one.linkedAt - other.linkedAt);
  }

  /** A provider's word is one factor, as a password is: where the account has a second one, its code is asked for as well. */
  async #proved(account: string, request: OpenIdSignInRequest): Promise<OpenIdSignedIn> {
    const { attempt, code, correlationId } = request;
    try {
      await this.parts.credentials.checkSecondFactor(account, code, correlationId);
    } catch (error) {
      await this.#keep(attempt, { kind: 'PROVED', account }, PROVED_MS);
      throw error;
    }
    return { tokens: await beginSession(account, request, this.parts), signedUp: null };
  }

  async #opened(
    identity: OpenIdIdentity,
    provider: string,
    form: OpenIdSignUp,
    request: OpenIdSignInRequest,
  ): Promise<OpenIdSignedIn> {
    const { email, emailVerified } = identity;
    if (email === null || !emailVerified) throw new CrmError('EMAIL_NOT_VERIFIED', { field: 'response' });
    const { correlationId } = request;
    const signedUp = await this.#signedUp({ ...form, email, commandId: null, correlationId });
    const { account } = signedUp;
    await this.parts.credentials.record(account, { type: 'VerifyEmail', subject: subjectIdOf(account) }, correlationId);
    await this.#link(account, identity, provider, correlationId);
    return { tokens: await beginSession(account, request, this.parts), signedUp };
  }

  /** Whoever has the address has to say so by signing in: that a provider vouches for it makes nobody the account's owner. */
  async #signedUp(form: SignUp): Promise<SignedUp> {
    try {
      return await this.parts.signUp(form);
    } catch (error) {
      throw isCrmError(error, 'ALREADY_TAKEN') ? new CrmError('LINK_FIRST', { field: 'response' }) : error;
    }
  }

  async #link(account: string, identity: OpenIdIdentity, provider: string, correlationId: string) {
    const { clock, credentials, ids, sealer, stateStore } = this.parts;
    const linked = await keptOf(stateStore, IDENTITIES, account);
    if (linked.length >= MAX_IDENTITIES) throw new CrmError('TOO_MANY', { limit: MAX_IDENTITIES });
    const claim = this.#claimOf(identity);
    const claimed = await stateStore.reserveClaim(IDENTITIES, claim, account, clock.now() + RESERVATION_MS);
    if (claimed !== 'reserved') throw new CrmError('ALREADY_TAKEN', { field: 'response' });
    const id = ids.next();
    const { email } = identity;
    const sealed = await sealer.seal(keyFor(account), asIdentity(id), email);
    const entry: Entry = { claim, provider, linkedAt: clock.now(), sealed };
    await stateStore.put(IDENTITIES, keyOf(account, id), entry as unknown as Json);
    await stateStore.confirmClaim(IDENTITIES, claim, account);
    await credentials.changed(account, 'OPENID', 'ADDED', correlationId, identityMail('ADDED'));
    return { id, provider, email, linkedAt: entry.linkedAt };
  }

  #claimOf({ issuer, subject }: OpenIdIdentity): string {
    return this.parts.hide(JSON.stringify(['identity', issuer, subject]));
  }

  /** They follow from the attempt: who reads the store finds nothing to finish it with. */
  #checksOf(attempt: string): OpenIdChecks {
    const of = (what: string) => this.parts.hide(JSON.stringify([what, attempt]));
    return { state: of('state'), nonce: of('nonce'), codeVerifier: of('verifier') };
  }

  async #keep(attempt: string, what: Attempt, lifeMs: number): Promise<void> {
    await this.parts.stateStore.put(ATTEMPTS, hashOf(attempt), what, this.parts.clock.now() + lifeMs);
  }

  /** What an attempt is for, once. */
  async #take(attempt: string): Promise<Attempt | null> {
    const { clock, stateStore } = this.parts;
    const key = hashOf(attempt);
    const kept = await stateStore.get(ATTEMPTS, key);
    const taken = kept !== null && (await stateStore.compareAndSet(ATTEMPTS, key, kept, null, clock.now()));
    return taken ? (kept as unknown as Attempt) : null;
  }
}

const asIdentity = (id: string) => ({ kind: 'OpenIdIdentity', id });
const invalid = () => new CrmError('TOKEN_INVALID', { field: 'attempt' });
