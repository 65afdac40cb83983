import { CrmError } from '../errors.js';
import { type SqliteDatabase, storeError } from './database.js';

interface Job {
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Writers waiting at the most; beyond, OVERLOADED is the honest answer. */
const MAX_WAITING = 20_000;
/** Jobs in one commit at the most, so that one commit does not hold the event loop for long. */
const MAX_BATCH = 256;

/**
 * Lets concurrent writers share one commit, and so one flush to disk: what is submitted in one turn of the event loop
 * goes into one transaction, each in a savepoint of its own, and is acknowledged only after COMMIT.
 * A job has to be repeatable: where SQLite rolls back the whole transaction (a full disk does that), the jobs that
 * did nothing wrong are run again without the one that did.
 */
export class GroupCommit {
  #waiting: Job[] = [];
  #scheduled = false;
  #closed = false;

  readonly #begin;
  readonly #commit;
  readonly #savepoint;
  readonly #release;

  constructor(private readonly database: SqliteDatabase) {
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#savepoint = database.prepare('SAVEPOINT job');
    this.#release = database.prepare('RELEASE job');
  }

  /** Runs synchronous work in the next commit. Rejects with what the work throws, or STORAGE_FULL, STORE_FAILED, OVERLOADED. */
  submit<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new CrmError('STORE_FAILED', { reason: 'The store is closed.' }));
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new CrmError('OVERLOADED'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject });
      this.#schedule();
    });
  }

  /** Commits what waits, refuses what comes after. Idempotent. */
  close(): void {
    while (this.#waiting.length > 0) this.#flush();
    this.#closed = true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#waiting.length === 0) return;
      this.#flush();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #flush(): void {
    const batch = this.#waiting.splice(0, MAX_BATCH);
    const done: { job: Job; result: unknown }[] = [];
    try {
      this.#begin.run();
      for (const job of batch) {
        const outcome = this.#runInSavepoint(job);
        if (outcome === 'transaction-lost') {
          this.#waiting.unshift(...batch.filter((each) => each !== job && !settled.has(each)));
          return;
        }
        if (outcome !== 'refused') done.push({ job, result: outcome.result });
      }
      this.#commit.run();
    } catch (error) {
      for (const job of batch) if (!settled.has(job)) job.reject(storeError(error));
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      return;
    }
    for (const { job, result } of done) job.resolve(result);
  }

  #runInSavepoint(job: Job): 'refused' | 'transaction-lost' | { result: unknown } {
    this.#savepoint.run();
    try {
      const result = job.work();
      this.#release.run();
      return { result };
    } catch (error) {
      settled.add(job);
      job.reject(storeError(error));
      if (!this.database.inTransaction) return 'transaction-lost';
      this.database.exec('ROLLBACK TO job; RELEASE job');
      return 'refused';
    }
  }
}

/** Jobs that were answered already, so that no retry answers them twice. */
const settled = new WeakSet<Job>();
