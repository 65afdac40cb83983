import { checks } from '../audit/assessment/checks.js';
import { type DrillResult, passed } from '../audit/restoreDrills/decider.js';
import type { ImportReport } from '../crm/imports/report.js';
import type { CrmError } from '../errors.js';
import type { Recorded as Compaction } from '../privacy/compaction/compactions.js';
import type { Assessment } from './assess.js';
import type { Config } from './config.js';
import type { Proof } from './proveErasure.js';

const BAR_WIDTH = 30;
const MAX_LINES_SHOWN = 5;

/** A progress bar where somebody looks at a terminal; otherwise nothing, so that logs stay readable. */
export const progressBar = (label: string, stream: NodeJS.WriteStream = process.stderr) => {
  if (!stream.isTTY) return { update: () => undefined, end: () => undefined };
  return {
    update: (done: number, total: number) => {
      const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
      stream.write(`\r${label} [${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${done}/${total}`);
    },
    end: () => stream.write('\n'),
  };
};

/** Said once, on the first start. */
export const masterKeyMessage = ({ masterKeyFile, dataDir }: Pick<Config, 'masterKeyFile' | 'dataDir'>): string =>
  `A master key was made: ${masterKeyFile}\nKeep a copy of it, and of the keyring beside it, apart from the data: without them nothing in ${dataDir} can be read.\n`;

/** An import's report in words: what became of the rows, how columns were understood, what is wrong and where. */
export const reportInWords = (report: ImportReport): string => {
  const lines = [report.dryRun ? 'Dry run: nothing was written.' : 'Imported.'];
  for (const { kind, counts, mapping, problems } of report.kinds) {
    const { created, updated, unchanged, leftOut } = counts;
    lines.push(`${kind}: ${created} created, ${updated} updated, ${unchanged} unchanged, ${leftOut} left out`);
    if (mapping.length > 0)
      lines.push(`  columns: ${mapping.map(({ column, field }) => `${column} → ${field}`).join(', ')}`);
    lines.push(...problemsInWords(problems));
  }
  return lines.join('\n');
};

const problemsInWords = (problems: ImportReport['kinds'][number]['problems']): string[] => {
  const byKind = new Map<string, { reason: string; places: string[] }>();
  for (const { code, reason, line, column, field } of problems) {
    const place = column === undefined ? `${line}` : `${line}:${column}`;
    const name = `${code}${field === undefined ? '' : ` (${field})`}`;
    const known = byKind.get(name);
    if (known === undefined) byKind.set(name, { reason, places: [place] });
    else known.places.push(place);
  }
  return [...byKind].map(([name, { reason, places }]) => {
    const more = places.length > MAX_LINES_SHOWN ? `, … ${places.length} in all` : '';
    return `  ${name}: ${reason} Line ${places.slice(0, MAX_LINES_SHOWN).join(', ')}${more}`;
  });
};

/** An error of ours: its code, what it means, and the argument or file that it is about. */
export const inWords = ({ code, message, details: { field } }: CrmError): string =>
  `${code}: ${message}${field === undefined ? '' : ` (${field})`}`;

const VERDICTS = { met: 'met    ', unmet: 'UNMET  ', unknown: 'unknown' } as const;

/** An assessment in words: each check with its verdict and what was measured, and where the whole is recorded. */
export const assessmentInWords = ({ id, recordedAt, findings }: Assessment): string =>
  [
    ...findings.map(({ check, verdict, measured }) => {
      const number = measured === undefined ? '' : ` (${measured})`;
      return `${VERDICTS[verdict]}  ${check}: ${checks[check]?.asks ?? ''}${number}`;
    }),
    `recorded ${recordedAt} as assessment ${id}`,
  ].join('\n');

/** A compaction in words: what it has removed, and what that covers. */
export const compactionInWords = ({ events, fields, bytes, ledger, upTo, recordedAt }: Compaction): string =>
  [
    `compacted  removed ${fields} fields of ${events} events, ${bytes} bytes, recorded ${recordedAt}`,
    `           looked at all up to ${upTo}, for every erasure that the ledger has up to entry ${ledger}`,
  ].join('\n');

/** A drill in words: whether it passed, and what was counted. */
export const drillInWords = (drill: DrillResult & { readonly recordedAt: string }): string => {
  const { backup, expected, found, erased, readable, recordedAt } = drill;
  return [
    `${passed(drill) ? 'passed' : 'FAILED'}  restore of ${backup}, recorded ${recordedAt}`,
    `        ${found} events where the backup counts ${expected}; of ${erased} erased subjects ${readable} can be read`,
  ].join('\n');
};

/** A proof in words: what was looked at, what was found there against the erasure, and the whole in one line. */
export const proofInWords = ({ contact, looked }: Proof): string => {
  const all = looked.flatMap(({ found }) => found);
  return [
    ...looked.flatMap(({ at, found, counted }) => [
      `${found.length === 0 ? 'nothing' : 'FOUND  '}  ${at} (${counted})`,
      ...found.map((each) => `         ${each}`),
    ]),
    all.length === 0
      ? `Nothing of contact ${contact} is left to be read.`
      : `${all.length} found against the erasure of contact ${contact}.`,
  ].join('\n');
};
