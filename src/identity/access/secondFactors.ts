import { CrmError } from '../../errors.js';
import type { Buckets, Rate } from '../../kernel/buckets.js';
import type { Json } from '../../kernel/canonical.js';
import type { Clock } from '../../kernel/clock.js';
import type { RandomBytes } from '../../kernel/ids.js';
import type { Sealer } from '../../kernel/sealer.js';
import type { StateStore } from '../../statestore/port.js';
import { keyFor } from './accountState.js';
import { newTotpSecret, totpStep } from './totp.js';

const SPACE = 'second-factors';
/** A secret that is shown and not yet confirmed. */
const OFFERS = 'second-factor-offers';
const OFFER_MS = 10 * 60_000;
const RECOVERY_CODES = 10;
/** Wrong codes after a right password: five, then one a minute. Nobody without the password can use them up. */
const PER_ACCOUNT: Rate = { capacity: 5, perSecond: 1 / 60 };
const MAX_TRIES = 4;
/** Crockford's base32 without letters that are read as others. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CODE_CHARACTERS = 16;

interface Entry {
  /** The authenticator's secret, sealed under the account's key. */
  readonly sealed: string;
  /** Steps of time up to this one are used: a code is good once. */
  readonly lastStep: number;
  /** Keyed hashes of those that are left. */
  readonly recoveryCodes: readonly string[];
}

export interface SecondFactorsParts {
  readonly stateStore: StateStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly buckets: Buckets;
  /** A keyed hash: who reads the store cannot use a recovery code. */
  readonly hide: (value: string) => string;
}

/** Authenticators (RFC 6238) and the codes for when one is lost. */
export class SecondFactors {
  constructor(private readonly parts: SecondFactorsParts) {}

  /** Whether the account asks for a code. */
  async required(account: string): Promise<boolean> {
    return (await this.#entry(account)) !== null;
  }

  async recoveryCodesLeft(account: string): Promise<number> {
    return (await this.#entry(account))?.recoveryCodes.length ?? 0;
  }

  /** A new secret to set an authenticator up with; it counts for nothing until it is confirmed, within ten minutes. */
  async offer(account: string): Promise<string> {
    const { clock, sealer, stateStore } = this.parts;
    const secret = newTotpSecret();
    const sealed = await sealer.seal(keyFor(account), asSecret(account), secret);
    await stateStore.put(OFFERS, account, sealed, clock.now() + OFFER_MS);
    return secret;
  }

  /** Takes the offered secret, of which `code` shows that the authenticator has it. Answers the recovery codes. Error: SIGN_IN_FAILED. */
  async confirm(account: string, code: string): Promise<readonly string[]> {
    const { clock, sealer, stateStore } = this.parts;
    const sealed = (await stateStore.get(OFFERS, account)) as string | null;
    if (sealed === null) throw wrong();
    const secret = (await sealer.open(keyFor(account), asSecret(account), sealed)) as string | null;
    const lastStep = secret === null ? null : await totpStep(secret, code.trim(), clock.now());
    if (lastStep === null) throw wrong();
    const { codes, hashes } = this.#newCodes(account);
    const entry: Entry = { sealed, lastStep, recoveryCodes: hashes };
    await stateStore.put(SPACE, account, entry as unknown as Json);
    await stateStore.remove(OFFERS, account);
    return codes;
  }

  /**
   * Checks a code of the account's authenticator, or one of its recovery codes, each good once. Answers which it was.
   * Errors: SIGN_IN_FAILED; RATE_LIMITED after too many wrong ones.
   */
  async check(account: string, code: string): Promise<'TOTP' | 'RECOVERY_CODES'> {
    const { buckets, stateStore } = this.parts;
    const key = `second factor ${account}`;
    const wait = await buckets.take(key, PER_ACCOUNT, 1);
    if (wait > 0) throw new CrmError('RATE_LIMITED', { retryAfter: wait });
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#entry(account);
      const used = entry === null ? null : await this.#used(account, entry, code.trim());
      if (entry === null || used === null) throw wrong();
      const next = { ...entry, ...used.left } as unknown as Json;
      if (await stateStore.compareAndSet(SPACE, account, entry as unknown as Json, next)) {
        await buckets.giveBack(key, PER_ACCOUNT, 1);
        return used.means;
      }
    }
    throw wrong();
  }

  /** Recovery codes in place of those there were. */
  async renewRecoveryCodes(account: string): Promise<readonly string[]> {
    const { codes, hashes } = this.#newCodes(account);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#entry(account);
      if (entry === null) throw new CrmError('NOT_FOUND');
      const next = { ...entry, recoveryCodes: hashes } as unknown as Json;
      if (await this.parts.stateStore.compareAndSet(SPACE, account, entry as unknown as Json, next)) return codes;
    }
    throw new CrmError('CONFLICT');
  }

  async forget(account: string): Promise<void> {
    await this.parts.stateStore.remove(SPACE, account);
    await this.parts.stateStore.remove(OFFERS, account);
  }

  async #entry(account: string): Promise<Entry | null> {
    return (await this.parts.stateStore.get(SPACE, account)) as Entry | null;
  }

  /** What a code is, and what is left once it is used; `null` for a wrong one. */
  async #used(account: string, entry: Entry, code: string) {
    if (/^\d{6}$/.test(code)) {
      const { clock, sealer } = this.parts;
      const secret = (await sealer.open(keyFor(account), asSecret(account), entry.sealed)) as string | null;
      const step = secret === null ? null : await totpStep(secret, code, clock.now());
      if (step === null || step <= entry.lastStep) return null;
      return { means: 'TOTP', left: { lastStep: step } } as const;
    }
    const hash = this.#hashOf(account, code);
    if (!entry.recoveryCodes.includes(hash)) return null;
    const recoveryCodes = entry.recoveryCodes.filter((each) => each !== hash);
    return { means: 'RECOVERY_CODES', left: { recoveryCodes } } as const;
  }

  #newCodes(account: string) {
    const codes = Array.from({ length: RECOVERY_CODES }, () =>
      [...this.parts.random(CODE_CHARACTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join(''),
    );
    const hashes = codes.map((code) => this.#hashOf(account, code));
    return { codes: codes.map((code) => code.replace(/(.{4})(?=.)/g, '$1-')), hashes };
  }

  /** However it was typed: in capitals, without its hyphens. */
  #hashOf(account: string, code: string): string {
    return this.parts.hide(`${account} ${code.toLowerCase().replace(/[\s-]/g, '')}`);
  }
}

const asSecret = (account: string) => ({ kind: 'TotpSecret', id: account });
const wrong = () => new CrmError('SIGN_IN_FAILED', { field: 'code' });
