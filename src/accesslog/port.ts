import type { Category } from '../kernel/personal.js';

/** People of one controller, and what of theirs was read: the same categories of each. */
export interface SubjectsRead {
  /** The workspace, or the client on whose behalf the data is kept. */
  readonly controller: string;
  readonly categories: readonly Category[];
  /** Ids, each once. */
  readonly subjects: readonly string[];
}

/** One answer that held personal data. Ids and codes only: what it tells of somebody outlives their erasure. */
export interface AccessEntry {
  /** When the answer was ready to leave: UTC with milliseconds. */
  readonly at: string;
  readonly workspace: string;
  /** The account, or the API key that acted for it. */
  readonly actor: string;
  readonly account: string;
  /** What it was read for, as a code. */
  readonly purpose: string;
  /** The kind of operation and its root fields, as the schema has them, e.g. `query contacts`; nothing that a caller can name. */
  readonly operation: string;
  readonly reads: readonly SubjectsRead[];
}

/** Of whose reads, of whom, when. What is left out does not narrow. */
export interface AccessFilter {
  readonly workspace?: string;
  /** Any of these; an entry then tells of them alone. */
  readonly subjects?: readonly string[];
  /** Any of these; an entry then tells of their people alone. */
  readonly controllers?: readonly string[];
  /** An account or an API key. */
  readonly actor?: string;
  readonly purpose?: string;
  /** UTC with milliseconds, both included. */
  readonly from?: string;
  readonly to?: string;
}

export interface AccessQuery extends AccessFilter {
  /** The place that the page follows. */
  readonly after?: string;
  readonly limit: number;
}

/** An entry, and where it stands: opaque, but ordered as text, the later the greater. */
export interface PlacedEntry extends AccessEntry {
  readonly place: string;
}

export interface AccessPage {
  readonly entries: readonly PlacedEntry[];
  readonly hasMore: boolean;
}

/**
 * Who read whom, which categories, for what and when. Append-only; whole stretches of time leave it when its retention
 * has passed, and nothing else does. Every adapter passes `test/contract/accessLog.ts`.
 */
export interface AccessLog {
  /**
   * Resolves once the entry is on disk: only then may the data that it is about leave. Entries that come while others are
   * being written share one flush. Errors: ACCESS_LOG_UNWRITABLE, whereupon the entry is not in the log; OVERLOADED.
   */
  append(entry: AccessEntry): Promise<void>;

  /** The newest first. Error: CORRUPT_STORE where the log is not as it was written. */
  page(query: AccessQuery): Promise<AccessPage>;

  /**
   * Removes what is older than the log is kept, where everything that lies with it is. Answers the instant from which on
   * the log is whole.
   */
  expire(): Promise<string>;

  /** Finishes what was accepted; refuses what comes after. */
  close(): Promise<void>;
}
