import { Erased } from '../../src/kernel/personal.js';
import { ALL, type Row } from '../../src/readstore/port.js';
import type { Narrow } from '../controllers.js';
import { sortKey } from '../tokens.js';

/** Facets that the records of every slice share: where a record stands is told by one of the two. */
export const LIVE = 'live';
export const BIN = 'bin';

/** Whose a record is: of the client on whose behalf it is kept, or of the workspace itself. One facet for each of the two places. */
export const clientFacet = (controller: string): string => `client:${controller}`;
export const binFacet = (controller: string): string => `bin:${controller}`;
export const tagFacet = (tag: string): string => `tag:${sortKey(tag)}`;
export const externalFacet = (externalId: string): string => `external:${externalId}`;
export const nameFacet = (name: string): string => `name:${sortKey(name)}`;

/** Lists of records always name a facet, `LIVE` or `BIN` at least: of the rows as a whole there is no list to keep. */
export const listedWhereFiltered = (facet: string): readonly string[] | undefined => (facet === ALL ? [] : undefined);

/** One controller's share of a list: its place and whose it is are one facet, so that the count stays one look-up. */
export const narrowToClient: Narrow = (facets, controller) =>
  facets.includes(BIN)
    ? [...facets.filter((facet) => facet !== BIN), binFacet(controller)]
    : [...facets.filter((facet) => facet !== LIVE), clientFacet(controller)];

/** What the rows of all records have. */
export interface RecordRow {
  readonly id: string;
  readonly workspace: string;
  /** The workspace, or the client that decides why the record is kept. */
  readonly controller: string;
  /** Events so far: what `expectedVersion` is held against. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deletedAt?: string;
  readonly externalId?: string;
}

interface Recorded {
  readonly workspace: string;
  readonly controller: string;
  readonly revision: number;
  readonly recordedAt: string;
  readonly data: object;
}

/** The fields of an event as fields of a row: those that were erased are not there, and the subject is not one. */
export const fieldsOf = (data: object): Row => {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data)) {
    if (name !== 'subject' && value !== Erased) fields[name] = value;
  }
  return fields;
};

/** A new record's row. */
export const created = (id: string, event: Recorded) => ({
  ...fieldsOf(event.data),
  id,
  workspace: event.workspace,
  controller: event.controller,
  version: event.revision + 1,
  createdAt: event.recordedAt,
  updatedAt: event.recordedAt,
});

/** Patches for the life of a record. */
export const touched = (event: Recorded) => ({ version: event.revision + 1, updatedAt: event.recordedAt });
export const updated = (event: Recorded) => ({ ...fieldsOf(event.data), ...touched(event) });
export const deleted = (event: Recorded) => ({ ...touched(event), deletedAt: event.recordedAt });
export const restored = (event: Recorded) => ({ ...touched(event), deletedAt: null });
