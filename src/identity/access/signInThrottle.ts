import { CrmError } from '../../errors.js';
import type { Buckets, Rate } from '../../kernel/buckets.js';
import type { Clock } from '../../kernel/clock.js';
import type { StateStore } from '../../statestore/port.js';

/** Somebody tries to sign in. */
export interface SignInAttempt {
  /** Whose account, as they entered it; of an account that is not there it is counted alike. */
  readonly email: string;
  /** As rates count it, e.g. IPv6 by its first half; `undefined` on the machine itself. */
  readonly address: string | undefined;
  /** A secret of the device, where it sent one. */
  readonly device: string | undefined;
}

/** An attempt that may go on, and what to do once the password is known to be right. */
export interface AdmittedSignIn {
  succeeded(account: string): Promise<void>;
}

export interface SignInThrottleParts {
  readonly buckets: Buckets;
  readonly stateStore: StateStore;
  readonly clock: Clock;
  /** A keyed hash: neither addresses nor e-mails stand in the store. */
  readonly hide: (value: string) => string;
}

/** Wrong passwords for one account from one place: ten, then one a minute. */
const PER_PLACE: Rate = { capacity: 10, perSecond: 1 / 60 };
/** Wrong passwords from one address, whatever the account. */
const PER_ADDRESS: Rate = { capacity: 50, perSecond: 1 / 10 };
/** Wrong passwords for one account from all places that it does not know. */
const PER_ACCOUNT: Rate = { capacity: 100, perSecond: 1 / 30 };

const SPACE = 'sign-in-places';
/** The same by account, to find them when it is closed. */
const PLACES_OF = 'sign-in-places-of';
/** How long a place is known after the last sign-in there. */
const KNOWN_MS = 90 * 24 * 3600 * 1000;

/**
 * Bounds guessing passwords without locking anybody out (ASVS 5.0, 6.3.1; OWASP Authentication Cheat Sheet, device cookies).
 * Attempts are counted by account and place, by address, and by account over all places together. A place, which is a
 * device's secret or else an address, that has signed in to the account before is known to it: there the count over all
 * places does not hold, and its own count nobody else can use up. So whoever guesses from elsewhere slows down unknown
 * places only.
 */
export class SignInThrottle {
  constructor(private readonly parts: SignInThrottleParts) {}

  /**
   * Counts an attempt, before its password is looked at, so that many at once count as many. Nothing here tells whether
   * there is such an account. Error: RATE_LIMITED.
   */
  async admit({ email, address, device }: SignInAttempt): Promise<AdmittedSignIn> {
    const account = this.parts.hide(email.toLowerCase());
    const places = [device, address].flatMap((place) => (place === undefined ? [] : [this.#place(account, place)]));
    const known = await this.#firstKnown(places);
    const counted: [string, Rate][] = [[`sign-in place ${known ?? this.#place(account, address ?? '')}`, PER_PLACE]];
    if (address !== undefined) counted.push([`sign-in address ${address}`, PER_ADDRESS]);
    if (known === undefined) counted.push([`sign-in account ${account}`, PER_ACCOUNT]);
    await this.#takeAll(counted);
    return {
      succeeded: async (id) => {
        for (const [key, rate] of counted) await this.parts.buckets.giveBack(key, rate, 1);
        const until = this.parts.clock.now() + KNOWN_MS;
        for (const place of places) {
          await this.parts.stateStore.put(PLACES_OF, `${id}/${place}`, true, until);
          await this.parts.stateStore.put(SPACE, place, true, until);
        }
      },
    };
  }

  /** Forgets every place that an account has signed in at. Answers how many. */
  async forget(account: string): Promise<number> {
    const { stateStore } = this.parts;
    const prefix = `${account}/`;
    const places = await stateStore.list(PLACES_OF, prefix);
    for (const { key } of places) {
      await stateStore.remove(SPACE, key.slice(prefix.length));
      await stateStore.remove(PLACES_OF, key);
    }
    return places.length;
  }

  async #firstKnown(places: readonly string[]): Promise<string | undefined> {
    for (const place of places) if ((await this.parts.stateStore.get(SPACE, place)) === true) return place;
    return undefined;
  }

  async #takeAll(counted: readonly (readonly [string, Rate])[]): Promise<void> {
    const taken: (readonly [string, Rate])[] = [];
    for (const [key, rate] of counted) {
      const wait = await this.parts.buckets.take(key, rate, 1);
      if (wait > 0) {
        for (const [each, ofRate] of taken) await this.parts.buckets.giveBack(each, ofRate, 1);
        throw new CrmError('RATE_LIMITED', { retryAfter: wait });
      }
      taken.push([key, rate]);
    }
  }

  #place(account: string, place: string): string {
    return this.parts.hide(`${account} ${place}`);
  }
}
