import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import { InTurn } from '../kernel/inTurn.js';
import { lockFile } from '../sqlite/fileLock.js';
import { type FileLedgerOptions, openFileLedger } from './file.js';
import type { ErasureLedger, LedgerEntry, LedgerHead, LedgerRecord } from './port.js';

/** A lock is had for as long as it takes to read the ledger and write a line. */
const LOOK_MS = 20;
const PATIENCE_MS = 10_000;

export interface SharedLedgerOptions extends FileLedgerOptions {
  readonly pause: (ms: number) => Promise<unknown>;
}

/**
 * The ledger in a directory that several processes share. Each act opens it anew, under a lock on the directory: what
 * others have written is read and checked first. The lock is the operating system's: on a volume that several machines
 * share it has to be one that reaches all of them. Errors: as `openFileLedger`; LEDGER_UNWRITABLE where the lock is not had in time.
 */
export const openSharedLedger = async (options: SharedLedgerOptions): Promise<ErasureLedger> => {
  const { installation, knownToData, head } = await withLedger(options, async (ledger) => ({
    installation: ledger.installation,
    knownToData: ledger.knownToData,
    head: ledger.head(),
  }));
  return new SharedLedger(options, installation, knownToData, head);
};

class SharedLedger implements ErasureLedger {
  readonly #turns = new InTurn();
  #closed = false;

  constructor(
    private readonly options: SharedLedgerOptions,
    readonly installation: string,
    readonly knownToData: LedgerHead,
    private lastHead: LedgerHead,
  ) {}

  /** As it was when this process looked last. */
  head(): LedgerHead {
    return this.lastHead;
  }

  append(record: LedgerRecord): Promise<LedgerHead> {
    return this.#inTurn((ledger) => ledger.append(record));
  }

  entries(after?: number): Promise<readonly LedgerEntry[]> {
    return this.#inTurn((ledger) => ledger.entries(after));
  }

  /** Opening it is what lets the data know. */
  acknowledge(): Promise<void> {
    return this.#inTurn(async () => undefined);
  }

  verify(): Promise<void> {
    return this.#inTurn((ledger) => ledger.verify());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.settled();
  }

  #inTurn<T>(work: (ledger: ErasureLedger) => Promise<T>): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new CrmError('LEDGER_UNWRITABLE', { reason: 'The erasure ledger is closed.' }));
    }
    return this.#turns.run(() =>
      withLedger(this.options, async (ledger) => {
        const result = await work(ledger);
        this.lastHead = ledger.head();
        return result;
      }),
    );
  }
}

const withLedger = async <T>(options: SharedLedgerOptions, work: (ledger: ErasureLedger) => Promise<T>): Promise<T> => {
  const lock = await locked(options);
  try {
    const ledger = await openFileLedger(options);
    try {
      return await work(ledger);
    } finally {
      await ledger.close();
    }
  } finally {
    lock.release();
  }
};

const locked = async ({ directory, pause }: SharedLedgerOptions): Promise<{ release(): void }> => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (let waited = 0; ; waited += LOOK_MS) {
    try {
      return lockFile(join(directory, 'lock'));
    } catch (cause) {
      if (waited >= PATIENCE_MS) throw new CrmError('LEDGER_UNWRITABLE', {}, { cause });
      await pause(LOOK_MS);
    }
  }
};
