import type { AccessEntry } from '../../src/accesslog/port.js';
import { derivedId } from '../../src/kernel/ids.js';

/** The same id for the same word. */
export const id = (word: string): string => derivedId('access log test', word);

export const entryOf = (more: Partial<AccessEntry> = {}): AccessEntry => ({
  at: '2026-03-02T10:00:00.000Z',
  workspace: id('workspace'),
  actor: id('ada'),
  account: id('ada'),
  purpose: 'SERVICE',
  operation: 'query contacts',
  reads: [{ controller: id('client'), categories: ['name'], subjects: [id('a')] }],
  ...more,
});
