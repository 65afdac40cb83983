import { setTimeout as timeout } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { CrmError } from '../errors.js';
import type { Clock } from '../kernel/clock.js';
import type { MongoDatabase, Stored } from '../mongodb/database.js';

/** What a process is called upon to do with the keys of one subject, or of a whole workspace (`subject` is `null`). */
export interface Recall {
  /**
   * `close`: lend no more of them, and wait until those lent have come back. `forget`: zero those in memory. `rewrap`:
   * forget the workspace's key, once nothing is being wrapped under it any more.
   */
  readonly kind: 'close' | 'forget' | 'rewrap';
  readonly workspace: string;
  readonly subject: string | null;
}

/** A process that may hold keys. `beat` is counted up while it lives. */
interface ProcessDocument extends Stored {
  readonly beat: number;
}

/** A call that one process has not answered yet. */
interface RecallDocument extends Stored, Recall {
  readonly to: string;
}

export interface VaultProcessesParts {
  readonly database: MongoDatabase;
  /** Milliseconds of a clock that runs evenly and is never set. Clocks of different machines are not compared. */
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<unknown>;
  /** An id that no other process has, nor this one ever again. */
  readonly newId: () => string;
  /** Does what it is called upon to do; resolves when it is done. Idempotent. */
  readonly obey: (recall: Recall) => Promise<void>;
  /** The right to hold keys is gone: everything in memory goes, and what was lent is worth nothing. */
  readonly lapse: () => void;
}

/** How often a process says that it lives. */
const BEAT_MS = 1_000;
/** It may use keys for this long after it last said so, counted from before it did. */
const HELD_MS = 4_000;
/** Who was not heard for this long is gone: well above `HELD_MS`, for clocks that do not run quite alike. */
const GONE_MS = 6_000;
/** How often calls, and the answers to ours, are looked for. */
const LOOK_MS = 100;

/** Real time: as `performance.now`, and pauses that keep no process alive. */
export const evenTime = {
  clock: { now: () => performance.now() },
  pause: (ms: number) => timeout(ms, undefined, { ref: false }),
};

/**
 * The processes that share a vault, and their leases on its keys. Each has one, in the store, on all the keys that it
 * holds: so lending a key costs no write, and whoever closes a subject asks every process, and waits until each has
 * answered or its lease is over.
 *
 * A lease is over once its holder has been silent for `GONE_MS` by the clock of who waits, who then removes it by
 * compare-and-set on its last beat: from there on the holder cannot renew it. The holder counts from before it asked for
 * its last renewal, and only for `HELD_MS`: so it has stopped lending and using keys before, also where it was paused, or
 * talks to a primary that is none any more (what it wrote there was not confirmed by a majority).
 */
export class VaultProcesses {
  readonly #processes: Collection<ProcessDocument>;
  readonly #recalls: Collection<RecallDocument>;
  readonly #obeying = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  #id = '';
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(private readonly parts: VaultProcessesParts) {
    this.#processes = parts.database.collection<ProcessDocument>('vault.processes');
    this.#recalls = parts.database.collection<RecallDocument>('vault.recalls');
  }

  async start(): Promise<void> {
    await this.parts.database.run(() => this.#recalls.createIndex({ to: 1 }));
    await this.renew();
    this.#loop = this.#run();
  }

  /** Whether keys may be used, for certain: nobody can have taken this process for gone. */
  get isHeld(): boolean {
    return this.parts.clock.now() - this.#renewedAt < HELD_MS;
  }

  /** Says that this process lives. Errors: those of the store. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Resolves once every other process has done it, or has lost its lease. */
  async recall(recall: Recall): Promise<void> {
    await this.parts.database.run(async () => {
      const others = (await this.#processes.find({}).toArray()).filter(({ _id }) => _id !== this.#id);
      if (others.length === 0) return;
      const calls = others.map(({ _id: to }) => ({ _id: this.parts.newId(), to, ...recall }));
      await this.#recalls.insertMany(calls);
      await this.#answered(new Map(calls.map(({ _id, to }) => [_id, to])));
    });
  }

  /** Stops. `isEmptyHanded`: nothing is lent any more, so that others need not wait for the lease's end. */
  async stop(isEmptyHanded: boolean): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await Promise.allSettled(this.#obeying.values());
    await this.#renewing?.catch(() => undefined);
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    if (!isEmptyHanded) return;
    // Where it cannot be reached, the lease ends by itself.
    await this.parts.database.run(() => this.#processes.deleteOne({ _id: this.#id })).catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    for (;;) {
      await Promise.race([this.parts.pause(LOOK_MS), stopped]);
      if (signal.aborted) return;
      // Where the store cannot be reached the lease ends by itself, and whoever needs a key is told.
      await this.#tend().catch(() => undefined);
    }
  }

  async #tend(): Promise<void> {
    if (this.parts.clock.now() - this.#renewedAt >= BEAT_MS) await this.renew();
    const calls = await this.parts.database.run(() => this.#recalls.find({ to: this.#id }).toArray());
    for (const call of calls) {
      if (this.#obeying.has(call._id)) continue;
      const done = this.#obey(call).finally(() => this.#obeying.delete(call._id));
      this.#obeying.set(
        call._id,
        done.catch(() => undefined),
      );
    }
  }

  async #obey({ _id, kind, workspace, subject }: RecallDocument): Promise<void> {
    await this.parts.obey({ kind, workspace, subject });
    await this.parts.database.run(() => this.#recalls.deleteOne({ _id }));
  }

  async #renew(): Promise<void> {
    const askedAt = this.parts.clock.now();
    await this.parts.database.run(async () => {
      const { matchedCount } = await this.#processes.updateOne({ _id: this.#id }, { $inc: { beat: 1 } });
      if (matchedCount === 0) {
        // It never was, or others have taken it for gone: it begins anew, as another one.
        this.#renewedAt = Number.NEGATIVE_INFINITY;
        this.parts.lapse();
        this.#id = this.parts.newId();
        await this.#processes.insertOne({ _id: this.#id, beat: 0 });
      }
    });
    this.#renewedAt = askedAt;
  }

  /** `calls`: to whom each went. */
  async #answered(calls: Map<string, string>): Promise<void> {
    const heard = new Map<string, { readonly beat: number; readonly since: number }>();
    for (;;) {
      const open = await this.#recalls.find({ _id: { $in: [...calls.keys()] } }).toArray();
      for (const id of [...calls.keys()]) if (!open.some(({ _id }) => _id === id)) calls.delete(id);
      const living = await this.#processes.find({ _id: { $in: [...calls.values()] } }).toArray();
      const beats = new Map(living.map(({ _id, beat }) => [_id, beat]));
      for (const [id, to] of calls) {
        if (!(await this.#isGone(to, beats.get(to), heard))) continue;
        await this.#recalls.deleteOne({ _id: id });
        calls.delete(id);
      }
      if (calls.size === 0) return;
      if (this.#stopping.signal.aborted) throw new CrmError('STORE_FAILED', { reason: 'The vault is shut.' });
      await this.parts.pause(LOOK_MS);
    }
  }

  async #isGone(
    process: string,
    beat: number | undefined,
    heard: Map<string, { readonly beat: number; readonly since: number }>,
  ): Promise<boolean> {
    if (beat === undefined) return true;
    const now = this.parts.clock.now();
    const last = heard.get(process);
    if (last?.beat !== beat) heard.set(process, { beat, since: now });
    else if (now - last.since >= GONE_MS) {
      return (await this.#processes.deleteOne({ _id: process, beat })).deletedCount === 1;
    }
    return false;
  }
}
