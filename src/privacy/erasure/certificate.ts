import { canonicalJson } from '../../kernel/canonical.js';
import type { KeptClass } from '../retention/events.js';
import type { KeptOfErased } from './erase.js';
import type { ErasureTarget, Receipt, RecordKind } from './events.js';
import type { CarriedOut, Requested } from './requestDecider.js';

/** What is known about an installation when it signs. */
export interface Surroundings {
  readonly installation: string;
  readonly workspace: string;
  readonly erasure: string;
  readonly startedAt: string;
  readonly issuedAt: string;
  /** Whether the read store was rewritten into a new file and the old one destroyed with its key. */
  readonly readStoreRewritten: boolean;
  /** The day on which the last backup that may hold one of the keys is to be gone; `null`: no keys were ever backed up. */
  readonly lastKeyBackupExpires: string | null;
  /** How long an answer to the person may have waited to be sent, in milliseconds. */
  readonly answersKeptMs: number;
}

export interface Kept {
  readonly what: string;
  readonly ground: string;
  /** A day, or `null` where there is none. */
  readonly until: string | null;
}

/** A guarantee always holds and has a test; a control depends on an operator or an engine (docs/status.md). */
interface Claims {
  readonly guaranteed: readonly string[];
  readonly controlled: readonly string[];
}

const SUPPRESSION: Kept = {
  what: 'A keyed hash of each e-mail address and phone number, to keep from contacting or taking in the person again.',
  ground: 'GDPR Art 17(3)(b) and Art 21(3)',
  until: null,
};

const REQUEST: Kept = {
  what: 'That the erasure was asked for, by whom in the workspace, when and why, with the ids of record and person.',
  ground: 'GDPR Art 5(2) and Art 17(3)(b)',
  until: null,
};

const GENERALISED: Kept = {
  what: 'What the strategies of an anonymisation leave: year of birth, region and country, a pseudonym of the workplace, the department, links to other records.',
  ground: 'GDPR Art 89(1)',
  until: null,
};

/** A class that a law keeps: it names the class, the law and the last day. */
const byLaw = ({ class: each, law, until }: KeptClass): Kept => ({
  what: `Fields of the class ${each}: they open for the purpose of a legal obligation alone, and go by themselves.`,
  ground: `GDPR Art 17(3)(b): ${law}`,
  until,
});

const AUTHORSHIP: Kept = {
  what: 'In the histories of workspaces, what the account holder did there, under ids that lead to no name any more.',
  ground: 'GDPR Art 5(2) and Art 17(3)(b) and (e)',
  until: null,
};

const SKELETON: Kept = {
  what: 'Of every event of the workspace its kind, time, ids, codes and digests, which no query shows any more.',
  ground: 'GDPR Art 5(2) and Art 17(3)(b)',
  until: null,
};

const LISTED: Kept = { ...SUPPRESSION, what: `Of people who had opted out or were erased: ${SUPPRESSION.what}` };

/** The answer to the person, which was composed while their address could be read. */
const answered = (receipts: readonly Receipt[], keptMs: number): readonly Kept[] => {
  const at = receipts.find(({ step }) => step === 'ANSWERED')?.at;
  if (at === undefined) return [];
  const until = new Date(Date.parse(at) + keptMs).toISOString().slice(0, 10);
  const what =
    'The answer to the person and the address that it goes to, under a key of its own that is destroyed once it has left.';
  return [{ what, ground: 'GDPR Art 12(3)', until }];
};

/** What an erasure leaves. */
export const keptOf = (
  recordKind: RecordKind,
  { kind, reason }: Pick<Requested, 'kind' | 'reason'>,
): readonly Kept[] => {
  if (recordKind === 'WORKSPACE') return [REQUEST, SKELETON, LISTED];
  if (recordKind !== 'CONTACT') return [REQUEST, AUTHORSHIP];
  return [
    REQUEST,
    ...(reason === 'SUBJECT_REQUEST' ? [SUPPRESSION] : []),
    ...(kind === 'ANONYMISE' ? [GENERALISED] : []),
  ];
};

/** What is said of whom. */
const CLAIMS: { readonly [K in 'person' | 'keeping' | 'workspace']: readonly [string, string, string] } = {
  person: [
    'The keys named here are destroyed, in the key store and in memory; without them no sealed field of the person opens.',
    'Nothing can be written for the person any more.',
    'Every read model named here has removed the person.',
  ],
  keeping: [
    'The keys named here are destroyed, in the key store and in memory; without them no sealed field of the person opens but those of the classes that a law keeps.',
    'Nothing can be written for the person any more.',
    'Every read model named here has removed the person.',
  ],
  workspace: [
    'The key named here is destroyed, in the key store and in memory; every other key of the workspace was wrapped by it, so no sealed field of the workspace opens.',
    'Nothing can be written in the workspace any more.',
    'Every read model named here has removed everything of the workspace.',
  ],
};

const claimsOf = (recordKind: RecordKind, keeps: boolean, { readStoreRewritten }: Surroundings): Claims => {
  const rewritten = 'The read models were rewritten into a new file; the old file and its key are destroyed.';
  const overwritten = 'The rows of the read models were removed; their engine overwrites what it removes.';
  return {
    guaranteed: [
      ...CLAIMS[recordKind === 'WORKSPACE' ? 'workspace' : keeps ? 'keeping' : 'person'],
      ...(readStoreRewritten ? [rewritten] : []),
    ],
    controlled: [
      ...(readStoreRewritten ? [] : [overwritten]),
      'Backups of keys are removed by their retention; until the day named here one may hold a key.',
      ...(keeps ? ['A class that is kept goes within a day after its last one, while the product runs.'] : []),
      'Copies that were made past the product, such as disk images or exports, are beyond it.',
      'Free text of other records that mentions the person has to be reviewed by people.',
    ],
  };
};

/**
 * What was done for one person, as text in canonical form (RFC 8785): these bytes are signed. Ids, codes, times and fixed
 * sentences; nothing personal. It claims what was measured and calls the rest a control.
 */
export const certificateText = (
  requested: Requested,
  target: ErasureTarget,
  { at, data }: CarriedOut,
  surroundings: Surroundings,
): string => {
  const { installation, workspace, erasure, startedAt, issuedAt, lastKeyBackupExpires, answersKeptMs } = surroundings;
  const { kind, reason } = requested;
  const recordKind = target.kind ?? 'CONTACT';
  const kept = [
    ...(data.kept ?? []).map(byLaw),
    ...keptOf(recordKind, requested),
    ...answered(data.receipts, answersKeptMs),
  ];
  return canonicalJson({
    format: 'bpo-crm-erasure-certificate-1',
    installation,
    workspace,
    controller: target.controller,
    erasure,
    record: target.record,
    recordKind,
    person: target.subject,
    kind,
    reason,
    requestedAt: requested.at,
    startedAt,
    carriedOutAt: at,
    issuedAt,
    keysDestroyed: data.keys,
    receipts: data.receipts,
    kept,
    lastKeyBackupExpires,
    recipientsTold: [],
    ...claimsOf(recordKind, (data.kept ?? []).length > 0, surroundings),
  });
};

/** That a class which a law had kept is gone as well: a further certificate, of the same form. */
export const endedText = (
  { order, context, kept }: KeptOfErased,
  keys: readonly { readonly class: string; readonly fingerprint: string }[],
  surroundings: Pick<Surroundings, 'installation' | 'issuedAt' | 'lastKeyBackupExpires'>,
): string =>
  canonicalJson({
    format: 'bpo-crm-retention-certificate-1',
    installation: surroundings.installation,
    workspace: context.workspace,
    controller: context.controller,
    erasure: order.erasure ?? null,
    record: order.record,
    person: order.subject,
    ended: { class: kept.class, law: kept.law, until: kept.until },
    issuedAt: surroundings.issuedAt,
    keysDestroyed: keys.map(({ class: each, fingerprint }) => ({ class: each, fingerprint })),
    lastKeyBackupExpires: surroundings.lastKeyBackupExpires,
  });

/** Where the certificate is served, as JSON or as a page. */
export const certificatePath = (erasure: string, person: string): string =>
  `/erasures/${erasure}/${person}/certificate`;
