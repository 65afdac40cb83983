import { CrmError } from '../../errors.js';
import { readCsv } from './csv.js';
import { applyMapping, guessMapping, type ImportKind, type MappedColumn, type MappedRow } from './mapping.js';
import type { ImportProblem } from './problem.js';
import { decodeText } from './text.js';

/** A file to import. */
export interface ImportFile {
  /** What an error calls it: the argument that it came in. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where it is known; otherwise it is recognised. */
  readonly encoding?: string;
  /** Overrides what is guessed for these columns; the others stay guessed. `field: null` leaves a column out. */
  readonly mapping?: readonly { readonly column: number; readonly field: string | null; readonly label?: string }[];
}

export interface CsvSource {
  readonly rows: readonly MappedRow[];
  readonly mapping: readonly MappedColumn[];
  readonly problems: readonly ImportProblem[];
  /** Rows that are too torn to be read; each is one of the problems. */
  readonly leftOut: number;
}

/** Reads a CSV as rows of fields. Errors: WRONG_ENCODING, MALFORMED_FILE, MISSING_COLUMNS, BAD_USER_INPUT for a mapping that does not fit. */
export const readSource = (file: ImportFile, kind: ImportKind): CsvSource => {
  return inFile(file, () => {
    const { header, rows, problems } = readCsv(decodeText(file.bytes, file.encoding));
    const mapping = withOverrides(guessMapping(header, kind), file.mapping ?? []);
    return { rows: applyMapping(kind, rows, mapping), mapping, problems, leftOut: problems.length };
  });
};

/** Errors name the file, and the field within it where there is one. */
export const inFile = <T>(file: ImportFile, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CrmError)) throw error;
    const field = [file.name, ...(error.details.field === undefined ? [] : [error.details.field])].join('.');
    throw new CrmError(error.code, { ...error.details, field }, { cause: error });
  }
};

const withOverrides = (
  guessed: readonly MappedColumn[],
  overrides: NonNullable<ImportFile['mapping']>,
): readonly MappedColumn[] => {
  const columns = new Set(overrides.map(({ column }) => column));
  const fields = new Set(overrides.map(({ field }) => field));
  const kept = guessed.filter(({ column, field }) => !columns.has(column) && !fields.has(field));
  const said = overrides.flatMap(({ column, field, label }) => (field === null ? [] : [{ column, field, label }]));
  return [...kept.map(({ column, field, label }) => ({ column, field, label })), ...said].sort(
    (left, right) => left.column - right.column,
  );
};
