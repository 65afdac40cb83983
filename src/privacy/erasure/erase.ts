import { CrmError, isCrmError } from '../../errors.js';
import type { Json } from '../../kernel/canonical.js';
import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import type { Position } from '../../kernel/envelope.js';
import { derivedId, type Ids } from '../../kernel/ids.js';
import type { ErasureLedger, LedgerEntry } from '../../ledger/port.js';
import type { StateStore } from '../../statestore/port.js';
import type { Vault } from '../../vault/port.js';
import { erasureRequestDecider, subjectDecider } from './decider.js';
import type { ErasureKind, ErasureReason } from './events.js';

/** Erasures that have begun and are not through: taken up again when the process starts. */
const INTENTS = 'erasures';

export interface ErasureOrder {
  readonly contact: string;
  readonly subject: string;
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
}

export interface EraserParts {
  readonly handler: CommandHandler;
  readonly vault: Vault;
  readonly stateStore: StateStore;
  readonly ledger: ErasureLedger;
  readonly ids: Ids;
  /** Resolves when every read model that holds people has passed the position, and so has purged the subject. */
  readonly purged: (position: Position) => Promise<void>;
  /** Keeps of an anonymised person what the strategies of their fields leave, while it can still be read. Idempotent. */
  readonly generalise: (order: ErasureOrder, context: CommandContext) => Promise<void>;
  /** Puts the person's addresses on the do-not-contact list, while they can still be read. Idempotent. */
  readonly suppress: (order: ErasureOrder, context: CommandContext) => Promise<void>;
  /** Drops what this process remembers of the contact. */
  readonly forget: (order: ErasureOrder) => void;
}

type IdentifiedContext = CommandContext & { readonly commandId: string };

/** The same for the same command, so that what is taken up after a crash is the same erasure in the ledger. */
const erasureIdOf = (subject: string, { workspace, actor, commandId }: IdentifiedContext): string =>
  derivedId('erasure', workspace, actor, commandId, subject);

/**
 * Erases or anonymises a person, in the order that design.md fixes: intent, fence, fact, keys, read models. Every step
 * is idempotent, so that after a crash at any point the whole is run again.
 */
export class Eraser {
  constructor(private readonly parts: EraserParts) {}

  /**
   * Resolves once the person is gone from every key and read model. `note` is kept under the workspace's key.
   * Error: LEDGER_UNWRITABLE, whereupon nothing was destroyed.
   */
  async erase(order: ErasureOrder, note: string | undefined, context: CommandContext): Promise<Position> {
    const identified = { ...context, commandId: context.commandId ?? this.parts.ids.next() };
    const intent = { order, context: identified } as unknown as Json;
    await this.parts.stateStore.put(INTENTS, order.subject, intent);
    try {
      await this.#record(order, note, identified);
      await this.#begin(order, identified);
    } catch (error) {
      if (error instanceof CrmError) await this.parts.stateStore.remove(INTENTS, order.subject);
      throw error;
    }
    return this.#run(order, identified);
  }

  /** Takes up what a crash has interrupted. Answers how many. */
  async resume(): Promise<number> {
    const intents = await this.parts.stateStore.list(INTENTS);
    for (const { value } of intents) {
      const { order, context } = value as unknown as { order: ErasureOrder; context: IdentifiedContext };
      await this.#record(order, undefined, context).catch((error: unknown) => {
        // Recorded before the crash, with its note, which was kept nowhere else.
        if (!isCrmError(error, 'IDEMPOTENCY_CONFLICT')) throw error;
      });
      await this.#begin(order, context);
      await this.#run(order, context);
    }
    return intents.length;
  }

  /**
   * Notes the erasures that entries of the ledger have begun, so that `resume` carries them out on data that were restored
   * and do not know of them. Answers how many.
   */
  async takeUp(entries: readonly LedgerEntry[]): Promise<number> {
    const begun = entries.flatMap(({ record }) => (record.kind === 'ErasureBegun' ? [record] : []));
    for (const { record: contact, subject, scope, reason, ...rest } of begun) {
      const { workspace, controller, actor, commandId, correlationId } = rest;
      const order = { contact, subject, kind: scope, reason };
      const context = { workspace, controller, actor, commandId, correlationId };
      await this.parts.stateStore.put(INTENTS, subject, { order, context });
    }
    return begun.length;
  }

  async #record(order: ErasureOrder, note: string | undefined, context: CommandContext): Promise<void> {
    const { contact, subject: target, kind, reason } = order;
    const request = {
      type: 'RequestErasure',
      subject: context.workspace,
      target,
      contact,
      kind,
      reason,
      note,
    } as const;
    await this.parts.handler.handle(erasureRequestDecider, target, request, context);
  }

  /** From here it cannot be called off: it is in the ledger before anything is destroyed. */
  async #begin({ contact, subject, kind, reason }: ErasureOrder, context: IdentifiedContext): Promise<void> {
    const { workspace, controller, actor, commandId, correlationId } = context;
    await this.parts.ledger.append({
      kind: 'ErasureBegun',
      erasure: erasureIdOf(subject, context),
      workspace,
      controller,
      subject,
      record: contact,
      recordKind: 'CONTACT',
      scope: kind,
      reason,
      classes: null,
      actor,
      commandId,
      correlationId,
    });
  }

  async #run(order: ErasureOrder, context: IdentifiedContext): Promise<Position> {
    const { handler, vault, stateStore, ledger } = this.parts;
    const { workspace } = context;
    const erasure = erasureIdOf(order.subject, context);
    await vault.close(workspace, order.subject);
    if (order.reason === 'SUBJECT_REQUEST') await this.parts.suppress(order, context);
    if (order.kind === 'ANONYMISE') await this.parts.generalise(order, context);
    const { position } = await handler.handle(
      subjectDecider,
      order.subject,
      { type: 'EraseSubject', ...order },
      context,
    );
    await this.#destroy(erasure, workspace, order.subject);
    if (order.kind === 'ERASE') await this.#destroyRest(erasure, workspace, order.contact);
    this.parts.forget(order);
    await stateStore.releaseClaimsOf(order.subject);
    await this.parts.purged(position);
    await ledger.append({ kind: 'ErasureCompleted', erasure });
    await stateStore.remove(INTENTS, order.subject);
    return position;
  }

  async #destroy(erasure: string, workspace: string, subject: string): Promise<void> {
    const destroyed = await this.parts.vault.destroy(workspace, subject);
    const keys = destroyed.map(({ class: each, fingerprint }) => ({ class: each, fingerprint }));
    await this.parts.ledger.append({ kind: 'KeysDestroyed', erasure, workspace, subject, keys });
  }

  /** What an earlier anonymisation kept, under a key of the record's own. */
  async #destroyRest(erasure: string, workspace: string, contact: string): Promise<void> {
    const { vault } = this.parts;
    if ((await vault.state(workspace, contact)) === 'unknown') return;
    await vault.close(workspace, contact);
    await this.#destroy(erasure, workspace, contact);
  }
}
