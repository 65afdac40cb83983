import { readCell, remembered, requiredText, textOf, textsOf } from './cells.js';
import { type DateOrder, guessDateOrder, readDate } from './dates.js';
import type { MappedRow } from './mapping.js';
import { guessDecimalMark, readMoney } from './money.js';
import type { ImportProblem } from './problem.js';

export interface ImportedDeal {
  /** The line of the file on which the row begins, counted from 1. */
  readonly line: number;
  /** The id under which the other program knows the deal. */
  readonly externalId?: string;
  readonly title?: string;
  readonly ownerName?: string;
  readonly productName?: string;
  readonly companyName?: string;
  /** As written; which stage of a pipeline it is, the pipeline says. */
  readonly stage: string;
  /** `YYYY-MM-DD`. */
  readonly engageDate?: string;
  /** `YYYY-MM-DD`. */
  readonly closeDate?: string;
  /** In minor units of the currency. */
  readonly valueMinor?: number;
}

/**
 * Rows as deals. A date or amount that cannot be read is reported (BAD_DATE, AMBIGUOUS_DATE, BAD_NUMBER,
 * AMBIGUOUS_NUMBER, TOO_PRECISE) and left out; a row without a stage (MISSING_VALUE) is left out whole.
 * @param options `currencyDigits`, the decimals of the deals' currency (ISO 4217); `dateOrder`, where a person knows it:
 * else all dates of the file tell it together
 */
export function readDeals(
  rows: readonly MappedRow[],
  options: { readonly currencyDigits: number; readonly dateOrder?: DateOrder },
): { deals: ImportedDeal[]; problems: ImportProblem[] } {
  const deals: ImportedDeal[] = [];
  const problems: ImportProblem[] = [];
  const order = options.dateOrder ?? guessDateOrder(textsOf(rows, 'engageDate', 'closeDate'));
  const mark = guessDecimalMark(textsOf(rows, 'value'));
  const date = remembered((text) => readDate(text, order));
  const money = remembered((text) => readMoney(text, options.currencyDigits, mark));
  for (const row of rows) {
    const stage = requiredText(row, 'stage', problems);
    if (stage === undefined) continue;
    deals.push({
      line: row.line,
      externalId: textOf(row, 'externalId'),
      title: textOf(row, 'title'),
      ownerName: textOf(row, 'owner'),
      productName: textOf(row, 'product'),
      companyName: textOf(row, 'company'),
      stage,
      engageDate: readCell(row, 'engageDate', date, problems),
      closeDate: readCell(row, 'closeDate', date, problems),
      valueMinor: readCell(row, 'value', money, problems),
    });
  }
  return { deals, problems };
}
