import { CrmError } from '../errors.js';
import { NOWHERE, readChain } from './entry.js';
import type { KnownLedger } from './known.js';
import type { LedgerEntry } from './port.js';

/** What is found when a ledger is opened. Texts are whole lines, `null` where there is no file. */
export interface FoundLedger {
  readonly known: KnownLedger | null;
  readonly lines: string | null;
  /** `undefined` where no copy is kept. */
  readonly copyLines: string | null | undefined;
  readonly dataMayBeBehind: boolean;
}

/** What is to be done: to begin a new ledger, or to go on with these entries once the copy has the lines that it lacks. */
export interface Reconciled {
  readonly begin: boolean;
  readonly entries: readonly LedgerEntry[];
  readonly missingInCopy: string;
}

const broken = (reason: string) => new CrmError('LEDGER_BROKEN', { reason });

/**
 * Holds the ledger, its copy and what the data know of it against each other.
 * Errors: LEDGER_BROKEN, DATA_BEHIND_LEDGER; nothing is to be touched then.
 */
export const reconcile = ({ known, lines, copyLines, dataMayBeBehind }: FoundLedger): Reconciled => {
  const text = lines ?? '';
  if (text === '') {
    if (copyLines) throw broken('The erasure ledger is missing, its copy is there: put the copy in its place.');
    if (known !== null && known.head.sequence > 0) throw broken('The erasure ledger of these data is missing.');
    return { begin: true, entries: [], missingInCopy: '' };
  }
  const entries = readChain(text);
  const missingInCopy = copyLines === undefined ? '' : missingFrom(copyLines, text, known);
  if (known === null) {
    if (!dataMayBeBehind) throw new CrmError('DATA_BEHIND_LEDGER');
  } else {
    holdAgainst(known, entries, dataMayBeBehind);
  }
  return { begin: false, entries, missingInCopy };
};

/** The copy is written last: level with the ledger, or behind it by what a crash left out. */
const missingFrom = (copyLines: string | null, text: string, known: KnownLedger | null): string => {
  if (copyLines === null && known?.copied)
    throw broken('The copy of the erasure ledger is missing; is its disk there?');
  const copied = copyLines ?? '';
  if (text.startsWith(copied)) return text.slice(copied.length);
  readChain(copied);
  throw broken(
    copied.startsWith(text)
      ? 'The copy of the erasure ledger is ahead of it: ledger and data were put back to an older state.'
      : 'The copy of the erasure ledger tells another story than the ledger.',
  );
};

const holdAgainst = (known: KnownLedger, entries: readonly LedgerEntry[], dataMayBeBehind: boolean): void => {
  const { head, writing, installation } = known;
  if (entries[0]?.installation !== installation) throw broken('The erasure ledger is of another installation.');
  if (entries.length < head.sequence) throw broken('The erasure ledger is older than the data, or was cut short.');
  if (hashAt(entries, head.sequence) !== head.hash) throw broken('The erasure ledger is not the one the data know.');
  if (dataMayBeBehind) return;
  // A crash in the midst of writing leaves what was being written, or the beginning of it, or nothing.
  const mayReach = writing?.sequence ?? head.sequence;
  const wasWriting =
    writing === null || entries.length < writing.sequence || hashAt(entries, mayReach) === writing.hash;
  if (entries.length > mayReach || !wasWriting) throw new CrmError('DATA_BEHIND_LEDGER');
};

const hashAt = (entries: readonly LedgerEntry[], sequence: number): string =>
  entries[sequence - 1]?.hash ?? NOWHERE.hash;
