import { requiredText, textOf } from './cells.js';
import type { MappedRow } from './mapping.js';
import type { ImportProblem } from './problem.js';

/** Someone of the workspace's own who sells, as another program lists them. */
export interface ImportedAgent {
  /** The line of the file on which the row begins, counted from 1. */
  readonly line: number;
  readonly name: string;
  readonly manager?: string;
  readonly office?: string;
}

/** Rows as agents; a row without a name (MISSING_VALUE) is reported and left out. */
export function readAgents(rows: readonly MappedRow[]): { agents: ImportedAgent[]; problems: ImportProblem[] } {
  const agents: ImportedAgent[] = [];
  const problems: ImportProblem[] = [];
  for (const row of rows) {
    const name = requiredText(row, 'name', problems);
    if (name === undefined) continue;
    agents.push({ line: row.line, name, manager: textOf(row, 'manager'), office: textOf(row, 'office') });
  }
  return { agents, problems };
}
