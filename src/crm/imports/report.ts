import type { ImportKind, MappedColumn } from './mapping.js';
import type { ImportProblem } from './problem.js';

/** What became of the records of one kind. */
export interface ImportCounts {
  readonly created: number;
  readonly updated: number;
  /** There already, and alike. */
  readonly unchanged: number;
  /** Rows that were left out; each has a problem that says why. */
  readonly leftOut: number;
}

export interface ImportedKind {
  readonly kind: ImportKind;
  readonly counts: ImportCounts;
  /** How the columns were understood; empty for a vCard. */
  readonly mapping: readonly MappedColumn[];
  readonly problems: readonly ImportProblem[];
}

/** The report of an import: lines, columns, codes and numbers, no value from the files. */
export interface ImportReport {
  readonly dryRun: boolean;
  readonly kinds: readonly ImportedKind[];
}

/** Rows done and rows in all, for a progress bar. */
export type Progress = (done: number, total: number) => void;

export type RowOutcome = 'created' | 'updated' | 'unchanged' | 'leftOut';

export class Tally {
  readonly #counts = { created: 0, updated: 0, unchanged: 0, leftOut: 0 };

  add(outcome: RowOutcome, rows = 1): void {
    this.#counts[outcome] += rows;
  }

  get counts(): ImportCounts {
    return { ...this.#counts };
  }
}

/** Enough in hand for the stores to share commits, few enough to keep memory flat. */
const ROWS_IN_HAND = 256;

/** Runs rows side by side, some hundred at a time, in order of their chunks. */
export const inChunks = async <T>(
  rows: readonly T[],
  work: (chunk: readonly T[]) => Promise<void>,
  size: number = ROWS_IN_HAND,
): Promise<void> => {
  for (let start = 0; start < rows.length; start += size) await work(rows.slice(start, start + size));
};
