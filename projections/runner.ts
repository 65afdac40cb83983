import { type CrmError, isCrmError } from '../src/errors.js';
import type { EventStore } from '../src/eventstore/port.js';
import type { Clock } from '../src/kernel/clock.js';
import { type Position, START, type StoredEvent } from '../src/kernel/envelope.js';
import { type KeySource, type Opened, openEvents } from '../src/kernel/openEvent.js';
import type { Build, BuildWrite, ReadStore } from '../src/readstore/port.js';
import type { Leases } from '../src/statestore/leases.js';
import { changesOf, foldBatch } from './foldBatch.js';
import type { Change, Projection } from './projection.js';
import { Waiters } from './waiters.js';

export interface RunnerParts {
  readonly eventStore: Pick<EventStore, 'subscribe' | 'head'>;
  readonly readStore: ReadStore;
  readonly keys: KeySource;
  readonly clock: Clock;
  /** Told of what stops or delays a projection. Positions and codes only. */
  readonly report: (what: RunnerReport) => void;
  /** Resolves after this many milliseconds; injected, so that tests need not wait. */
  readonly pause: (ms: number) => Promise<void>;
  /** Where several processes share the stores: which of them runs which projection. Without, this one runs all. */
  readonly leases?: Pick<Leases, 'keep' | 'holds' | 'release'>;
  /** Told that a projection with a lease of ours is of an older version: it is for this process to rebuild it. */
  readonly outdated?: (projection: string) => void;
}

export interface RunnerReport {
  readonly kind:
    | 'projection-stopped'
    | 'write-failed'
    | 'history-unreadable'
    | 'lease-unknown'
    | 'rewrite-failed'
    | 'erasure-waits';
  readonly projection?: string;
  readonly position?: Position;
  readonly error: unknown;
}

/** Where one projection stands. */
export interface ProjectionStatus {
  readonly projection: string;
  readonly version: number;
  readonly checkpoint: Position;
  /** Seconds between the event it applied last and the newest it has heard of; 0 where it is level. */
  readonly lagSeconds: number;
  /** Where and why it stopped; it stays so until the process starts anew or the projection is rebuilt. */
  readonly stopped?: { readonly position: Position; readonly code: string };
  /** True while its rows are of another version, to be rebuilt: readers see those, and nobody waits for it. */
  readonly outdated: boolean;
  /** True where another process runs it: where it is was heard lately, and how far behind that is only that one knows. */
  readonly elsewhere?: true;
}

interface Running {
  readonly projection: Projection;
  build: Build;
  outdated: boolean;
  appliedAt: number;
  /** Whether this process runs it; where there are leases, under which fence. */
  here: boolean;
  fence?: number;
  stopped?: { position: Position; code: string };
}

const RETRY_MS = [50, 200, 1_000, 5_000];
/** How often leases are renewed, and those of others looked at. */
const TEND_MS = 1_000;
/** How often those who wait for a projection that another process runs look where it is. */
const LOOK_MS = 20;

/**
 * Feeds every projection from the log. All share one subscription and one transaction a batch, and each event is
 * opened once; a poison event stops its own projection alone.
 */
export class ProjectionRunner {
  readonly #running = new Map<string, Running>();
  readonly #waiters = new Waiters();
  readonly #stopping = new AbortController();
  readonly #looking = new Set<string>();
  #heardAt = 0;
  #loop: Promise<void> = Promise.resolve();
  #tending: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: RunnerParts,
    private readonly projections: readonly Projection[],
  ) {}

  /** Makes the read models known and starts to feed them; resolves before they have caught up. */
  async start(): Promise<void> {
    for (const projection of this.projections) {
      await this.parts.readStore.register(projection);
      await this.#attach(projection);
    }
    await this.#tendAll();
    this.#loop = this.#run();
    if (this.parts.leases) this.#tending = this.#tend();
  }

  /** Takes up a projection whose live build has changed. */
  async #attach(projection: Projection): Promise<void> {
    const { build, outdated } = await this.#look(projection);
    const { here = this.parts.leases === undefined, fence } = this.#running.get(projection.name) ?? {};
    this.#running.set(projection.name, { projection, build, outdated, appliedAt: this.#heardAt, here, fence });
  }

  async #look(projection: Projection): Promise<Pick<Running, 'build' | 'outdated'>> {
    const build = (await this.parts.readStore.builds(projection.name)).find((each) => each.live)!;
    return { build, outdated: build.version !== projection.version };
  }

  /** Stops after the batch in hand, and lets other processes take over. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#tending;
    await Promise.allSettled([...this.#running.values()].map((running) => this.#letGo(running)));
    this.#waiters.endAll();
  }

  /**
   * Resolves once these projections show everything up to the position.
   * Errors: CONSISTENCY_TIMEOUT after the bound, PROJECTION_STOPPED at once where one has stopped before it; the command
   * itself did succeed in both.
   */
  async waitFor(names: readonly string[], position: Position, timeoutMs: number): Promise<void> {
    await Promise.all(
      names.map((name) => {
        const running = this.#running.get(name);
        if (running === undefined || running.outdated || running.build.checkpoint >= position) return undefined;
        const reached = this.#waiters.wait(name, position, timeoutMs, running.stopped !== undefined);
        if (!running.here) void this.#lookWhileAwaited(running);
        return reached;
      }),
    );
  }

  status(): readonly ProjectionStatus[] {
    return [...this.#running.values()].map(({ projection, build, appliedAt, stopped, outdated, here }) => ({
      projection: projection.name,
      version: build.version,
      checkpoint: build.checkpoint,
      lagSeconds: here ? Math.max(0, this.#heardAt - appliedAt) / 1000 : 0,
      stopped,
      outdated,
      ...(here ? {} : { elsewhere: true }),
    }));
  }

  /** Takes over the build that a rebuild has switched to, and goes on from its checkpoint. */
  async resume(name: string): Promise<void> {
    const projection = this.projections.find((each) => each.name === name)!;
    await this.#attach(projection);
    this.#restart.abort();
  }

  #restart = new AbortController();

  async #run(): Promise<void> {
    const stopped = untilAborted(this.#stopping.signal);
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      this.#restart = new AbortController();
      const signal = AbortSignal.any([this.#stopping.signal, this.#restart.signal]);
      try {
        // A write that failed may have been carried out.
        if (failures > 0) await this.#readCheckpoints();
        await this.#follow(signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (isCrmError(error, 'CORRUPT_EVENT')) {
          this.#historyUnreadable(error);
          return;
        }
        this.parts.report({ kind: 'write-failed', error });
        await Promise.race([this.parts.pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!), stopped]);
      }
    }
  }

  async #follow(signal: AbortSignal, progress: () => void): Promise<void> {
    let from = this.#active()
      .map(({ build }) => build.checkpoint)
      .sort()[0];
    if (from === undefined) return untilAborted(signal);
    for await (const batch of this.parts.eventStore.subscribe({ after: from, signal })) {
      await this.#apply(batch.events, from, batch.position);
      from = batch.position;
      progress();
    }
  }

  #active(): Running[] {
    return [...this.#running.values()].filter((each) => each.here && each.stopped === undefined && !each.outdated);
  }

  /** The events from behind one position to another. Who is not as far as the first takes part once it is subscribed anew. */
  async #apply(events: readonly StoredEvent[], from: Position, position: Position): Promise<void> {
    const last = events.at(-1);
    if (last !== undefined) this.#heardAt = Math.max(this.#heardAt, Date.parse(last.recordedAt));
    // Keys are good for this turn of the event loop only: every projection takes what it needs before anything is awaited.
    const opened = await openEvents(events, this.parts.keys);
    this.#dropDoubtful();
    const planned = this.#active()
      .filter(({ build }) => build.checkpoint >= from && build.checkpoint < position)
      .map((running) => ({ running, ...this.#changes(running, opened, position) }));
    const writes: { running: Running; write: BuildWrite }[] = [];
    for (const { running, changes, to } of planned) {
      if (to <= running.build.checkpoint) continue;
      const rows = await foldBatch(changes, this.parts.readStore, running.build);
      const { build, fence } = running;
      writes.push({ running, write: { build, from: build.checkpoint, to, rows, fence } });
    }
    if (writes.length === 0) return;
    await this.#write(writes);
  }

  /** All in one transaction; where that meets a bug in one projection's rows, each alone, so that it stops that one. */
  async #write(writes: readonly { running: Running; write: BuildWrite }[]): Promise<void> {
    try {
      await this.parts.readStore.write(writes.map(({ write }) => write));
      for (const { running, write } of writes) this.#advance(running, write.to);
    } catch (error) {
      if (isCrmError(error)) throw error;
      if (writes.length === 1) return this.#stopAt(writes[0]!.running, writes[0]!.write.to, error);
      for (const each of writes) await this.#write([each]);
    }
  }

  /** The changes up to the batch's end, or up to the event before one that this projection cannot apply. */
  #changes(running: Running, events: readonly Opened[], end: Position): { changes: Change[]; to: Position } {
    const changes: Change[] = [];
    let to = running.build.checkpoint;
    for (const event of events) {
      if (event.position <= running.build.checkpoint) continue;
      try {
        changes.push(...changesOf(running.projection, event));
      } catch (error) {
        this.#stopAt(running, event.position, error);
        return { changes, to };
      }
      to = event.position;
    }
    return { changes, to: end };
  }

  #advance(running: Running, checkpoint: Position): void {
    running.build = { ...running.build, checkpoint };
    running.appliedAt = this.#heardAt;
    this.#waiters.reached(running.projection.name, checkpoint);
  }

  #stopAt(running: Running, position: Position, error: unknown): void {
    const code = isCrmError(error) ? error.code : 'INTERNAL';
    running.stopped = { position, code };
    this.#waiters.stopped(running.projection.name);
    this.parts.report({ kind: 'projection-stopped', projection: running.projection.name, position, error });
  }

  /** No projection can pass an event that the store itself cannot read. */
  #historyUnreadable(error: CrmError): void {
    const position = error.details.position ?? START;
    for (const running of this.#active()) {
      running.stopped = { position, code: error.code };
      this.#waiters.stopped(running.projection.name);
    }
    this.parts.report({ kind: 'history-unreadable', position, error });
  }

  /** After a write that failed half-known, the store says where each projection is. */
  async #readCheckpoints(): Promise<void> {
    for (const running of this.#active()) Object.assign(running, await this.#look(running.projection));
  }

  /** Keeps what is ours, takes what is free, and hears how the others are. */
  async #tend(): Promise<void> {
    const stopped = untilAborted(this.#stopping.signal);
    for (;;) {
      await Promise.race([this.parts.pause(TEND_MS), stopped]);
      if (this.#stopping.signal.aborted) return;
      await this.#tendAll();
    }
  }

  async #tendAll(): Promise<void> {
    if (!this.parts.leases) return;
    for (const running of this.#running.values()) {
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#tendTo(running, this.parts.leases);
      } catch (error) {
        // What is ours stays ours until its time is over.
        this.parts.report({ kind: 'lease-unknown', projection: running.projection.name, error });
        // Each of the others would wait as long for the same answer.
        if (isCrmError(error, 'STORE_UNREACHABLE')) return;
      }
    }
  }

  async #tendTo(running: Running, leases: NonNullable<RunnerParts['leases']>): Promise<void> {
    const { projection } = running;
    this.#dropDoubtful();
    if (!running.here) await this.#hear(running);
    // Who cannot go on, and who is of an older version than the rows, leaves it to those who can.
    if (running.stopped !== undefined || running.build.version > projection.version) return this.#letGo(running);
    const fence = await leases.keep(projection.name);
    if (fence === null) return this.#leave(running);
    if (running.here && running.fence === fence) return;
    const { build, outdated } = await this.#look(projection);
    // Shuts out whoever had it before. Error: CONFLICT where that one was writing just now; it is tried again then.
    await this.parts.readStore.write([{ build, from: build.checkpoint, to: build.checkpoint, rows: [], fence }]);
    Object.assign(running, { build, outdated, fence, here: true });
    if (outdated) this.parts.outdated?.(projection.name);
    else this.#restart.abort();
  }

  async #letGo(running: Running): Promise<void> {
    if (running.here) this.#leave(running);
    await this.parts.leases?.release(running.projection.name);
  }

  #leave(running: Running): void {
    if (!running.here || !this.parts.leases) return;
    running.here = false;
    if (this.#waiters.isAwaited(running.projection.name)) void this.#lookWhileAwaited(running);
  }

  /** What may be another's by now is taken up anew, by the next tending, before anything more is written. */
  #dropDoubtful(): void {
    for (const running of this.#running.values()) {
      if (running.here && this.parts.leases?.holds(running.projection.name) === false) this.#leave(running);
    }
  }

  async #hear(running: Running): Promise<void> {
    const { build, outdated } = await this.#look(running.projection);
    if (running.here) return;
    Object.assign(running, { build, outdated });
    this.#waiters.reached(running.projection.name, build.checkpoint);
  }

  async #lookWhileAwaited(running: Running): Promise<void> {
    const { name } = running.projection;
    if (this.#looking.has(name)) return;
    this.#looking.add(name);
    try {
      while (!running.here && this.#waiters.isAwaited(name) && !this.#stopping.signal.aborted) {
        await this.#hear(running);
        if (this.#waiters.isAwaited(name)) await this.parts.pause(LOOK_MS);
      }
    } catch (error) {
      this.parts.report({ kind: 'lease-unknown', projection: name, error });
    } finally {
      this.#looking.delete(name);
    }
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
