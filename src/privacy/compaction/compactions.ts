import { CrmError } from '../../errors.js';
import type { EventStore } from '../../eventstore/port.js';
import type { Json } from '../../kernel/canonical.js';
import type { CommandHandler } from '../../kernel/commandHandler.js';
import { type Position, START } from '../../kernel/envelope.js';
import type { Ids } from '../../kernel/ids.js';
import { OPERATOR } from '../../kernel/workspace.js';
import type { ErasureLedger } from '../../ledger/port.js';
import type { StateStore } from '../../statestore/port.js';
import type { Vault } from '../../vault/port.js';
import { type CompactionResult, compactionDecider } from './decider.js';

const SPACE = 'compaction';
/** The compaction that has begun and is not recorded yet. */
const UNFINISHED = 'unfinished';

export interface CompactionsParts {
  readonly handler: CommandHandler;
  readonly eventStore: Pick<EventStore, 'compact' | 'head' | 'readStream'>;
  readonly vault: Pick<Vault, 'areDestroyed'>;
  readonly stateStore: StateStore;
  readonly ledger: Pick<ErasureLedger, 'head'>;
  readonly ids: Ids;
  /** Ends what is under way, so that it can be taken up later. */
  readonly signal: AbortSignal;
}

export type Recorded = CompactionResult & { readonly recordedAt: string };

/** Events looked at, of how many. */
export interface CompactionProgress {
  readonly done: number;
  readonly total: number;
}

interface Unfinished extends CompactionResult {
  readonly id: string;
  /** How far it has come. */
  readonly after: Position;
}

/**
 * Removes from the history, for good, the ciphertext whose keys are destroyed; digests stay, so that what the audit tree
 * commits to still holds. While it runs, others read and append. How far it is, is kept: after a crash it goes on there,
 * unless somebody was erased since, whose events may lie before that. In the end it is recorded in the history.
 */
export class Compactions {
  #running: Promise<Recorded> | undefined;
  #progress: CompactionProgress | null = null;

  constructor(private readonly parts: CompactionsParts) {}

  /**
   * Compacts the history as it is now; who asks while one is under way waits for that. Errors: COMPACTION_UNAVAILABLE where the
   * engine has no such thing; those of `EventStore.compact`.
   */
  run(): Promise<Recorded> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#progress = null;
    });
    return this.#running;
  }

  /** How far the one that is under way has come; `null` where none is. */
  get progress(): CompactionProgress | null {
    return this.#progress;
  }

  /** Resolves once none is under way. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  /** After a restore: what was kept of one that was under way does not hold for these data. */
  forget(): Promise<void> {
    return this.parts.stateStore.remove(SPACE, UNFINISHED);
  }

  async #run(): Promise<Recorded> {
    const { eventStore, stateStore, vault, signal } = this.parts;
    if (eventStore.compact === undefined) throw new CrmError('COMPACTION_UNAVAILABLE');
    let compaction = await this.#begun();
    const { after, upTo } = compaction;
    const areDestroyed: Vault['areDestroyed'] = (refs) => vault.areDestroyed(refs);
    for await (const step of eventStore.compact({ after, upTo, areDestroyed })) {
      compaction = plus(compaction, step);
      await this.#keep(compaction);
      const total = this.#progress?.total ?? step.remaining;
      this.#progress = { done: total - step.remaining, total };
      if (signal.aborted) throw new CrmError('STORE_FAILED', { reason: 'The store is closed.' });
    }
    const recorded = await this.#record(compaction);
    await stateStore.remove(SPACE, UNFINISHED);
    return recorded;
  }

  /** A new one, or the one that was cut off. */
  async #begun(): Promise<Unfinished> {
    const { eventStore, stateStore, ledger, ids } = this.parts;
    const unfinished = (await stateStore.get(SPACE, UNFINISHED)) as unknown as Unfinished | null;
    const { sequence } = ledger.head();
    if (unfinished?.ledger === sequence) return unfinished;
    const none = { id: ids.next(), events: 0, fields: 0, bytes: 0 };
    const upTo = await eventStore.head();
    const begun: Unfinished = { ...none, ...unfinished, after: START, upTo, ledger: sequence };
    await this.#keep(begun);
    return begun;
  }

  #keep(compaction: Unfinished): Promise<void> {
    return this.parts.stateStore.put(SPACE, UNFINISHED, compaction as unknown as Json);
  }

  async #record({ id, after: _after, ...result }: Unfinished): Promise<Recorded> {
    const { handler, eventStore } = this.parts;
    const context = { workspace: OPERATOR, controller: OPERATOR, actor: OPERATOR, commandId: null, correlationId: id };
    const command = { type: 'RecordCompaction', subject: id, ...result } as const;
    const { stream } = await handler.handle(compactionDecider, id, command, context);
    const [recorded] = await eventStore.readStream(stream);
    const { recordedAt, open } = recorded!;
    return { ...(open as unknown as CompactionResult), recordedAt };
  }
}

const plus = (
  before: Unfinished,
  { position, events, fields, bytes }: { position: Position } & Pick<CompactionResult, 'events' | 'fields' | 'bytes'>,
): Unfinished => ({
  ...before,
  after: position,
  events: before.events + events,
  fields: before.fields + fields,
  bytes: before.bytes + bytes,
});
