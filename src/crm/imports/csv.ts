import { CsvError, parse } from 'csv-parse/sync';
import { CrmError } from '../../errors.js';
import { type ImportProblem, problem } from './problem.js';

export type Delimiter = ',' | ';' | '\t' | '|';

export interface CsvRow {
  /** The first line of the row in the file, counted from 1. */
  readonly line: number;
  /** As many as the header has, as written. */
  readonly cells: readonly string[];
}

export interface CsvFile {
  /** Trimmed, without the nameless columns at the end. */
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
  readonly problems: readonly ImportProblem[];
}

interface TornRecord {
  /** The cell in which the quotes go wrong, counted from 1. */
  readonly tornColumn: number;
}

const delimiters: readonly Delimiter[] = [',', ';', '\t', '|'];

const countOf = (line: string, delimiter: Delimiter): number =>
  line.replace(/"(?:[^"]|"")*"/g, '').split(delimiter).length - 1;

/** The delimiter that the header has most of, and that the lines after it have as often. */
function detectDelimiter(lines: readonly string[]): Delimiter {
  const sample = lines.filter((line) => line.trim() !== '').slice(0, 10);
  const scored = delimiters.map((delimiter) => {
    const [inHeader = 0, ...inRows] = sample.map((line) => countOf(line, delimiter));
    return { delimiter, inHeader, agreeing: inRows.filter((count) => count === inHeader).length };
  });
  const candidates = scored.filter(({ inHeader }) => inHeader > 0);
  candidates.sort((left, right) => right.agreeing - left.agreeing || right.inHeader - left.inHeader);
  return candidates[0]?.delimiter ?? ',';
}

/** The cells of one record with quotes (RFC 4180), of one line or several. */
function parseQuoted(text: string, delimiter: Delimiter, relax_quotes: boolean): string[] | TornRecord {
  try {
    const options = { delimiter, relax_quotes, record_delimiter: '\n', relax_column_count: true, max_record_size: 0 };
    const records = parse(text, options);
    return records.length === 1 ? records[0]! : { tornColumn: 1 };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { tornColumn: typeof error.column === 'number' ? error.column + 1 : 1 };
  }
}

interface Lines {
  readonly texts: readonly string[];
  readonly delimiter: Delimiter;
  /** For each line the next that has an odd number of quotes and so closes, or opens, a cell of several lines. */
  readonly nextOdd: readonly number[];
}

const isOdd = (line: string): boolean => line.includes('"') && line.split('"').length % 2 === 0;

function oddLines(texts: readonly string[]): number[] {
  const nextOdd: number[] = new Array(texts.length);
  for (let index = texts.length - 1, next = texts.length; index >= 0; index--) {
    nextOdd[index] = next;
    if (isOdd(texts[index]!)) next = index;
  }
  return nextOdd;
}

function splitLines(text: string, forced: Delimiter | undefined): { lines: Lines; first: number } {
  const texts = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  /** Excel's own way to name the delimiter. */
  const named = /^sep=([,;\t|])$/i.exec(texts[0]!)?.[1] as Delimiter | undefined;
  const first = texts.findIndex((line, index) => line.trim() !== '' && !(index === 0 && named !== undefined));
  const delimiter = forced ?? named ?? detectDelimiter(texts.slice(Math.max(first, 0)));
  return { lines: { texts, delimiter, nextOdd: text.includes('"') ? oddLines(texts) : [] }, first };
}

interface ReadRecord {
  readonly cells: string[] | TornRecord;
  /** The index of the line after it. */
  readonly next: number;
}

/** How many columns the header has: those with a name, and with the nameless ones at the end that it is written with. */
interface Width {
  readonly named: number;
  readonly written: number;
}

const withoutEmptyEnd = (cells: readonly string[]): string[] =>
  cells.slice(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1);

const fits = (cells: readonly string[], { named }: Width): boolean =>
  cells.length === named || (cells.length > named && withoutEmptyEnd(cells).length <= named);

/**
 * Whether a cell of several lines is one that was never closed and has swallowed rows: nobody writes so many commas on
 * each line of a note, and exactly as many as there are columns.
 */
function swallowsRows({ texts, delimiter }: Lines, from: number, to: number, { written }: Width): boolean {
  const between = texts.slice(from + 1, to);
  return written >= 8 && between.length > 0 && between.every((line) => countOf(line, delimiter) === written - 1);
}

function readSeveralLines(lines: Lines, from: number, width: Width | undefined): string[] | undefined {
  const to = lines.nextOdd[from]!;
  if (to === lines.texts.length) return undefined;
  const cells = parseQuoted(lines.texts.slice(from, to + 1).join('\n'), lines.delimiter, false);
  if (!Array.isArray(cells)) return undefined;
  if (width !== undefined && (!fits(cells, width) || swallowsRows(lines, from, to, width))) return undefined;
  return cells;
}

/**
 * The record that begins on a line. Where quotes go wrong the damage ends with the line, so that the next is read as if
 * nothing had been; a stray quote (5" pipe) does no damage when the columns are right all the same.
 */
function readRecord(lines: Lines, from: number, width: Width | undefined): ReadRecord {
  const line = lines.texts[from]!;
  const next = from + 1;
  if (!line.includes('"')) return { cells: line.split(lines.delimiter), next };
  const wellQuoted = isOdd(line) ? readSeveralLines(lines, from, width) : parseQuoted(line, lines.delimiter, false);
  if (Array.isArray(wellQuoted)) return { cells: wellQuoted, next: isOdd(line) ? lines.nextOdd[from]! + 1 : next };
  const relaxed = parseQuoted(line, lines.delimiter, true);
  const isUsable = Array.isArray(relaxed) && (width === undefined || fits(relaxed, width));
  return { cells: isUsable ? relaxed : (wellQuoted ?? relaxed), next };
}

function checkRow(cells: string[] | TornRecord, line: number, width: Width): CsvRow | ImportProblem | undefined {
  if (!Array.isArray(cells)) return problem('TORN_ROW', { line, column: cells.tornColumn });
  const { named } = width;
  if (cells.length < named) return problem('TOO_FEW_COLUMNS', { line, column: cells.length + 1 });
  if (!fits(cells, width)) return problem('TOO_MANY_COLUMNS', { line, column: named + 1 });
  if (cells.every((cell) => cell.trim() === '')) return undefined;
  return { line, cells: cells.length === named ? cells : cells.slice(0, named) };
}

/**
 * Reads a CSV (RFC 4180) with a header, its delimiter a comma, semicolon, tab or bar. Lines without any value are passed
 * over; empty cells past the header's columns do no harm.
 *
 * A row that is torn (TORN_ROW), too short (TOO_FEW_COLUMNS) or too long (TOO_MANY_COLUMNS) is reported with its column
 * and left out; it costs none of the others.
 * @param text the whole file, as `decodeText` gives it
 * @param options `delimiter`, where it should not be detected
 * @throws CrmError MALFORMED_FILE when there is no header that can be read
 */
export function readCsv(text: string, options: { readonly delimiter?: Delimiter } = {}): CsvFile {
  const { lines, first } = splitLines(text, options.delimiter);
  const head = first < 0 ? undefined : readRecord(lines, first, undefined);
  if (head === undefined || !Array.isArray(head.cells)) {
    throw new CrmError('MALFORMED_FILE', { reason: 'The file has no header that can be read.' });
  }
  const header = withoutEmptyEnd(head.cells).map((name) => name.trim());
  const width = { named: header.length, written: head.cells.length };
  const rows: CsvRow[] = [];
  const problems: ImportProblem[] = [];
  for (let at = head.next; at < lines.texts.length; ) {
    const { cells, next } = readRecord(lines, at, width);
    const blank = next === at + 1 && lines.texts[at]!.trim() === '';
    const checked = blank ? undefined : checkRow(cells, at + 1, width);
    if (checked && 'code' in checked) problems.push(checked);
    else if (checked) rows.push(checked);
    at = next;
  }
  return { header, rows, problems };
}
