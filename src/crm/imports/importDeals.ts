import { minorDigitsOf } from '../../kernel/values.js';
import { dealDecider } from '../deals/decider.js';
import type { Stage } from '../pipelines/events.js';
import { readAgents } from './agents.js';
import { readCompanies } from './companies.js';
import { type ImportedDeal, readDeals } from './deals.js';
import { ensureAgents, ensureCompanies, ensureProducts, linkSubsidiaries } from './namedRecords.js';
import { differs, type Existing, type ImportParts, NameDirectory, rowContext } from './ports.js';
import { type ImportProblem, problem } from './problem.js';
import { readProducts } from './products.js';
import { type ImportedKind, type ImportReport, inChunks, type RowOutcome, Tally } from './report.js';
import { type ImportFile, readSource } from './source.js';

/** The files of another CRM's export: the deals, and what they refer to where there are files of it. */
export interface DealFiles {
  readonly deals: ImportFile;
  readonly companies?: ImportFile;
  readonly products?: ImportFile;
  readonly agents?: ImportFile;
}

interface Directories {
  readonly companies: NameDirectory;
  readonly products: NameDirectory;
  readonly members: NameDirectory;
}

/**
 * Imports deals with their companies, products and agents. By external id: a deal that is there is updated where the
 * file says something else. A row that cannot be kept is left out and reported; the others are imported.
 * Errors: what makes a whole file unreadable (WRONG_ENCODING, MALFORMED_FILE, MISSING_COLUMNS), before anything is written.
 */
export const importDeals = async (
  files: DealFiles,
  options: { readonly currency: string },
  parts: ImportParts,
): Promise<ImportReport> => {
  const { lookups } = parts;
  const read = readAll(files, options.currency);
  const directories: Directories = {
    companies: new NameDirectory(lookups.fold, lookups.companiesByName),
    products: new NameDirectory(lookups.fold, lookups.productsByName),
    members: new NameDirectory(lookups.fold, lookups.membersByName),
  };
  const kinds: ImportedKind[] = [];
  if (read.companies) {
    const { tally, created } = await ensureCompanies(
      read.companies.rows,
      directories.companies,
      parts,
      options.currency,
    );
    await linkSubsidiaries(created, directories.companies, parts);
    kinds.push(kindOf('company', read.companies, tally));
  }
  if (read.products) {
    const { tally } = await ensureProducts(read.products.rows, directories.products, parts, options.currency);
    kinds.push(kindOf('product', read.products, tally));
  }
  if (read.agents) {
    const { tally } = await ensureAgents(read.agents.rows, directories.members, parts);
    kinds.push(kindOf('agent', read.agents, tally));
  }
  const { tally, problems } = await importRows(read.deals.rows, directories, options.currency, parts);
  const deals = { ...read.deals, problems: [...read.deals.problems, ...problems].sort(byLine) };
  return { dryRun: parts.dryRun, kinds: [...kinds, kindOf('deal', deals, tally)] };
};

const byLine = (left: ImportProblem, right: ImportProblem): number => left.line - right.line;

interface ReadKind<T> extends Pick<ImportedKind, 'mapping' | 'problems'> {
  readonly rows: readonly T[];
  /** Rows of the file that could not be read as one of the kind. */
  readonly unread: number;
}

const readAll = (files: DealFiles, currency: string) => {
  const currencyDigits = minorDigitsOf(currency);
  const kind = <T>(
    file: ImportFile | undefined,
    name: 'company' | 'product' | 'agent' | 'deal',
    read: (rows: ReturnType<typeof readSource>['rows']) => { rows: T[]; problems: ImportProblem[] },
  ): ReadKind<T> | undefined => {
    if (file === undefined) return undefined;
    const source = readSource(file, name);
    const { rows, problems } = read(source.rows);
    const all = [...source.problems, ...problems].sort(byLine);
    return { rows, unread: source.leftOut + source.rows.length - rows.length, mapping: source.mapping, problems: all };
  };
  const companies = kind(files.companies, 'company', (rows) => {
    const { companies: found, problems } = readCompanies(rows);
    return { rows: found, problems };
  });
  const products = kind(files.products, 'product', (rows) => {
    const { products: found, problems } = readProducts(rows, { currencyDigits });
    return { rows: found, problems };
  });
  const agents = kind(files.agents, 'agent', (rows) => {
    const { agents: found, problems } = readAgents(rows);
    return { rows: found, problems };
  });
  const deals = kind(files.deals, 'deal', (rows) => {
    const { deals: found, problems } = readDeals(rows, { currencyDigits });
    return { rows: found, problems };
  })!;
  return { companies, products, agents, deals };
};

const kindOf = (kind: ImportedKind['kind'], read: ReadKind<unknown>, tally: Tally): ImportedKind => {
  tally.add('leftOut', read.unread);
  return { kind, counts: tally.counts, mapping: read.mapping, problems: read.problems };
};

const importRows = async (
  rows: readonly ImportedDeal[],
  directories: Directories,
  currency: string,
  parts: ImportParts,
): Promise<{ tally: Tally; problems: ImportProblem[] }> => {
  const tally = new Tally();
  const problems: ImportProblem[] = [];
  const importer = new DealRows(directories, currency, parts, await parts.lookups.pipeline(), problems);
  await importer.prepare(rows);
  let done = 0;
  await inChunks(rows, async (chunk) => {
    for (const outcome of await importer.importChunk(chunk)) tally.add(outcome);
    done += chunk.length;
    parts.progress?.(done, rows.length);
  });
  return { tally, problems };
};

/** What a row says of a deal, in the fields of its events. */
interface DealFields {
  readonly title: string;
  readonly productText?: string;
  readonly owner?: string;
  readonly company?: string;
  readonly product?: string;
  readonly valueMinor?: number;
  readonly currency?: string;
  readonly engageDate?: string;
  readonly closeDate?: string;
}

type Pipeline = Awaited<ReturnType<ImportParts['lookups']['pipeline']>>;

/** The rows of one import of deals, against what is there. */
class DealRows {
  readonly #stages = new Map<string, Stage>();
  readonly #seen = new Set<string>();

  constructor(
    private readonly directories: Directories,
    private readonly currency: string,
    private readonly parts: ImportParts,
    private readonly pipeline: Pipeline,
    private readonly problems: ImportProblem[],
  ) {
    for (const stage of pipeline.stages) {
      this.#stages.set(parts.lookups.fold(stage.id), stage);
      if (stage.name !== undefined) this.#stages.set(parts.lookups.fold(stage.name), stage);
    }
  }

  async prepare(rows: readonly ImportedDeal[]): Promise<void> {
    const { companies, products, members } = this.directories;
    await companies.load(rows.map((row) => row.companyName));
    await products.load(rows.map((row) => row.productName));
    await members.load(rows.map((row) => row.ownerName));
  }

  async importChunk(rows: readonly ImportedDeal[]): Promise<readonly RowOutcome[]> {
    const ids = rows.flatMap(({ externalId }) => externalId ?? []);
    const found = await this.parts.lookups.dealsByExternalId(ids);
    const existing = new Map(ids.map((id, index) => [id, found[index] ?? null]));
    return Promise.all(rows.map((row) => this.#importRow(row, existing.get(row.externalId ?? '') ?? null)));
  }

  async #importRow(row: ImportedDeal, existing: Existing | null): Promise<RowOutcome> {
    const stage = this.#stages.get(this.parts.lookups.fold(row.stage));
    if (stage === undefined) return this.#leaveOut('UNKNOWN_STAGE', row, 'stage');
    if (row.externalId !== undefined) {
      if (this.#seen.has(row.externalId)) return this.#leaveOut('DUPLICATE_ID', row, 'externalId');
      this.#seen.add(row.externalId);
    }
    const fields = this.#fields(row);
    return existing === null ? this.#create(row, fields, stage) : this.#update(row, fields, stage, existing);
  }

  #fields({ line, title, companyName, productName, ownerName, ...row }: ImportedDeal): DealFields {
    const { companies, products, members } = this.directories;
    const product = products.id(productName);
    if (productName !== undefined && product === undefined) this.#report('UNKNOWN_PRODUCT', line, 'product');
    const owner = members.id(ownerName);
    if (ownerName !== undefined && owner === undefined) this.#report('UNKNOWN_OWNER', line, 'owner');
    const company = companies.id(companyName);
    if (companyName !== undefined && company === undefined) this.#report('UNKNOWN_COMPANY', line, 'company');
    return {
      title: title ?? ([productName, companyName].filter((part) => part !== undefined).join(' · ') || 'Imported deal'),
      productText: product === undefined ? productName : undefined,
      owner,
      company,
      product,
      valueMinor: row.valueMinor,
      currency: row.valueMinor === undefined ? undefined : this.currency,
      engageDate: row.engageDate,
      closeDate: row.closeDate,
    };
  }

  async #create(row: ImportedDeal, fields: DealFields, stage: Stage): Promise<RowOutcome> {
    const { handler, externalIds, dryRun } = this.parts;
    if (dryRun) return 'created';
    const context = rowContext(this.parts, 'deal', row.line);
    const id = handler.newId(context, 'deal');
    const data = { subject: id, ...fields, externalId: row.externalId, pipeline: this.pipeline.id, stage: stage.id };
    await externalIds.whileReserved({ kind: 'deal', externalId: row.externalId, owner: id }, context, () =>
      handler.handle(dealDecider, id, { type: 'CreateDeal', data, given: { stages: this.pipeline.stages } }, context),
    );
    return 'created';
  }

  async #update(row: ImportedDeal, fields: DealFields, stage: Stage, existing: Existing): Promise<RowOutcome> {
    const changed = Object.entries(fields).filter(
      ([name, value]) => value !== undefined && differs(value, existing.fields[name]),
    );
    if (changed.length === 0 && existing.fields.stage === stage.id) return 'unchanged';
    if (this.parts.dryRun) return 'updated';
    const data = { subject: existing.id, ...Object.fromEntries(changed) };
    await this.parts.handler.handle(
      dealDecider,
      existing.id,
      { type: 'UpdateDeal', data, stage: stage.id, given: { stages: this.pipeline.stages } },
      rowContext(this.parts, 'deal', row.line),
    );
    return 'updated';
  }

  #leaveOut(code: ImportProblem['code'], row: ImportedDeal, field: string): RowOutcome {
    this.#report(code, row.line, field);
    return 'leftOut';
  }

  #report(code: ImportProblem['code'], line: number, field: string): void {
    this.problems.push(problem(code, { line, field }));
  }
}
