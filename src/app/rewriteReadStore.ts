import { setImmediate as nextTurn } from 'node:timers/promises';
import { CrmError } from '../errors.js';
import { type Position, START } from '../kernel/envelope.js';
import type { ProjectionTables, ReadStore } from '../readstore/port.js';
import type { SwitchableReadStore } from '../readstore/switchable.js';
import type { ReadModelFile, ReadModelFiles } from './readModelFiles.js';
import type { AskHowFar, Checkpoints } from './rewriteWorker.js';

export interface ReadStoreRewriterParts {
  readonly files: ReadModelFiles;
  readonly store: SwitchableReadStore;
  readonly projections: readonly ProjectionTables[];
  /** Fills the new file from the old one, asking how far to go; in a thread of its own. */
  readonly fill: (from: ReadModelFile, to: ReadModelFile, howFar: AskHowFar) => Promise<void>;
  readonly open: (file: ReadModelFile) => ReadStore;
  /** A moment before a rewrite begins, so that erasures that come together share it. */
  readonly pause: () => Promise<void>;
  /** Runs work in the background, one at a time with everything else that replaces read models. */
  readonly inBackground: <T>(work: () => Promise<T>) => Promise<T>;
  /** Told of a rewrite that failed; it is tried again when it is next asked for. */
  readonly report: (error: unknown) => void;
}

/**
 * Rewrites the read store into a new file under a fresh key and destroys the old key and file, so that nothing is left
 * of what was deleted: overwriting deleted rows does not reach every copy that the pages of a file hold of them. One
 * rewrite serves all who ask for it before it begins. Steps, each safe to be cut short by a crash: a key for the new
 * file, the copy, catching up, the switch (one entry of the state store), destruction of the old key and file.
 */
export class ReadStoreRewriter {
  #next: Promise<void> | undefined;

  constructor(private readonly parts: ReadStoreRewriterParts) {}

  /**
   * Resolves once nothing that the read models had deleted by this position is left in any file of theirs. To be asked
   * for when they have passed it. Errors: PROJECTION_STOPPED where one has not and will not; the stores'.
   */
  async rewritten(position: Position): Promise<void> {
    if ((await this.parts.files.cleanUpTo()) >= position) return;
    await this.parts.files.want(position);
    this.#next ??= this.parts.inBackground(async () => {
      await this.parts.pause().finally(() => {
        // Who asks from here on may have deleted after the copy was made.
        this.#next = undefined;
      });
      await this.#rewrite();
    });
    await this.#next;
    if ((await this.parts.files.cleanUpTo()) < position) throw new CrmError('PROJECTION_STOPPED', { position });
  }

  /** Begins what `rewritten` waits for, without anybody waiting. */
  request(position: Position): void {
    this.rewritten(position).catch(this.parts.report);
  }

  /** Position that was asked for and is not reached, because the process ended before; `null` where there is none. */
  async outstanding(): Promise<Position | null> {
    const wanted = await this.parts.files.wanted();
    return wanted > (await this.parts.files.cleanUpTo()) ? wanted : null;
  }

  async #rewrite(): Promise<void> {
    const { files, fill } = this.parts;
    const [from, to] = [await files.current(), await files.begin()];
    const held: (() => void)[] = [];
    let cleanUpTo = START;
    let over = false;
    try {
      await fill(from, to, async ({ copiedUpTo, last }) => {
        cleanUpTo = copiedUpTo;
        if (last) held.push(await this.parts.store.hold());
        // The thread may have ended while the writes under way came to their end.
        if (over) for (const letGo of held.splice(0)) letGo();
        return this.#checkpoints();
      });
      if (held.length === 0) throw new Error('The read store was not held for the switch.');
      await this.#switchTo(to, cleanUpTo);
    } finally {
      over = true;
      for (const letGo of held.splice(0)) letGo();
      from.fileKey.fill(0);
      to.fileKey.fill(0);
      await files.destroyOthers();
    }
  }

  async #switchTo(file: ReadModelFile, cleanUpTo: Position): Promise<void> {
    const next = this.parts.open(file);
    try {
      for (const projection of this.parts.projections) await next.register(projection);
      await this.parts.files.switchTo(file, cleanUpTo);
    } catch (error) {
      await next.close();
      throw error;
    }
    const before = this.parts.store.replaceBy(next);
    await nextTurn();
    await before.close();
  }

  async #checkpoints(): Promise<Checkpoints> {
    const checkpoints: Record<string, Position> = {};
    for (const { name, version } of this.parts.projections) {
      const live = (await this.parts.store.builds(name)).find((each) => each.live);
      // The rows of an older version are nobody's to bring further.
      if (live?.version === version) checkpoints[name] = live.checkpoint;
    }
    return checkpoints;
  }
}
