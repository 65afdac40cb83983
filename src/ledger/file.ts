import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { Ids } from '../kernel/ids.js';
import { InTurn } from '../kernel/inTurn.js';
import { ChainFile } from './chainFile.js';
import { checkRecord, entryAfter, identityOf, lineOf, NOWHERE, readChain } from './entry.js';
import type { KnownLedger, LedgerMemory } from './known.js';
import type { ErasureLedger, LedgerEntry, LedgerHead, LedgerRecord } from './port.js';
import { reconcile } from './reconcile.js';

export interface FileLedgerOptions {
  /** Outside the data directory, and so outside every backup of it. Made where it is missing. */
  readonly directory: string;
  /** A second directory, on another disk at best, in which every entry is written as well. */
  readonly copyDirectory?: string | undefined;
  /** What the data know of the ledger. */
  readonly memory: LedgerMemory;
  readonly clock: Clock;
  /** Gives a new ledger its installation's id. */
  readonly ids: Ids;
  /** For a restore alone: opens although the data do not know the last entries yet. */
  readonly dataMayBeBehind?: boolean;
}

export const LEDGER_FILE = 'erasure-ledger.jsonl';

/**
 * Opens the ledger of an installation, or begins it where neither it nor the data know of one. A line that a crash cut
 * short is cut off; a copy that a crash left behind is brought level. One process has it open for writing.
 * Errors: LEDGER_BROKEN where ledger or copy is missing, changed, cut short, older than the data or another
 * installation's, or the copy is ahead; DATA_BEHIND_LEDGER; LEDGER_UNWRITABLE.
 */
export const openFileLedger = async (options: FileLedgerOptions): Promise<ErasureLedger> => {
  const main = new ChainFile(join(options.directory, LEDGER_FILE));
  const copy = options.copyDirectory === undefined ? null : new ChainFile(join(options.copyDirectory, LEDGER_FILE));
  const known = await options.memory.read();
  const lines = await main.read();
  const copyLines = copy === null ? undefined : await copy.read();
  const dataMayBeBehind = options.dataMayBeBehind ?? false;
  const { begin, entries, missingInCopy } = reconcile({ known, lines, copyLines, dataMayBeBehind });
  const ledger = new FileLedger(main, copy, options, entries, known);
  await (begin ? ledger.begin() : ledger.takeUp(missingInCopy));
  return ledger;
};

interface Waiting {
  readonly record: LedgerRecord;
  readonly resolve: (head: LedgerHead) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends that wait while another is being written go to disk together. */
class FileLedger implements ErasureLedger {
  readonly installation: string;
  readonly knownToData: LedgerHead;
  readonly #places = new Map<string, LedgerHead>();
  #head: LedgerHead = NOWHERE;
  #copied: boolean;
  /** While a restore is under way the data are told nothing: one that was cut off must not look as if it had ended. */
  #dataAreBehind: boolean;
  #waiting: Waiting[] = [];
  /** One after the other, so that nothing is read half written. */
  readonly #turns = new InTurn();
  #closed = false;

  constructor(
    private readonly main: ChainFile,
    private readonly copy: ChainFile | null,
    private readonly options: FileLedgerOptions,
    entries: readonly LedgerEntry[],
    known: KnownLedger | null,
  ) {
    for (const entry of entries) this.#take(entry);
    this.installation = entries[0]?.installation ?? options.ids.next();
    this.knownToData = options.dataMayBeBehind ? (known?.head ?? NOWHERE) : this.#head;
    this.#dataAreBehind = this.knownToData.sequence < this.#head.sequence;
    this.#copied = known?.copied ?? false;
  }

  head(): LedgerHead {
    return this.#head;
  }

  /** Writes the first entry. */
  async begin(): Promise<void> {
    const first = entryAfter(NOWHERE, this.#dated({ kind: 'LedgerBegun' }));
    await this.#remember(NOWHERE, headOf(first));
    try {
      await addTo(this.main, lineOf(first));
      if (this.copy !== null) await addTo(this.copy, lineOf(first));
    } catch (cause) {
      throw unwritable(cause);
    }
    this.#take(first);
    await this.acknowledge();
  }

  /** Brings the copy level, and lets the data know of what a crash left unacknowledged. */
  async takeUp(missingInCopy: string): Promise<void> {
    try {
      if (this.copy !== null && missingInCopy !== '') await addTo(this.copy, missingInCopy);
    } catch (cause) {
      throw unwritable(cause);
    }
    if (!this.#dataAreBehind) await this.acknowledge();
  }

  async append(record: LedgerRecord): Promise<LedgerHead> {
    checkRecord(record);
    if (this.#closed) throw new CrmError('LEDGER_UNWRITABLE', { reason: 'The erasure ledger is closed.' });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      void this.#turns.run(() => this.#writeWaiting());
    });
  }

  async entries(after = 0): Promise<readonly LedgerEntry[]> {
    return readChain(await this.#turns.run(() => textOf(this.main))).slice(after);
  }

  async acknowledge(): Promise<void> {
    this.#dataAreBehind = false;
    this.#copied = this.copy !== null;
    await this.#remember(this.#head, null);
  }

  verify(): Promise<void> {
    return this.#turns.run(async () => {
      const text = await textOf(this.main);
      if ((readChain(text).at(-1) ?? NOWHERE).hash !== this.#head.hash) {
        throw new CrmError('LEDGER_BROKEN', { reason: 'The erasure ledger was changed while it was open.' });
      }
      if (this.copy !== null && (await textOf(this.copy)) !== text) {
        throw new CrmError('LEDGER_BROKEN', { reason: 'The copy of the erasure ledger differs from it.' });
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.settled();
  }

  async #writeWaiting(): Promise<void> {
    const batch = this.#waiting.splice(0);
    const entries = this.#chained(batch);
    try {
      if (entries.length > 0) await this.#write(entries);
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const entry of entries) this.#take(entry);
    for (const { record, resolve } of batch) resolve(this.#places.get(identityOf(record))!);
  }

  /** The entries of a batch, without those that are there already. */
  #chained(batch: readonly Waiting[]): LedgerEntry[] {
    const entries: LedgerEntry[] = [];
    const seen = new Set<string>();
    for (const { record } of batch) {
      const identity = identityOf(record);
      if (this.#places.has(identity) || seen.has(identity)) continue;
      seen.add(identity);
      entries.push(entryAfter(entries.at(-1) ?? this.#head, this.#dated(record)));
    }
    return entries;
  }

  /** The ledger first, then the copy: so the copy is ahead only where the ledger was put back. */
  async #write(entries: readonly LedgerEntry[]): Promise<void> {
    const last = headOf(entries.at(-1)!);
    const lines = entries.map(lineOf).join('');
    const size = this.main.size;
    await this.#remember(this.#head, last);
    try {
      await this.main.append(lines);
      await this.copy?.append(lines);
    } catch (cause) {
      await takeBack(this.main, size);
      throw unwritable(cause);
    }
    // It is written, and the data know that it was being written: that they are not told of its end loses nothing.
    await this.#remember(last, null).catch(() => undefined);
  }

  async #remember(head: LedgerHead, writing: LedgerHead | null): Promise<void> {
    if (this.#dataAreBehind) return;
    const { installation } = this;
    await this.options.memory.write({ installation, head: headOf(head), writing, copied: this.#copied });
  }

  #dated<R extends LedgerEntry['record']>(record: R) {
    return { installation: this.installation, recordedAt: instant(this.options.clock.now()), record };
  }

  #take(entry: LedgerEntry): void {
    this.#head = headOf(entry);
    this.#places.set(identityOf(entry.record), this.#head);
  }
}

const headOf = ({ sequence, hash }: LedgerHead): LedgerHead => ({ sequence, hash });

const unwritable = (cause: unknown) => new CrmError('LEDGER_UNWRITABLE', {}, { cause });

/** To a file that may not be there yet. */
const addTo = (file: ChainFile, lines: string): Promise<void> =>
  existsSync(file.path) ? file.append(lines) : file.create(lines);

/** What was appended and is to be acknowledged to nobody. Where it cannot be cut off, the file takes nothing more. */
const takeBack = async (file: ChainFile, size: number): Promise<void> => {
  if (file.size > size) await file.cutTo(size).catch(() => undefined);
};

/** The lines of a file on disk now. Error: LEDGER_BROKEN where it is gone. */
const textOf = async ({ path }: ChainFile): Promise<string> => {
  const text = await new ChainFile(path).read();
  if (text === null) throw new CrmError('LEDGER_BROKEN', { reason: 'The erasure ledger is missing.' });
  return text;
};
