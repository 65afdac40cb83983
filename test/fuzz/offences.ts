import { defaultLimits } from '../../schema/limits.js';
import { type ErrorCode, errorTable } from '../../src/errors.js';

/** An answer that should not have been given. */
export interface Offence {
  readonly what: string;
  readonly role: string;
  readonly request: string;
  readonly answer: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly text: string;
  readonly tookMs: number;
}

/** What a stack trace, an engine's message or an error of the language looks like. */
const INNARDS =
  /\n\s+at |node_modules|\.[cm]?[jt]s:\d+|SQLITE_|SqliteError|\b(?:Type|Reference|Range|Assertion)Error\b/;

export const codesIn = (text: string): string[] =>
  [...text.matchAll(/"extensions":\{"code":"(\w+)"/g)].map(([, code]) => code!);

/** What is wrong with an answer, or nothing. */
export const offenceIn = ({ status, text, tookMs }: WireAnswer, unseen: readonly string[]): string | undefined => {
  if (status >= 500) return `status ${status}`;
  if (tookMs > defaultLimits.requestTimeoutMs) return `took ${Math.round(tookMs)} ms`;
  if (unseen.some((mark) => text.includes(mark))) return 'tells what somebody else alone may see';
  if (INNARDS.test(text)) return 'shows innards';
  const codes = codesIn(text);
  const unknown = codes.find((code) => !Object.hasOwn(errorTable, code));
  if (unknown !== undefined) return `has a code that is not in the table: ${unknown}`;
  const own = codes.find((code) => code !== 'CONSISTENCY_TIMEOUT' && errorTable[code as ErrorCode].status >= 500);
  return own === undefined ? undefined : `is a fault of ours: ${own}`;
};
