import type { RetentionClass } from '../kernel/personal.js';

/** An erasure that cannot be called off any more. Ids and codes only: enough to carry it out again on restored data. */
export interface ErasureBegun {
  readonly kind: 'ErasureBegun';
  /** Id of the erasure; ties its entries together. */
  readonly erasure: string;
  readonly workspace: string;
  readonly controller: string;
  readonly subject: string;
  /** Id of what is erased: a contact, an account, a workspace. */
  readonly record: string;
  /** What the record is, as a code: `CONTACT`, `ACCOUNT`, `MEMBER`, `INVITATION`, `WORKSPACE`. */
  readonly recordKind: string;
  /** What is done, as a code: `ERASE`, `ANONYMISE`. */
  readonly scope: string;
  readonly reason: string;
  /** Classes whose keys go; `null` where all do. */
  readonly classes: readonly RetentionClass[] | null;
  /** Those that stay, on which law and through which day, `YYYY-MM-DD`; left out where all go, and where one goes whose day is over. */
  readonly kept?: readonly { readonly class: RetentionClass; readonly law: string; readonly until: string }[];
  readonly actor: string;
  readonly commandId: string;
  readonly correlationId: string;
}

/** Keys that are gone, by what is left of them. */
export interface KeysDestroyed {
  readonly kind: 'KeysDestroyed';
  readonly erasure: string;
  readonly workspace: string;
  readonly subject: string;
  /** `workspace`: its own key, and with it every key under it. */
  readonly keys: readonly { readonly class: RetentionClass | 'workspace'; readonly fingerprint: string }[];
}

/** Everything that an erasure has to do was done. */
export interface ErasureCompleted {
  readonly kind: 'ErasureCompleted';
  readonly erasure: string;
}

export type LedgerRecord = ErasureBegun | KeysDestroyed | ErasureCompleted;

/** A place in the ledger. Sequences count from 1 without a gap. */
export interface LedgerHead {
  readonly sequence: number;
  /** SHA-256 of the canonical entry without this member, hex. */
  readonly hash: string;
}

export interface LedgerEntry extends LedgerHead {
  /** Hash of the entry before; zeros before the first. */
  readonly previous: string;
  readonly installation: string;
  readonly recordedAt: string;
  /** The first entry of a ledger says nothing but that it begins. */
  readonly record: LedgerRecord | { readonly kind: 'LedgerBegun' };
}

/**
 * What was erased, for ever: appended to, chained by hashes, on disk before anything is destroyed, and in no backup of
 * the data. A restore carries out again what is in it. Nothing personal is in it.
 * Every adapter passes `test/contract/erasureLedger.ts`.
 */
export interface ErasureLedger {
  /** Id of the installation whose erasures these are. */
  readonly installation: string;

  /**
   * Appends, and resolves once it is on disk, in the copy as well. A record that an erasure has already (its kind, and
   * for keys the subject) is not written again. Error: LEDGER_UNWRITABLE, whereupon nothing is in the ledger.
   */
  append(record: LedgerRecord): Promise<LedgerHead>;

  /** Every entry past a sequence, oldest first. Error: LEDGER_BROKEN. */
  entries(after?: number): Promise<readonly LedgerEntry[]>;

  head(): LedgerHead;

  /**
   * The last entry that the data knew of when the ledger was opened: those past it are to be carried out again on data
   * that were restored. The head, unless it was opened with `dataMayBeBehind`.
   */
  readonly knownToData: LedgerHead;

  /** Lets the data know of every entry there is: the last step of a restore. */
  acknowledge(): Promise<void>;

  /** Reads ledger and copy anew and checks every link. Error: LEDGER_BROKEN. */
  verify(): Promise<void>;

  /** Finishes what was accepted; refuses what comes after. */
  close(): Promise<void>;
}
