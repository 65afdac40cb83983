import type { Json } from '../kernel/canonical.js';
import type { StateStore } from '../statestore/port.js';
import type { LedgerHead } from './port.js';

/** What the data know of the ledger: by it a ledger that is older than the data is told, and data older than the ledger. */
export interface KnownLedger {
  readonly installation: string;
  /** The last entry that was acknowledged. */
  readonly head: LedgerHead;
  /** The last entry of those being written: a crash may leave them in the ledger or not. */
  readonly writing: LedgerHead | null;
  /** Whether there was a copy. */
  readonly copied: boolean;
}

/** Keeps what the data know of the ledger, with the data. */
export interface LedgerMemory {
  read(): Promise<KnownLedger | null>;
  write(known: KnownLedger): Promise<void>;
}

const SPACE = 'erasure-ledger';
const KEY = 'known';

export const ledgerMemoryIn = (stateStore: Pick<StateStore, 'get' | 'put'>): LedgerMemory => ({
  read: async () => (await stateStore.get(SPACE, KEY)) as unknown as KnownLedger | null,
  write: (known) => stateStore.put(SPACE, KEY, known as unknown as Json),
});
