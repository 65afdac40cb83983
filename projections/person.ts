import { OPERATOR } from '../src/kernel/workspace.js';
import { ALL, type Table } from '../src/readstore/port.js';
import { BIN, LIVE } from './crm/record.js';
import { type Apply, type Change, remove } from './projection.js';

/** For a projection whose rows hold nothing of a subject that can be erased. */
export const holdsNobody: { readonly [type: string]: Apply } = { SubjectErased: () => [] };

/** The facet under which a row of a person is found when they are erased. */
export const ofSubject = (subject: string): string => `subject:${subject}`;

/** The facet under which a row of the installation's own scope is found when the workspace that it is about is erased. */
export const inWorkspace = (workspace: string): string => `in:${workspace}`;

/** Whether an event says that a whole workspace is gone (`src/privacy/erasure/events.ts`). */
export const isWorkspaceErased = ({ type, data }: { type: string; data: { readonly [field: string]: unknown } }) =>
  type === 'SubjectErased' && data.recordKind === 'WORKSPACE';

/** What goes with a workspace, of whatever table: every row of its own, and those of the installation's that are about it. */
export const goneWith = (workspace: string, tables: readonly Table[]): readonly Change[] =>
  tables.flatMap((table) => [
    ...everyRow(table).map((facet) => remove(table, { scope: workspace, facet })),
    remove(table, { scope: OPERATOR, facet: inWorkspace(workspace) }),
  ]);

/** A table that keeps no list of all its rows keeps one of each of the two places where a record can be. */
const everyRow = (table: Table): readonly string[] => (table.listedIn?.(ALL)?.length === 0 ? [LIVE, BIN] : [ALL]);
