import { readCell, remembered, requiredText, textOf, textsOf } from './cells.js';
import type { MappedRow } from './mapping.js';
import { guessDecimalMark, readMoney } from './money.js';
import type { ImportProblem } from './problem.js';

export interface ImportedProduct {
  /** The line of the file on which the row begins, counted from 1. */
  readonly line: number;
  readonly name: string;
  readonly series?: string;
  /** In minor units of the currency. */
  readonly priceMinor?: number;
}

/**
 * Rows as products. A price that cannot be read is reported (BAD_NUMBER, AMBIGUOUS_NUMBER, TOO_PRECISE) and left out; a
 * row without a name (MISSING_VALUE) is left out whole.
 * @param options `currencyDigits`, the decimals of the prices' currency (ISO 4217)
 */
export function readProducts(
  rows: readonly MappedRow[],
  options: { readonly currencyDigits: number },
): { products: ImportedProduct[]; problems: ImportProblem[] } {
  const products: ImportedProduct[] = [];
  const problems: ImportProblem[] = [];
  const mark = guessDecimalMark(textsOf(rows, 'price'));
  const money = remembered((text) => readMoney(text, options.currencyDigits, mark));
  for (const row of rows) {
    const name = requiredText(row, 'name', problems);
    if (name === undefined) continue;
    const priceMinor = readCell(row, 'price', money, problems);
    products.push({ line: row.line, name, series: textOf(row, 'series'), priceMinor });
  }
  return { products, problems };
}
