import { CrmError } from '../src/errors.js';
import { addressKey } from '../src/kernel/addresses.js';
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
