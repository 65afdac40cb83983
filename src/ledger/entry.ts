import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CrmError } from '../errors.js';
import { canonicalJson } from '../kernel/canonical.js';
import { retentionClasses } from '../kernel/personal.js';
import { id } from '../kernel/values.js';
import { OPERATOR } from '../kernel/workspace.js';
import type { LedgerEntry, LedgerHead, LedgerRecord } from './port.js';

/** Where a ledger begins. */
export const NOWHERE: LedgerHead = { sequence: 0, hash: '0'.repeat(64) };

const owner = z.union([id, z.literal(OPERATOR)]);
/** Codes in capitals: no form in which anybody's name is kept here by mistake. */
const capitals = z.string().regex(/^[A-Z][A-Z_]{0,31}$/);
const citation = z.string().regex(/^(?=.*[0-9])[A-Z][A-Z0-9-]{1,31}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const retentionClass = z.enum(retentionClasses);

const records = [
  z.strictObject({
    kind: z.literal('ErasureBegun'),
    erasure: id,
    workspace: owner,
    controller: owner,
    subject: id,
    record: id,
    recordKind: capitals,
    scope: capitals,
    reason: capitals,
    classes: z.array(retentionClass).nullable(),
    kept: z.array(z.strictObject({ class: retentionClass, law: citation, until: z.iso.date() })).optional(),
    actor: owner,
    commandId: id,
    correlationId: id,
  }),
  z.strictObject({
    kind: z.literal('KeysDestroyed'),
    erasure: id,
    workspace: owner,
    subject: id,
    keys: z.array(z.strictObject({ class: z.enum([...retentionClasses, 'workspace']), fingerprint: digest })),
  }),
  z.strictObject({ kind: z.literal('ErasureCompleted'), erasure: id }),
] as const;

const recordForm = z.discriminatedUnion('kind', records);
const entryForm = z.strictObject({
  sequence: z.int().positive(),
  previous: digest,
  installation: id,
  recordedAt: z.iso.datetime({ precision: 3 }),
  record: z.discriminatedUnion('kind', [...records, z.strictObject({ kind: z.literal('LedgerBegun') })]),
  hash: digest,
});

/** Throws TypeError on a record with anything in it but ids and codes: it would be there for ever. */
export const checkRecord = (record: LedgerRecord): void => {
  if (!recordForm.safeParse(record).success) throw new TypeError('A record of the ledger holds ids and codes only.');
};

/** What a record is idempotent by. */
export const identityOf = (record: LedgerEntry['record']): string =>
  'erasure' in record ? `${record.erasure} ${record.kind} ${'subject' in record ? record.subject : ''}` : record.kind;

/** The entry that follows `before`. `recordedAt` is an instant of ours. */
export const entryAfter = (
  before: LedgerHead,
  entry: Pick<LedgerEntry, 'installation' | 'recordedAt' | 'record'>,
): LedgerEntry => {
  const { installation, recordedAt, record } = entry;
  const content = { sequence: before.sequence + 1, previous: before.hash, installation, recordedAt, record };
  return { ...content, hash: hashOf(content) };
};

const hashOf = (content: Omit<LedgerEntry, 'hash'>): string =>
  createHash('sha256').update(canonicalJson(content)).digest('hex');

/** One line of the file: the canonical entry (RFC 8785). */
export const lineOf = (entry: LedgerEntry): string => `${canonicalJson(entry)}\n`;

const damaged = (reason: string) => new CrmError('LEDGER_BROKEN', { reason });

/**
 * The entries of a text, each link of the chain checked. The text ends with a line's end.
 * Error: LEDGER_BROKEN where a line was changed, is missing, or is out of order.
 */
export const readChain = (text: string): LedgerEntry[] => {
  const entries: LedgerEntry[] = [];
  let before = NOWHERE;
  for (const line of text.split('\n').slice(0, -1)) {
    const entry = parsed(line);
    const { hash, ...content } = entry;
    const follows = entry.sequence === before.sequence + 1 && entry.previous === before.hash;
    if (!follows || hash !== hashOf(content))
      throw damaged('An entry of the erasure ledger was changed or is missing.');
    if (entry.installation !== (entries[0]?.installation ?? entry.installation)) {
      throw damaged('The erasure ledger holds entries of another installation.');
    }
    entries.push(entry);
    before = entry;
  }
  return entries;
};

const parsed = (line: string): LedgerEntry => {
  try {
    const entry = entryForm.parse(JSON.parse(line)) as LedgerEntry;
    if (canonicalJson(entry) === line) return entry;
  } catch (cause) {
    throw new CrmError('LEDGER_BROKEN', { reason: 'A line of the erasure ledger cannot be read.' }, { cause });
  }
  throw damaged('A line of the erasure ledger is not as it was written.');
};
