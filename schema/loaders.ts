import DataLoader from 'dataloader';
import { type CompanyRow, companiesByIds } from '../projections/crm/companies.js';
import { type ContactRow, contactsByIds } from '../projections/crm/contacts.js';
import { type DealRow, dealsByIds } from '../projections/crm/deals.js';
import { pipelinesByIds } from '../projections/crm/pipelines.js';
import { productsByIds } from '../projections/crm/products.js';
import { membersByIds } from '../projections/identity/members.js';
import { type ClientRow, clientsByIds } from '../projections/identity/workspaces.js';
import type { ReadStore } from '../src/readstore/port.js';

type Fetch<R> = (ids: readonly string[]) => Promise<readonly (R | null)[]>;

/**
 * Rows of one kind in one request, each read once. A list fetches what its selection needs in one go (`prefetch`), and
 * then `get` answers at once; what is left is gathered by DataLoader.
 */
export class RowLoader<R extends { readonly workspace: string }> {
  readonly #found = new Map<string, R | null>();
  #loader: DataLoader<string, R | null> | undefined;

  constructor(
    private readonly fetch: Fetch<R>,
    private readonly workspace: () => string,
    private readonly shows: (row: R) => boolean = () => true,
  ) {}

  async prefetch(ids: readonly (string | undefined)[]): Promise<void> {
    const wanted = new Set<string>();
    for (const id of ids) if (id !== undefined && !this.#found.has(id)) wanted.add(id);
    if (wanted.size > 0) await this.#fetchOwn([...wanted]);
  }

  get(id: string | undefined): R | null | Promise<R | null> {
    if (id === undefined) return null;
    const found = this.#found.get(id);
    if (found !== undefined) return found;
    this.#loader ??= new DataLoader((ids) => this.#fetchOwn(ids), { cacheMap: null });
    return this.#loader.load(id);
  }

  /** Rows of another workspace, or of a controller that the caller does not see, are as good as none. */
  async #fetchOwn(ids: readonly string[]): Promise<readonly (R | null)[]> {
    const workspace = this.workspace();
    const rows = (await this.fetch(ids)).map((row) =>
      row !== null && row.workspace === workspace && this.shows(row) ? row : null,
    );
    for (const [index, id] of ids.entries()) this.#found.set(id, rows[index]!);
    return rows;
  }
}

/** The loaders of one request. */
export class Loaders {
  readonly company;
  readonly contact;
  readonly deal;
  readonly product;
  readonly pipeline;
  readonly member;
  readonly client;

  constructor(
    store: ReadStore,
    workspace: () => string,
    sees: (controller: string) => boolean,
    shows: (contact: ContactRow) => boolean,
  ) {
    const isSeen = ({ controller }: { readonly controller: string }) => sees(controller);
    this.company = new RowLoader<CompanyRow>((ids) => companiesByIds(store, ids), workspace, isSeen);
    this.contact = new RowLoader<ContactRow>((ids) => contactsByIds(store, ids), workspace, shows);
    this.deal = new RowLoader<DealRow>((ids) => dealsByIds(store, ids), workspace, isSeen);
    this.product = new RowLoader((ids) => productsByIds(store, ids), workspace);
    this.pipeline = new RowLoader((ids) => pipelinesByIds(store, ids), workspace);
    this.member = new RowLoader((ids) => membersByIds(store, ids), workspace);
    this.client = new RowLoader<ClientRow>(
      (ids) => clientsByIds(store, ids),
      workspace,
      ({ id }) => sees(id),
    );
  }
}
