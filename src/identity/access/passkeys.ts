import type {
  AuthenticationResponseJSON,
  RegistrationResponseJSON,
  VerifiedRegistrationResponse,
} from '@simplewebauthn/server';
import { CrmError } from '../../errors.js';
import type { Json } from '../../kernel/canonical.js';
import type { Clock } from '../../kernel/clock.js';
import type { Ids, RandomBytes } from '../../kernel/ids.js';
import type { Sealer } from '../../kernel/sealer.js';
import { validate } from '../../kernel/validate.js';
import { line } from '../../kernel/values.js';
import type { StateStore } from '../../statestore/port.js';
import { forgetAll, keptOf, keyFor, keyOf } from './accountState.js';
import { hashOf } from './secretHash.js';

/** Where passkeys are good: pages of one origin, whose host they belong to (W3C Web Authentication, Level 3, section 4). */
export interface RelyingParty {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
}

/** What its owner is shown of a passkey. Times are milliseconds. */
export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

/** What a challenge is good for: what is done in one session, or signing in, where there is no session yet. */
export type Ceremony =
  | { readonly kind: 'REGISTER' | 'STEP_UP'; readonly session: string }
  | { readonly kind: 'SIGN_IN' };

/** A passkey that has just proved who holds it. `copied`: its counter went back, so that somebody else may hold it too. */
export interface Proved {
  readonly account: string;
  readonly copied: boolean;
}

interface Entry {
  /** Keyed hash of the credential's id. */
  readonly credential: string;
  /** What is in `Sealed`, under the account's key. */
  readonly sealed: string;
  readonly counter: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}
interface Sealed {
  readonly name: string;
  readonly credentialId: string;
  /** COSE_Key (RFC 9052 section 7), base64url. */
  readonly publicKey: string;
  readonly transports: readonly string[];
}

interface Kept {
  readonly id: string;
  readonly entry: Entry;
}

export interface PasskeysParts {
  readonly stateStore: StateStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: RandomBytes;
  readonly relyingParty: RelyingParty;
  /** A keyed hash: who reads the store cannot tell whose a credential is. */
  readonly hide: (value: string) => string;
}

const SPACE = 'passkeys';
const CHALLENGES = 'passkey-challenges';
/** Each credential belongs to one account. */
const CREDENTIALS = 'passkey-credentials';
const CHALLENGE_BYTES = 32;
/** As long as browsers give people to find their authenticator. */
const CHALLENGE_MS = 5 * 60_000;
const RESERVATION_MS = 60_000;
const MAX_PASSKEYS = 20;
const MAX_TRIES = 4;

/** Loaded when the first passkey is used: it and what it needs are a seventh of the files that a server reads at its start. */
const webAuthn = () => import('@simplewebauthn/server');

/** Passkeys belong to the pages of the product: `appUrl` without a path. */
export const relyingPartyOf = (appUrl: string): RelyingParty => {
  const { hostname, origin } = new URL(appUrl);
  return { id: hostname, name: 'BPO Assistant', origin };
};

/**
 * Passkeys (W3C Web Authentication, Level 3). Each is discoverable and asks its holder for a PIN or a biometric, so it stands
 * for both factors: something that they have, and something that they know or are. A challenge is good once, for five
 * minutes, and for what it was given out for.
 */
export class Passkeys {
  constructor(private readonly parts: PasskeysParts) {}

  /** What a browser makes a new passkey with. Error: TOO_MANY. */
  async offer(account: string, label: string, session: string): Promise<object> {
    const known = await this.#all(account);
    if (known.length >= MAX_PASSKEYS) throw new CrmError('TOO_MANY', { limit: MAX_PASSKEYS });
    const { relyingParty } = this.parts;
    const { generateRegistrationOptions } = await webAuthn();
    return generateRegistrationOptions({
      rpName: relyingParty.name,
      rpID: relyingParty.id,
      userID: new Uint8Array(handleOf(account)),
      userName: label,
      challenge: await this.#challenge({ kind: 'REGISTER', session }),
      timeout: CHALLENGE_MS,
      attestationType: 'none',
      excludeCredentials: known.map(({ sealed }) => ({ id: sealed.credentialId })),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    });
  }

  /** Takes a passkey that a browser has made. Errors: PASSKEY_REFUSED, BAD_USER_INPUT, TOO_MANY. */
  async register(account: string, session: string, response: unknown, name: string): Promise<Passkey> {
    const { clock, ids, sealer, stateStore } = this.parts;
    const label = validate(name, line(100), 'name');
    const { credential } = await this.#attested(response, { kind: 'REGISTER', session });
    if ((await this.#kept(account)).length >= MAX_PASSKEYS) throw new CrmError('TOO_MANY', { limit: MAX_PASSKEYS });
    const hash = this.parts.hide(credential.id);
    const claimed = await stateStore.reserveClaim(CREDENTIALS, hash, account, clock.now() + RESERVATION_MS);
    if (claimed !== 'reserved') throw refused();
    const id = ids.next();
    const publicKey = Buffer.from(credential.publicKey).toString('base64url');
    const secret = { name: label, credentialId: credential.id, publicKey, transports: credential.transports ?? [] };
    const sealed = await sealer.seal(keyFor(account), asPasskey(id), secret);
    const entry = { credential: hash, sealed, counter: credential.counter, createdAt: clock.now(), lastUsedAt: null };
    await stateStore.put(SPACE, keyOf(account, id), entry);
    await stateStore.confirmClaim(CREDENTIALS, hash, account);
    return shown(id, entry, label);
  }

  /** What a browser asks a passkey with: one of the account's, or where nobody is signed in whichever its holder chooses. */
  async ask(ceremony: Ceremony, account?: string): Promise<object> {
    const known = account === undefined ? [] : await this.#all(account);
    const allowCredentials = known.map(({ sealed: { credentialId, transports } }) => ({
      id: credentialId,
      transports: [...transports],
    }));
    const { generateAuthenticationOptions } = await webAuthn();
    return generateAuthenticationOptions({
      rpID: this.parts.relyingParty.id,
      challenge: await this.#challenge(ceremony),
      timeout: CHALLENGE_MS,
      userVerification: 'required',
      allowCredentials,
    });
  }

  /** Whose passkey has answered. Where `account` is given, only one of its own will do. Error: PASSKEY_REFUSED. */
  async check(response: unknown, ceremony: Ceremony, account?: string): Promise<Proved> {
    const { id: credentialId, response: answer } = answerIn(response);
    const hash = this.parts.hide(credentialId);
    const owner = await this.parts.stateStore.claimOwner(CREDENTIALS, hash);
    if (owner === null || (account !== undefined && owner !== account)) throw refused();
    // Without a session it is the passkey that says whose it is (section 7.2, step 6).
    const userHandle = answer.userHandle ?? null;
    if (userHandle === null ? account === undefined : userHandle !== handleOf(owner).toString('base64url')) {
      throw refused();
    }
    const found = (await this.#kept(owner)).find(({ entry }) => entry.credential === hash);
    const sealed = found === undefined ? null : await this.#unsealed(owner, found);
    if (found === undefined || sealed === null) throw refused();
    const counter = await this.#asserted(response as AuthenticationResponseJSON, ceremony, sealed);
    return { account: owner, copied: !(await this.#used(owner, found, counter)) };
  }

  /** The oldest first. */
  async of(account: string): Promise<readonly Passkey[]> {
    const known = await this.#all(account);
    return known
      .map(({ id, entry, sealed }) => shown(id, entry, sealed.name))
      .sort((one, other) => one.createdAt - other.createdAt);
  }

  /** Errors: NOT_FOUND, BAD_USER_INPUT. */
  async rename(account: string, id: string, name: string): Promise<Passkey> {
    const label = validate(name, line(100), 'name');
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#entry(account, id);
      const sealed = await this.#unsealed(account, { id, entry });
      if (sealed === null) throw notFound();
      const text = await this.parts.sealer.seal(keyFor(account), asPasskey(id), { ...asJson(sealed), name: label });
      const next = { ...entry, sealed: text };
      if (await this.#change(account, id, entry, next)) return shown(id, next, label);
    }
    throw new CrmError('CONFLICT');
  }

  /** It proves nothing from here on. Error: NOT_FOUND. */
  async remove(account: string, id: string): Promise<void> {
    const entry = await this.#entry(account, id);
    await this.parts.stateStore.remove(SPACE, keyOf(account, id));
    await this.parts.stateStore.releaseClaim(CREDENTIALS, entry.credential, account);
  }

  /** For an account that is closed: its claims are released with all others. Answers how many there were. */
  forgetAll(account: string): Promise<number> {
    return forgetAll(this.parts.stateStore, SPACE, account);
  }

  async #attested(response: unknown, ceremony: Ceremony) {
    const { relyingParty } = this.parts;
    const { verifyRegistrationResponse } = await webAuthn();
    let verified: VerifiedRegistrationResponse;
    try {
      verified = await verifyRegistrationResponse({
        response: response as RegistrationResponseJSON,
        expectedChallenge: (challenge) => this.#take(challenge, ceremony),
        expectedOrigin: relyingParty.origin,
        expectedRPID: relyingParty.id,
        requireUserVerification: true,
      });
    } catch {
      throw refused(); // what the library says quotes what was sent
    }
    if (!verified.verified) throw refused();
    return verified.registrationInfo;
  }

  /** The counter that a passkey's answer has, once everything else about it is known to be right. */
  async #asserted(response: AuthenticationResponseJSON, ceremony: Ceremony, known: Sealed): Promise<number> {
    const { relyingParty } = this.parts;
    const { verifyAuthenticationResponse } = await webAuthn();
    const publicKey = new Uint8Array(Buffer.from(known.publicKey, 'base64url'));
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response,
        expectedChallenge: (challenge) => this.#take(challenge, ceremony),
        expectedOrigin: relyingParty.origin,
        expectedRPID: relyingParty.id,
        // The library looks at the counter before the signature: anybody could then report a copy. `#used` does after it.
        credential: { id: known.credentialId, publicKey, counter: 0 },
        requireUserVerification: true,
      });
      if (verified) return authenticationInfo.newCounter;
    } catch {
      throw refused();
    }
    throw refused();
  }

  /** Notes a use; whether the counter went on, or is one of those that always stay 0 (section 7.2, step 22). */
  async #used(account: string, { id, entry: found }: Kept, counter: number): Promise<boolean> {
    let entry = found;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (counter <= entry.counter && (counter !== 0 || entry.counter !== 0)) return false;
      if (await this.#change(account, id, entry, { ...entry, counter, lastUsedAt: this.parts.clock.now() }))
        return true;
      entry = await this.#entry(account, id);
    }
    throw new CrmError('CONFLICT');
  }

  async #challenge(ceremony: Ceremony): Promise<Uint8Array<ArrayBuffer>> {
    const { clock, random, stateStore } = this.parts;
    const bytes = new Uint8Array(random(CHALLENGE_BYTES));
    const key = hashOf(Buffer.from(bytes).toString('base64url'));
    await stateStore.put(CHALLENGES, key, purposeOf(ceremony), clock.now() + CHALLENGE_MS);
    return bytes;
  }

  /** Whether a challenge is good for this; it is so once. */
  async #take(challenge: string, ceremony: Ceremony): Promise<boolean> {
    const { clock, stateStore } = this.parts;
    const key = hashOf(challenge);
    const purpose = await stateStore.get(CHALLENGES, key);
    if (purpose === null || purpose !== purposeOf(ceremony)) return false;
    return stateStore.compareAndSet(CHALLENGES, key, purpose, null, clock.now());
  }

  async #entry(account: string, id: string): Promise<Entry> {
    const entry = (await this.parts.stateStore.get(SPACE, keyOf(account, id))) as unknown as Entry | null;
    if (entry === null) throw notFound();
    return entry;
  }

  /** All of an account's as they are kept: to count them, or to find one without unsealing the others. */
  async #kept(account: string): Promise<readonly Kept[]> {
    const kept = await keptOf(this.parts.stateStore, SPACE, account);
    return kept.map(({ id, value }) => ({ id, entry: value as unknown as Entry }));
  }

  /** `null` where the account is erased. */
  async #unsealed(account: string, { id, entry }: Kept): Promise<Sealed | null> {
    const sealed = await this.parts.sealer.open(keyFor(account), asPasskey(id), entry.sealed);
    return sealed as unknown as Sealed | null;
  }

  async #all(account: string) {
    const all: (Kept & { readonly sealed: Sealed })[] = [];
    for (const kept of await this.#kept(account)) {
      const sealed = await this.#unsealed(account, kept);
      if (sealed !== null) all.push({ ...kept, sealed });
    }
    return all;
  }

  #change(account: string, id: string, from: Entry, to: Entry): Promise<boolean> {
    return this.parts.stateStore.compareAndSet(SPACE, keyOf(account, id), asJson(from), asJson(to));
  }
}

const asPasskey = (id: string) => ({ kind: 'Passkey', id });
const asJson = (value: Entry | Sealed) => value as unknown as { [name: string]: Json };
/** What a passkey knows its account by: nothing of the person (section 14.6.1). */
const handleOf = (account: string): Buffer => Buffer.from(account.replaceAll('-', ''), 'hex');
const purposeOf = (ceremony: Ceremony): string =>
  ceremony.kind === 'SIGN_IN' ? ceremony.kind : `${ceremony.kind} ${ceremony.session}`;
const refused = () => new CrmError('PASSKEY_REFUSED', { field: 'response' });
const notFound = () => new CrmError('NOT_FOUND', { field: 'id' });

const shown = (id: string, { createdAt, lastUsedAt }: Entry, name: string): Passkey => ({
  id,
  name,
  createdAt,
  lastUsedAt,
});

/** As far as an answer has to be read to find whose it is; the rest the library looks at. */
const answerIn = (response: unknown): { id: string; response: { userHandle?: unknown } } => {
  const { id, response: answer } = (response ?? {}) as { id?: unknown; response?: unknown };
  if (typeof id !== 'string' || typeof answer !== 'object' || answer === null) throw refused();
  return { id, response: answer };
};
