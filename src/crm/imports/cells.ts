import type { MappedRow } from './mapping.js';
import { type ImportProblem, problem, type Reading } from './problem.js';

/** A cell as trimmed text; undefined where there is none. */
export function textOf(row: MappedRow, field: string): string | undefined {
  const column = row.columns.get(field)?.column;
  const text = column === undefined ? undefined : row.cells[column - 1]?.trim();
  return text === '' ? undefined : text;
}

/** The different texts of columns, from which their way of writing dates or numbers can be told. */
export function textsOf(rows: readonly MappedRow[], ...fields: readonly string[]): Set<string> {
  const texts = new Set<string>();
  for (const row of rows) {
    for (const field of fields) {
      const text = textOf(row, field);
      if (text !== undefined) texts.add(text);
    }
  }
  return texts;
}

/** The same reading, done once for each different text: the dates and amounts of a long file repeat themselves. */
export function remembered<T>(readValue: (text: string) => Reading<T>): (text: string) => Reading<T> {
  const readings = new Map<string, Reading<T>>();
  return (text) => {
    const reading = readings.get(text) ?? readValue(text);
    readings.set(text, reading);
    return reading;
  };
}

/** A cell as a value; one that cannot be read is reported and left out. */
export function readCell<T>(
  row: MappedRow,
  field: string,
  readValue: (text: string) => Reading<T>,
  problems: ImportProblem[],
): T | undefined {
  const text = textOf(row, field);
  if (text === undefined) return undefined;
  const reading = readValue(text);
  if (reading.ok) return reading.value;
  problems.push(problem(reading.code, { line: row.line, column: row.columns.get(field)?.column, field }));
  return undefined;
}

/** A text without which the row makes no sense; where it is missing that is reported, and the caller drops the row. */
export function requiredText(row: MappedRow, field: string, problems: ImportProblem[]): string | undefined {
  const text = textOf(row, field);
  if (text === undefined)
    problems.push(problem('MISSING_VALUE', { line: row.line, column: row.columns.get(field)?.column, field }));
  return text;
}
