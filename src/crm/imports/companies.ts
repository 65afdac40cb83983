import { readCell, requiredText, textOf, textsOf } from './cells.js';
import type { MappedRow } from './mapping.js';
import { guessDecimalMark, readDecimal, readInteger } from './money.js';
import { type ImportProblem, type Reading, unreadable } from './problem.js';

export interface ImportedCompany {
  /** The line of the file on which the row begins, counted from 1. */
  readonly line: number;
  readonly name: string;
  readonly sector?: string;
  readonly yearEstablished?: number;
  /** In the file's own unit, often millions. */
  readonly revenue?: number;
  readonly employees?: number;
  readonly location?: string;
  readonly subsidiaryOf?: string;
}

const readYear = (text: string): Reading<number> =>
  /^\d{4}$/.test(text) ? { ok: true, value: Number(text) } : unreadable('BAD_NUMBER');

function readCount(text: string): Reading<number> {
  const count = readInteger(text);
  return count.ok && count.value < 0 ? unreadable('BAD_NUMBER') : count;
}

/**
 * Rows as companies. A number that cannot be read is reported (BAD_NUMBER, AMBIGUOUS_NUMBER) and left out; a row without
 * a name (MISSING_VALUE) is left out whole.
 */
export function readCompanies(rows: readonly MappedRow[]): { companies: ImportedCompany[]; problems: ImportProblem[] } {
  const companies: ImportedCompany[] = [];
  const problems: ImportProblem[] = [];
  const mark = guessDecimalMark(textsOf(rows, 'revenue'));
  for (const row of rows) {
    const name = requiredText(row, 'name', problems);
    if (name === undefined) continue;
    companies.push({
      line: row.line,
      name,
      sector: textOf(row, 'sector'),
      yearEstablished: readCell(row, 'yearEstablished', readYear, problems),
      revenue: readCell(row, 'revenue', (text) => readDecimal(text, mark), problems),
      employees: readCell(row, 'employees', readCount, problems),
      location: textOf(row, 'location'),
      subsidiaryOf: textOf(row, 'subsidiaryOf'),
    });
  }
  return { companies, problems };
}
