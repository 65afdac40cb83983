import { isIPv6 } from 'node:net';
import { CrmError } from '../src/errors.js';
import type { Buckets, Rate } from '../src/kernel/buckets.js';

/** How much may be asked for over time. What is more is answered with RATE_LIMITED and `retryAfter`. */
export interface Rates {
  /** Requests and new sockets of one address, whatever they ask for. */
  readonly requestsPerAddress: Rate;
  /** Cost of the operations of one account, counted as the limit on cost counts it. */
  readonly costPerAccount: Rate;
  /** Cost of the operations that come from one address without an account. */
  readonly costPerAddress: Rate;
}

/** A page of 50 contacts as a list view shows it costs some 1,000; creating a contact some 10. */
export const defaultRates: Rates = {
  requestsPerAddress: { capacity: 3_000, perSecond: 100 },
  costPerAccount: { capacity: 500_000, perSecond: 10_000 },
  costPerAddress: { capacity: 100_000, perSecond: 1_000 },
};

/** Whom a request is charged to. */
export interface Payer {
  readonly account: string | null;
  readonly address: string | undefined;
}

/** Where a context has its bill. A property, since Apollo hands its plugins a copy of the context. */
const BILL: unique symbol = Symbol('bill');
interface Charged {
  [BILL]?: Payer & { paid: boolean };
}

/** Charges requests to their addresses, and operations to whoever asks. */
export class Meter {
  constructor(
    private readonly buckets: Buckets,
    private readonly rates: Rates,
  ) {}

  /** Charges a request as it comes in. Error: RATE_LIMITED. */
  arrived(address: string | undefined): void | Promise<void> {
    const key = addressKey(address);
    if (key === undefined) return;
    return refusing(this.buckets.take(`request ${key}`, this.rates.requestsPerAddress, 1));
  }

  /** Says whom the operation of a context is to be charged to; it is charged once, on whatever lane it comes. */
  opened(context: Charged, { account, address }: Payer): void {
    context[BILL] = { account, address, paid: false };
  }

  /** Error: RATE_LIMITED. */
  charge(context: Charged, cost: number): void | Promise<void> {
    const bill = context[BILL];
    if (bill === undefined || bill.paid) return;
    const charged = refusing(this.#take(bill, cost));
    if (charged === undefined) bill.paid = true;
    return charged?.then(() => {
      bill.paid = true;
    });
  }

  #take({ account, address }: Payer, cost: number): number | Promise<number> {
    if (account !== null) return this.buckets.take(`account ${account}`, this.rates.costPerAccount, cost);
    const key = addressKey(address);
    return key === undefined ? 0 : this.buckets.take(`cost ${key}`, this.rates.costPerAddress, cost);
  }
}

const refusing = (wait: number | Promise<number>): void | Promise<void> => {
  if (typeof wait !== 'number') return wait.then((seconds) => void refusing(seconds));
  if (wait > 0) throw new CrmError('RATE_LIMITED', { retryAfter: wait });
};

/**
 * An address as it is counted: IPv6 by its first 64 bits, which one subscriber has all of (RFC 6177). None for the
 * machine itself: whoever is on it has other ways, and a proxy there is to be named in TRUST_PROXY.
 */
export function addressKey(address: string | undefined): string | undefined {
  const plain = address?.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
  if (plain === undefined || plain === '::1' || plain.startsWith('127.')) return undefined;
  return isIPv6(plain) ? firstHalf(plain) : plain;
}

function firstHalf(address: string): string {
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
