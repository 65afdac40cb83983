import { minorDigitsOf } from '../../kernel/values.js';
import { companyDecider } from '../companies/decider.js';
import { productDecider } from '../products/decider.js';
import type { ImportedAgent } from './agents.js';
import type { ImportedCompany } from './companies.js';
import { type ImportParts, type NameDirectory, rowContext } from './ports.js';
import type { ImportedProduct } from './products.js';
import { inChunks, type RowOutcome, Tally } from './report.js';

interface Ensured<T> {
  readonly tally: Tally;
  readonly created: readonly T[];
}

/** Makes the records of one kind whose names are not there yet. Answers what became of the rows. */
const ensure = async <T extends { readonly name: string; readonly line: number }>(
  rows: readonly T[],
  directory: NameDirectory,
  parts: ImportParts,
  create: (row: T) => Promise<string>,
): Promise<Ensured<T>> => {
  const tally = new Tally();
  const created: T[] = [];
  await directory.load(rows.map(({ name }) => name));
  await inChunks(rows, async (chunk) => {
    const outcomes = await Promise.all(
      chunk.map(async (row): Promise<RowOutcome> => {
        if (directory.id(row.name) !== undefined) return 'unchanged';
        directory.set(row.name, 'being made');
        directory.set(row.name, parts.dryRun ? 'not made' : await create(row));
        created.push(row);
        return 'created';
      }),
    );
    for (const outcome of outcomes) tally.add(outcome);
  });
  return { tally, created };
};

/** The import's amounts are in whole units of the currency: what we keep is in minor units. */
const inMinorUnits = (amount: number, currency: string): number => Math.round(amount * 10 ** minorDigitsOf(currency));

export const ensureCompanies = (
  rows: readonly ImportedCompany[],
  directory: NameDirectory,
  parts: ImportParts,
  currency: string,
): Promise<Ensured<ImportedCompany>> =>
  ensure(rows, directory, parts, async ({ line, name, revenue, subsidiaryOf: _parent, ...fields }) => {
    const context = rowContext(parts, 'company', line);
    const id = parts.handler.newId(context, 'company');
    const revenueMinor = revenue === undefined ? undefined : inMinorUnits(revenue, currency);
    await parts.handler.handle(
      companyDecider,
      id,
      { type: 'CreateCompany', subject: id, name, revenueMinor, ...fields },
      context,
    );
    return id;
  });

/** Links new subsidiaries to their parents, once all companies of the file are there. */
export const linkSubsidiaries = async (
  rows: readonly ImportedCompany[],
  directory: NameDirectory,
  parts: ImportParts,
): Promise<void> => {
  if (parts.dryRun) return;
  await inChunks(rows, async (chunk) => {
    await Promise.all(
      chunk.map(async ({ line, name, subsidiaryOf }) => {
        const id = directory.id(name);
        const parent = directory.id(subsidiaryOf);
        if (id === undefined || parent === undefined) return;
        const context = rowContext(parts, 'subsidiary', line);
        await parts.handler.handle(
          companyDecider,
          id,
          { type: 'UpdateCompany', subject: id, subsidiaryOf: parent },
          context,
        );
      }),
    );
  });
};

export const ensureProducts = (
  rows: readonly ImportedProduct[],
  directory: NameDirectory,
  parts: ImportParts,
  currency: string,
): Promise<Ensured<ImportedProduct>> =>
  ensure(rows, directory, parts, async ({ line, ...fields }) => {
    const context = rowContext(parts, 'product', line);
    const id = parts.handler.newId(context, 'product');
    const priced = fields.priceMinor === undefined ? {} : { currency };
    await parts.handler.handle(
      productDecider,
      id,
      { type: 'CreateProduct', subject: id, ...fields, ...priced },
      context,
    );
    return id;
  });

export const ensureAgents = (
  rows: readonly ImportedAgent[],
  directory: NameDirectory,
  parts: ImportParts,
): Promise<Ensured<ImportedAgent>> =>
  ensure(rows, directory, parts, (row) => parts.addMember(row, rowContext(parts, 'agent', row.line)));
