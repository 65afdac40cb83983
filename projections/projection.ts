import type { EventDefinitions, OpenedEventOf } from '../src/kernel/event.js';
import type { Opened } from '../src/kernel/openEvent.js';
import type { ProjectionTables, Row, Table } from '../src/readstore/port.js';

/**
 * What an event does to the rows, as data; the engine decides how to write it. A patch is a JSON Merge Patch
 * (RFC 7396): objects merge, `null` removes, everything else replaces. Patching or removing what is not there does
 * nothing.
 */
export type Change =
  | { readonly do: 'put'; readonly table: Table; readonly row: Row }
  | { readonly do: 'patch'; readonly table: Table; readonly at: Selection; readonly merge: Row }
  | { readonly do: 'remove'; readonly table: Table; readonly at: Selection };

/** One row by its key, or every row of a scope with a facet. */
export type Selection = { readonly key: string } | { readonly scope: string; readonly facet: string };

export const put = <R extends Row>(table: Table<R>, row: R): Change => ({ do: 'put', table: table as Table, row });
export const patch = <R extends Row>(table: Table<R>, at: Selection, merge: Row): Change => ({
  do: 'patch',
  table: table as Table,
  at,
  merge,
});
export const remove = <R extends Row>(table: Table<R>, at: Selection): Change => ({
  do: 'remove',
  table: table as Table,
  at,
});

export type Apply = (event: Opened) => Change | readonly Change[];

/** A read model: which tables, and what each event does to them. Pure: no clock, no store. */
export interface Projection extends ProjectionTables {
  /** By event type; an event that is not named does nothing here. */
  readonly apply: { readonly [type: string]: Apply };
  /** Where it reads no personal field: a rebuild then fetches no keys. */
  readonly personal?: false;
}

type Appliers<D extends EventDefinitions> = {
  readonly [K in keyof D & string]?: (event: OpenedEventOf<D, K>) => Change | readonly Change[];
};

/** Types the `apply` of a slice's events; spread several into one projection. */
export const on = <D extends EventDefinitions>(_events: D, apply: Appliers<D>): { readonly [type: string]: Apply } =>
  apply as unknown as { readonly [type: string]: Apply };

/** Every event: for a projection of the history itself. */
export const EVERY_EVENT = '*';
