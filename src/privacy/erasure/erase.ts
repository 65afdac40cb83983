import { CrmError } from '../../errors.js';
import type { Json } from '../../kernel/canonical.js';
import { type Clock, instant } from '../../kernel/clock.js';
import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import type { Position } from '../../kernel/envelope.js';
import { derivedId, type Ids } from '../../kernel/ids.js';
import { type RetentionClass, retentionClasses } from '../../kernel/personal.js';
import type { ErasureBegun, ErasureLedger, LedgerEntry } from '../../ledger/port.js';
import type { StateStore } from '../../statestore/port.js';
import type { Vault } from '../../vault/port.js';
import type { KeptClass } from '../retention/events.js';
import { subjectDecider } from './decider.js';
import {
  type DestroyedKey,
  type ErasureKind,
  type ErasureReason,
  type Receipt,
  type RecordKind,
  WORKSPACE_KEY,
} from './events.js';

/** Classes of erased people that a law keeps for now, by workspace, subject and class. */
const KEPT = 'kept-classes';

/** Erasures that have begun and are not through: taken up again when the process starts. */
const INTENTS = 'erasures';

export interface ErasureOrder {
  readonly record: string;
  readonly recordKind: RecordKind;
  /** Whose keys go; of a workspace its own id. */
  readonly subject: string;
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
  /** The request that it is done for. */
  readonly erasure?: string;
  /** Its id in the ledger, where it is taken up from there. */
  readonly inLedger?: string;
  /** Classes whose keys stay, because a law keeps them. */
  readonly kept?: readonly KeptClass[];
}

/** A class of an erased person that a law keeps, with what it takes to erase it as well. */
export interface KeptOfErased {
  readonly order: ErasureOrder;
  readonly context: IdentifiedContext;
  /** The erasure's own id in the ledger. */
  readonly erasureInLedger: string;
  readonly kept: KeptClass;
}

/** What was done for one person. */
export interface Carried {
  /** Of the event after which nothing of the person may be shown. */
  readonly position: Position;
  readonly keys: readonly DestroyedKey[];
  readonly receipts: readonly Receipt[];
  readonly kept: readonly KeptClass[];
}

/** Something outside keys and read models that may hold a person. Idempotent; answers how many entries it removed. */
export interface Purger {
  readonly name: string;
  /** Whose it may hold; left out: anybody's. */
  readonly kinds?: readonly RecordKind[];
  purge(order: ErasureOrder, workspace: string): Promise<number>;
}

export interface EraserParts {
  readonly handler: CommandHandler;
  readonly vault: Vault;
  readonly stateStore: StateStore;
  readonly ledger: ErasureLedger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The read models that hold people. */
  readonly readModels: readonly string[];
  /** Resolves when this read model has passed the position, and so has purged the subject. */
  readonly purged: (readModel: string, position: Position) => Promise<void>;
  /** Caches, claims, sessions, files: what else may hold the person. */
  readonly purgers: readonly Purger[];
  /**
   * Composes the answer to the person and hands it over to be sent, while their address can still be read. Idempotent. Answers
   * whether there was one to send.
   */
  readonly answer: (order: ErasureOrder, context: CommandContext) => Promise<boolean>;
  /** Ends what somebody still takes part in, and tells others, while it can still be written for them. Idempotent. */
  readonly takeLeave: (order: ErasureOrder, context: CommandContext) => Promise<void>;
  /** Keeps of an anonymised person what the strategies of their fields leave, while it can still be read. Idempotent. */
  readonly generalise: (order: ErasureOrder, context: CommandContext) => Promise<void>;
  /** Puts the person's addresses on the do-not-contact list, while they can still be read. Idempotent. */
  readonly suppress: (order: ErasureOrder, context: CommandContext) => Promise<void>;
}

type IdentifiedContext = CommandContext & { readonly commandId: string };

/** The same for the same request or command, so that what is taken up after a crash is the same erasure in the ledger. */
const ledgerIdOf = (
  { erasure, subject, inLedger }: ErasureOrder,
  { workspace, actor, commandId }: IdentifiedContext,
): string => {
  if (inLedger !== undefined) return inLedger;
  return erasure === undefined
    ? derivedId('erasure', workspace, actor, commandId, subject)
    : derivedId('erasure', erasure, subject);
};

/** Classes whose keys go; `null` where all do. */
const goingOf = ({ kept = [] }: ErasureOrder): readonly RetentionClass[] | null => {
  if (kept.length === 0) return null;
  const staying = new Set<RetentionClass>(kept.map((each) => each.class));
  return retentionClasses.filter((each) => !staying.has(each));
};

/** What the ledger has of an erasure, as it was ordered. */
const intentOf = (begun: ErasureBegun): { readonly order: ErasureOrder; readonly context: IdentifiedContext } => {
  const { erasure: inLedger, record, recordKind, subject, scope: kind, reason, ...rest } = begun;
  const { workspace, controller, actor, commandId, correlationId, kept } = rest;
  const order = { record, recordKind, subject, kind, reason, inLedger, ...(kept === undefined ? {} : { kept }) };
  return { order: order as ErasureOrder, context: { workspace, controller, actor, commandId, correlationId } };
};

/** Whether it was the end of one class alone, which a law had kept until then. */
const isOfOneClass = ({ classes, kept }: ErasureBegun): boolean => classes !== null && kept === undefined;

/** On the data that were restored the class is still there: its day is over, so that it goes at once. */
const endedOf = ({ classes }: ErasureBegun): KeptClass =>
  ({ class: classes![0], law: 'ENDED-0', until: '0001-01-01' }) as KeptClass;

/**
 * Erases or anonymises a person, in the order that design.md fixes: intent, fence, fact, keys, read models. Every step
 * is idempotent, so that after a crash at any point the whole is run again.
 */
export class Eraser {
  constructor(private readonly parts: EraserParts) {}

  /**
   * Resolves once the person is gone from every key and read model.
   * Error: LEDGER_UNWRITABLE, whereupon nothing was destroyed.
   */
  async erase(order: ErasureOrder, context: CommandContext): Promise<Carried> {
    const identified = { ...context, commandId: context.commandId ?? this.parts.ids.next() };
    const intent = { order, context: identified } as unknown as Json;
    await this.parts.stateStore.put(INTENTS, order.subject, intent);
    try {
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
    for (const each of begun) {
      const intent = intentOf(each);
      if (!isOfOneClass(each)) await this.parts.stateStore.put(INTENTS, each.subject, intent as unknown as Json);
      else await this.#keepFor(intent.order, intent.context, each.erasure, endedOf(each));
    }
    return begun.length;
  }

  /** Classes that a law keeps for now, each under a name of its own. */
  async kept(): Promise<readonly { readonly name: string; readonly value: KeptOfErased }[]> {
    const found = await this.parts.stateStore.list(KEPT);
    return found.map(({ key: name, value }) => ({ name, value: value as unknown as KeptOfErased }));
  }

  /**
   * Destroys the key of a class that no law keeps any longer. Idempotent; it is listed among the kept until `forgetKept`.
   * Error: LEDGER_UNWRITABLE, whereupon nothing was destroyed.
   */
  async endKept({ order, context, erasureInLedger, kept }: KeptOfErased): Promise<readonly DestroyedKey[]> {
    const { vault, ledger } = this.parts;
    const inLedger = derivedId('retention-ended', erasureInLedger, kept.class);
    const { erasure: _, kept: __, ...rest } = order;
    await this.#begin({ ...rest, inLedger }, context, [kept.class]);
    await vault.close(context.workspace, order.subject);
    const keys = await this.#destroy(context.workspace, order.subject, inLedger, [kept.class]);
    await ledger.append({ kind: 'ErasureCompleted', erasure: inLedger });
    return keys;
  }

  async forgetKept(name: string): Promise<void> {
    await this.parts.stateStore.remove(KEPT, name);
  }

  async #keepFor(order: ErasureOrder, context: IdentifiedContext, inLedger: string, kept: KeptClass): Promise<void> {
    const name = `${context.workspace} ${order.subject} ${kept.class}`;
    const value: KeptOfErased = { order, context, erasureInLedger: inLedger, kept };
    await this.parts.stateStore.put(KEPT, name, value as unknown as Json);
  }

  /** From here it cannot be called off: it is in the ledger before anything is destroyed. */
  async #begin(
    order: ErasureOrder,
    context: IdentifiedContext,
    classes: readonly RetentionClass[] | null = goingOf(order),
  ): Promise<void> {
    const { record, recordKind, subject, kind, reason, kept = [] } = order;
    const { workspace, controller, actor, commandId, correlationId } = context;
    await this.parts.ledger.append({
      kind: 'ErasureBegun',
      erasure: ledgerIdOf(order, context),
      workspace,
      controller,
      subject,
      record,
      recordKind,
      scope: kind,
      reason,
      classes,
      ...(kept.length === 0 ? {} : { kept }),
      actor,
      commandId,
      correlationId,
    });
  }

  async #run(order: ErasureOrder, context: IdentifiedContext): Promise<Carried> {
    const { handler, stateStore, ledger } = this.parts;
    const { workspace } = context;
    const inLedger = ledgerIdOf(order, context);
    const { inLedger: _, kept = [], ...fact } = order;
    const receipts = new Receipts(this.parts.clock);
    receipts.add('IN_LEDGER');
    // Taken up from the ledger, on data that were restored, everybody was told long ago.
    if (order.inLedger === undefined && (await this.parts.answer(order, context))) receipts.add('ANSWERED', 'mail');
    if (await this.#isOpen(order, workspace)) await this.parts.takeLeave(order, context);
    await this.#fence(order, workspace);
    receipts.add('FENCED');
    if (order.recordKind === 'CONTACT' && order.reason === 'SUBJECT_REQUEST') {
      await this.parts.suppress(order, context);
      receipts.add('SUPPRESSED');
    }
    if (order.kind === 'ANONYMISE') {
      await this.parts.generalise(order, context);
      receipts.add('GENERALISED');
    }
    const { position } = await handler.handle(
      subjectDecider,
      order.subject,
      { type: 'EraseSubject', ...fact },
      context,
    );
    receipts.add('RECORDED');
    for (const each of kept) {
      await this.#keepFor(order, context, inLedger, each);
      receipts.add('CLASS_KEPT', each.class);
    }
    const keys = await this.#destroyKeys(order, workspace, inLedger);
    receipts.add('KEYS_DESTROYED', 'vault', keys.length);
    for (const purger of this.parts.purgers) {
      if (purger.kinds?.includes(order.recordKind) === false) continue;
      receipts.add('PURGED', purger.name, await purger.purge(order, workspace));
    }
    for (const name of this.parts.readModels) {
      await this.parts.purged(name, position);
      receipts.add('READ_MODEL_PURGED', name);
    }
    await ledger.append({ kind: 'ErasureCompleted', erasure: inLedger });
    await stateStore.remove(INTENTS, order.subject);
    return { position, keys, receipts: receipts.all, kept };
  }

  async #isOpen({ subject }: ErasureOrder, workspace: string): Promise<boolean> {
    return ['unknown', 'active'].includes(await this.parts.vault.state(workspace, subject));
  }

  #fence({ recordKind, subject }: ErasureOrder, workspace: string): Promise<void> {
    const { vault } = this.parts;
    return recordKind === 'WORKSPACE' ? vault.closeWorkspace(workspace) : vault.close(workspace, subject);
  }

  /**
   * The person's, and where a contact's record goes as well, the record's own: what an earlier anonymisation kept. Of a
   * workspace the one key under which all others are.
   */
  async #destroyKeys(order: ErasureOrder, workspace: string, inLedger: string): Promise<readonly DestroyedKey[]> {
    const { vault } = this.parts;
    const { record, recordKind, subject, kind } = order;
    if (recordKind === 'WORKSPACE') {
      const { fingerprint } = await vault.destroyWorkspace(workspace);
      const keys = fingerprint === null ? [] : [{ class: WORKSPACE_KEY, fingerprint } as const];
      return this.#note(workspace, subject, inLedger, keys);
    }
    const destroyed = await this.#destroy(workspace, subject, inLedger, goingOf(order));
    if (recordKind !== 'CONTACT' || kind === 'ANONYMISE') return destroyed;
    if ((await vault.state(workspace, record)) === 'unknown') return destroyed;
    await vault.close(workspace, record);
    return [...destroyed, ...(await this.#destroy(workspace, record, inLedger))];
  }

  async #destroy(
    workspace: string,
    subject: string,
    erasure: string,
    classes: readonly RetentionClass[] | null = null,
  ): Promise<readonly DestroyedKey[]> {
    const destroyed = await this.parts.vault.destroy(workspace, subject, classes ?? undefined);
    const keys = destroyed.map(({ class: each, fingerprint }) => ({ class: each, fingerprint }));
    return this.#note(workspace, subject, erasure, keys);
  }

  async #note(workspace: string, subject: string, erasure: string, keys: readonly DestroyedKey[]) {
    await this.parts.ledger.append({ kind: 'KeysDestroyed', erasure, workspace, subject, keys });
    return keys;
  }
}

class Receipts {
  readonly #receipts: Receipt[] = [];

  constructor(private readonly clock: Clock) {}

  add(step: string, name?: string, count?: number): void {
    this.#receipts.push({ step, name, count, at: instant(this.clock.now()) });
  }

  get all(): readonly Receipt[] {
    return this.#receipts;
  }
}
