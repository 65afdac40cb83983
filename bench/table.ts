import type { Histories } from './histories.js';

/** What a run of the bench works with. */
export interface Setting {
  /** Temporary; every line makes its files in it. */
  readonly directory: string;
  /** 1, or 0.1 for trying out: sizes are multiplied by it. */
  readonly scale: number;
  /** Both sides are measured this often, in turns. */
  readonly rounds: number;
  readonly histories: Histories;
}

/** A file of the bench: measures one line of the table, or those that share their data. */
export interface Bench {
  readonly name: string;
  run(setting: Setting): Promise<readonly Line[]>;
}

/** A ratio of ours to the other side's: a speed has to be at least as high, a time or a size at most. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table. */
export interface Line {
  readonly measured: string;
  /** The two figures with their units, for reading; `null` where they could not be measured. */
  readonly figures: { readonly ours: string; readonly against: string; readonly ratio: number } | null;
  readonly required: Bound;
  readonly remarkable?: Bound;
  /** What a reader has to know to judge the figure. */
  readonly note?: string;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** The value that `percent` of the values do not exceed (nearest rank). */
export const percentile = (values: readonly number[], percent: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1);
  const value = sorted[rank];
  if (value === undefined) throw new TypeError('Nothing was measured.');
  return value;
};

/** Three digits that say something. */
export const rounded = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });

const meets = (ratio: number, bound: Bound): boolean =>
  'atLeast' in bound ? ratio >= bound.atLeast : ratio <= bound.atMost;

const inWords = (bound: Bound | undefined): string => {
  if (bound === undefined) return '';
  return 'atLeast' in bound ? `≥ ${bound.atLeast} ×` : `≤ ${bound.atMost} ×`;
};

const verdictOf = ({ figures, required, remarkable }: Line): string => {
  if (figures === null) return 'not measured';
  const { ratio } = figures;
  if (remarkable !== undefined && meets(ratio, remarkable)) return 'met, remarkable';
  if (meets(ratio, required)) return 'met';
  const limit = 'atLeast' in required ? required.atLeast : required.atMost;
  return `missed by ${rounded(Math.abs(ratio - limit))} ×`;
};

const HEAD = ['measured', 'ours', 'against', 'ratio', 'required', 'remarkable', 'verdict'];

/** The table as Markdown, with notes below it. */
export const tableOf = (lines: readonly Line[]): string => {
  const cells = lines.map((line) => [
    line.measured,
    line.figures?.ours ?? '',
    line.figures?.against ?? '',
    line.figures === null ? '' : `${rounded(line.figures.ratio)} ×`,
    inWords(line.required),
    inWords(line.remarkable),
    verdictOf(line),
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]!.length)));
  const rowOf = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const notes = lines.flatMap(({ measured, note }) => (note === undefined ? [] : [`- ${measured}: ${note}`]));
  return [rowOf(HEAD), rule, ...cells.map(rowOf), '', ...notes].join('\n');
};

/** Runs both sides in turns, so that what else the machine does meets both alike. Answers their medians. */
export const inTurns = async (
  rounds: number,
  ours: (round: number) => Promise<number>,
  against: (round: number) => Promise<number>,
): Promise<{ ours: number; against: number; ratio: number; all: { ours: number[]; against: number[] } }> => {
  const all = { ours: [] as number[], against: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    all.against.push(await against(round));
    all.ours.push(await ours(round));
  }
  const ratios = all.ours.map((value, round) => value / all.against[round]!);
  return { ours: median(all.ours), against: median(all.against), ratio: median(ratios), all };
};
