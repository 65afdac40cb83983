import type { Buckets } from '../src/kernel/buckets.js';
import type { Clock } from '../src/kernel/clock.js';
import type { PersistedOperations } from './persistedOperations.js';
import type { Rates } from './rates.js';

/** What an operator can set of how the server meets the network. Left out, each is as a newcomer's `npm start` has it. */
export interface Surface {
  /** Certificate chain and key, in PEM form. Without them the server speaks plain HTTP (see `assertMayArrive`). */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Addresses and ranges of proxies; see `trustedProxies`. */
  readonly proxies?: readonly string[];
  /** Origins whose pages may use the API, e.g. `https://app.example`. */
  readonly corsOrigins?: readonly string[];
  /** Whether the schema may be asked for, and misspelt names are answered with those like them. */
  readonly introspection?: boolean;
  /** Where these are given, nothing else is answered. */
  readonly persistedOperations?: PersistedOperations;
  /** URI for `/.well-known/security.txt`, which is not there without one. */
  readonly securityContact?: string;
  readonly rates?: Partial<Rates>;
  /** Where the rates are kept; in the memory of this process unless given. */
  readonly buckets?: Buckets;
  readonly clock?: Clock;
}
