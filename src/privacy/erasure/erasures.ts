import { CrmError } from '../../errors.js';
import type { Json } from '../../kernel/canonical.js';
import { type Clock, instant } from '../../kernel/clock.js';
import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import type { Position } from '../../kernel/envelope.js';
import { SerialByKey } from '../../kernel/memory.js';
import type { StateStore } from '../../statestore/port.js';
import { holdDecider } from '../holds/decider.js';
import type { KeptClass } from '../retention/events.js';
import { isOver } from '../retention/kept.js';
import type { Safeguards } from '../safeguards/decider.js';
import { certificateText, endedText } from './certificate.js';
import type { CertificateKey } from './certificateKey.js';
import { subjectDecider } from './decider.js';
import type { Carried, Eraser, KeptOfErased } from './erase.js';
import type { ErasureKind, ErasureReason, ErasureTarget } from './events.js';
import { type ErasureState, erasureDecider, waiting } from './requestDecider.js';

/** Erasures that are not certified yet, by id. */
const OPEN = 'open-erasures';
/** The open erasure of a person, by workspace and subject: a second request joins it. */
const OPEN_OF = 'open-erasure-of';

const HOUR_MS = 3_600_000;

export interface ErasureRequest {
  readonly targets: readonly ErasureTarget[];
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
  readonly note?: string;
}

/**
 * Where an erasure stands. `CARRIED_OUT`: everybody is gone from keys and read models, and the rewriting of the read store
 * is waited for.
 */
export const erasureStandings = [
  'AWAITING_APPROVAL',
  'SCHEDULED',
  'ON_HOLD',
  'CALLED_OFF',
  'RUNNING',
  'CARRIED_OUT',
  'CERTIFIED',
] as const;
export type ErasureStanding = (typeof erasureStandings)[number];

export interface ErasuresParts {
  readonly handler: CommandHandler;
  readonly stateStore: StateStore;
  readonly clock: Clock;
  readonly eraser: Pick<Eraser, 'erase' | 'kept' | 'endKept' | 'forgetKept'>;
  readonly certificateKey: Pick<CertificateKey, 'sign'>;
  /** Id of the installation, for certificates. */
  readonly installation: string;
  readonly safeguards: (workspace: string) => Promise<Safeguards>;
  /** Whether anybody in the workspace is under a hold: then it cannot go as a whole. */
  readonly heldIn: (workspace: string) => Promise<boolean>;
  /** How long the answer to a person waits to be sent at the most, in milliseconds. */
  readonly answersKeptMs: number;
  /** Classes of a person that a law keeps although they are erased now. */
  readonly kept: (target: ErasureTarget, workspace: string) => Promise<readonly KeptClass[]>;
  /**
   * Resolves once nothing that the read models had removed by the position is left in any file of theirs; with `false` where
   * the engine has no such thing.
   */
  readonly rewritten: (position: Position) => Promise<boolean>;
  /** Day, `YYYY-MM-DD`, on which the last backup that may hold a key made until now is gone; `null`: there is none. */
  readonly lastKeyBackupExpires: () => Promise<string | null>;
  /** Told of an erasure that could not go on; it is tried again. */
  readonly report: (erasure: string, error: unknown) => void;
}

interface Open {
  readonly context: CommandContext;
  /** By workspace and subject. */
  readonly targets: readonly string[];
}

const workspaceOf = ({ workspace }: ErasureTarget, { workspace: own }: Pick<CommandContext, 'workspace'>): string =>
  workspace ?? own;
const nameOf = (target: ErasureTarget, context: Pick<CommandContext, 'workspace'>): string =>
  `${workspaceOf(target, context)} ${target.subject}`;

/**
 * Erasures and anonymisations as a process: asked for, waited with where the workspace or a hold wants that, carried out
 * person by person, certified once the read store is rewritten. Every step is recorded before the next; what a crash cuts
 * off is taken up by `resume`.
 */
export class Erasures {
  readonly #serial = new SerialByKey();
  #inBackground: Promise<unknown> = Promise.resolve();
  /** The day, `YYYY-MM-DD`, on which every class was looked at that a law keeps: laws keep for days. */
  #keptLookedAt = '';

  constructor(private readonly parts: ErasuresParts) {}

  /**
   * Records the request and carries it out as far as it may go now. Answers its id; that of an earlier one where everybody
   * was erased by it already, or is about to be.
   * Error: LEGAL_HOLD where somebody is under a hold; the request is recorded and goes on by itself when it is lifted.
   */
  async request(request: ErasureRequest, context: CommandContext): Promise<string> {
    const earlier = await this.#earlier(request, context);
    if (earlier !== null) {
      await this.advance(earlier, context.workspace);
      return earlier;
    }
    const erasure = this.parts.handler.newId(context, 'erasure');
    await this.#serial.run(erasure, () => this.#record(erasure, request, context));
    const standing = await this.advance(erasure, context.workspace);
    if (standing === 'ON_HOLD') throw new CrmError('LEGAL_HOLD', { field: 'id' });
    return erasure;
  }

  /** Error: SECOND_PERSON_REQUIRED where the caller is who asked for it; ERASURE_CALLED_OFF, ERASURE_STARTED, NOT_FOUND. */
  async approve(erasure: string, context: CommandContext): Promise<void> {
    const approve = { type: 'ApproveErasure', subject: context.workspace, by: context.actor } as const;
    await this.parts.handler.handle(erasureDecider, erasure, approve, context);
    await this.advance(erasure, context.workspace);
  }

  /** Errors: ERASURE_STARTED, NOT_FOUND. */
  async callOff(erasure: string, context: CommandContext): Promise<void> {
    const callOff = { type: 'CallOffErasure', subject: context.workspace } as const;
    await this.parts.handler.handle(erasureDecider, erasure, callOff, context);
    const state = await this.state(erasure, context.workspace);
    await this.#close(
      erasure,
      (state.requested?.targets ?? []).map((target) => nameOf(target, context)),
    );
  }

  state(erasure: string, workspace: string): Promise<ErasureState> {
    return this.parts.handler.stateOf(erasureDecider, erasure, workspace);
  }

  /** What a law would keep of a person who is erased now. */
  keptOf(target: ErasureTarget, workspace: string): Promise<readonly KeptClass[]> {
    return this.parts.kept(target, workspace);
  }

  /** Where it stands now; a hold or a delay is looked up, not remembered. */
  async standing(erasure: string, workspace: string): Promise<ErasureStanding> {
    const state = await this.state(erasure, workspace);
    if (state.calledOff) return 'CALLED_OFF';
    const all = state.requested?.targets.length ?? 0;
    if (state.certified.size === all && all > 0) return 'CERTIFIED';
    if (state.startedAt !== null) return state.carriedOut.size === all ? 'CARRIED_OUT' : 'RUNNING';
    return waiting(state, await this.#given(state, workspace)) ?? 'RUNNING';
  }

  /** Carries the erasure out as far as it may go now. Idempotent. Errors: those of the stores and of the ledger. */
  advance(erasure: string, workspace: string): Promise<ErasureStanding> {
    return this.#serial.run(erasure, async () => {
      const open = (await this.parts.stateStore.get(OPEN, erasure)) as unknown as Open | null;
      if ((await this.state(erasure, workspace)).requested === null) {
        // A crash came before the request itself: nobody was told that it was taken.
        await this.#close(erasure, open?.targets ?? []);
        throw new CrmError('NOT_FOUND', { field: 'id' });
      }
      const before = await this.standing(erasure, workspace);
      if (open === null || before !== 'RUNNING') {
        if (open !== null && before === 'CARRIED_OUT') this.#certifyLater(erasure, open);
        return before;
      }
      await this.#carryOut(erasure, open);
      this.#certifyLater(erasure, open);
      return this.standing(erasure, workspace);
    });
  }

  /** Takes up everything that may go on: after a start, when a hold was lifted, and from time to time for what has come due. */
  async resume(workspace?: string): Promise<void> {
    for (const { key: erasure, value } of await this.parts.stateStore.list(OPEN)) {
      const { context } = value as unknown as Open;
      if (workspace !== undefined && workspace !== context.workspace) continue;
      await this.advance(erasure, context.workspace).catch((error: unknown) => this.parts.report(erasure, error));
    }
    if (workspace === undefined) await this.#endWhatIsOver();
  }

  /** Whether anybody in the workspace is under a hold. */
  isHeld(workspace: string): Promise<boolean> {
    return this.parts.heldIn(workspace);
  }

  /** Whether an erasure of a whole workspace would have to wait: for somebody's approval, for time to pass, or for a hold to be lifted. */
  async isGuarded(workspace: string): Promise<boolean> {
    const { approval } = await this.parts.safeguards(workspace);
    return approval !== 'NONE' || this.parts.heldIn(workspace);
  }

  /** Drops what was asked for in a workspace that goes as a whole, but that itself. Answers how many requests. */
  async drop(workspace: string, but: string | undefined): Promise<number> {
    let dropped = 0;
    for (const { key: erasure, value } of await this.parts.stateStore.list(OPEN)) {
      const { context, targets } = value as unknown as Open;
      if (context.workspace !== workspace || erasure === but) continue;
      await this.#close(erasure, targets);
      dropped += 1;
    }
    return dropped;
  }

  /** Resolves once nothing is under way in the background. */
  async settled(): Promise<void> {
    await this.#inBackground;
  }

  async #record(erasure: string, request: ErasureRequest, context: CommandContext): Promise<void> {
    const { handler, clock } = this.parts;
    const { targets, kind, reason, note } = request;
    const { approval: waitsFor, delayHours } = await this.parts.safeguards(context.workspace);
    const dueAt = waitsFor === 'DELAY' ? instant(clock.now() + delayHours * HOUR_MS) : undefined;
    const data = { subject: context.workspace, targets: [...targets], kind, reason, note };
    const command = { type: 'RequestErasure', data, given: { waitsFor, dueAt } } as const;
    await this.#open(erasure, request, context);
    await handler.handle(erasureDecider, erasure, command, context);
  }

  async #carryOut(erasure: string, { context }: Open): Promise<void> {
    const { handler, eraser } = this.parts;
    const { workspace } = context;
    const unnamed = { ...context, commandId: null };
    const given = await this.#given(await this.state(erasure, workspace), workspace);
    await handler.handle(erasureDecider, erasure, { type: 'StartErasure', subject: workspace, given }, unnamed);
    const { requested, carriedOut } = await this.state(erasure, workspace);
    const { kind, reason, targets } = requested!;
    for (const target of targets) {
      const { record, subject, controller, kind: recordKind = 'CONTACT' } = target;
      if (carriedOut.has(subject)) continue;
      const kept = await this.parts.kept(target, workspace);
      const order = { record, recordKind, subject, kind, reason, erasure, kept };
      const carried = await eraser.erase(order, { ...unnamed, workspace: workspaceOf(target, context), controller });
      const data = carriedOutData(workspace, subject, carried);
      await handler.handle(erasureDecider, erasure, { type: 'RecordCarriedOut', data }, unnamed);
    }
  }

  #certifyLater(erasure: string, open: Open): void {
    const certified = this.#serial
      .run(`certify ${erasure}`, () => this.#certify(erasure, open))
      .catch((error: unknown) => this.parts.report(erasure, error));
    this.#inBackground = Promise.all([this.#inBackground, certified]);
  }

  async #certify(erasure: string, { context, targets }: Open): Promise<void> {
    const { handler, clock, certificateKey, installation, rewritten, answersKeptMs } = this.parts;
    const { workspace } = context;
    const { requested, startedAt, carriedOut, certified } = await this.state(erasure, workspace);
    if (requested === null || startedAt === null) return;
    const last =
      [...carriedOut.values()]
        .map(({ position }) => position)
        .sort()
        .at(-1) ?? '';
    const readStoreRewritten = await rewritten(last);
    const lastKeyBackupExpires = await this.parts.lastKeyBackupExpires();
    for (const target of requested.targets) {
      const done = carriedOut.get(target.subject);
      if (done === undefined || certified.has(target.subject)) continue;
      const issuedAt = instant(clock.now());
      const certificate = certificateText(requested, target, done, {
        ...{ installation, workspace: workspaceOf(target, context), erasure, startedAt, issuedAt },
        ...{ readStoreRewritten, lastKeyBackupExpires, answersKeptMs },
      });
      const { keyId, signature } = await certificateKey.sign(certificate);
      const data = { subject: workspace, target: target.subject, certificate, keyId, signature };
      const unnamed = { ...context, commandId: null };
      await handler.handle(erasureDecider, erasure, { type: 'RecordCertified', data }, unnamed);
    }
    await this.#close(erasure, targets);
  }

  /** Classes that a law has kept go by themselves when their day is over. */
  async #endWhatIsOver(): Promise<void> {
    const now = instant(this.parts.clock.now());
    const today = now.slice(0, 10);
    if (this.#keptLookedAt === today) return;
    let all = true;
    for (const { name, value } of await this.parts.eraser.kept()) {
      if (!isOver(value.kept.until, now)) continue;
      await this.#serial
        .run(`kept ${name}`, () => this.#endKept(name, value))
        .catch((error: unknown) => {
          all = false;
          this.parts.report(value.order.erasure ?? name, error);
        });
    }
    if (all) this.#keptLookedAt = today;
  }

  /** The key first; of it a further certificate, where the history knows of the erasure (restored data may not). */
  async #endKept(name: string, ended: KeptOfErased): Promise<void> {
    const { handler, eraser, clock, certificateKey, installation } = this.parts;
    const { order, context, kept } = ended;
    const { erasure, subject: target } = order;
    const { workspace } = context;
    const destroyed = await eraser.endKept(ended);
    if (erasure !== undefined && (await this.state(erasure, workspace)).requested !== null) {
      const keys = destroyed.map(({ class: each, fingerprint }) => ({ class: each, fingerprint }));
      const certificate = endedText(ended, keys, {
        ...{ installation, issuedAt: instant(clock.now()) },
        lastKeyBackupExpires: await this.parts.lastKeyBackupExpires(),
      });
      const { keyId, signature } = await certificateKey.sign(certificate);
      const data = { subject: workspace, target, ...kept, keys, certificate, keyId, signature };
      const unnamed = { ...context, commandId: null };
      await handler.handle(erasureDecider, erasure, { type: 'RecordRetentionEnded', data }, unnamed);
    }
    await eraser.forgetKept(name);
  }

  /** An erasure by which all of these people were erased already, or that is under way for them. */
  async #earlier({ targets, kind }: ErasureRequest, context: CommandContext): Promise<string | null> {
    const found = new Set<string | null>();
    for (const target of targets) {
      const within = workspaceOf(target, context);
      const { erased, erasure } = await this.parts.handler.stateOf(subjectDecider, target.subject, within);
      const done = erased === 'ERASE' || erased === kind ? erasure : null;
      found.add(done ?? (await this.#openErasureOf(nameOf(target, context), kind, context.workspace)));
    }
    const [only] = found;
    return found.size === 1 ? (only ?? null) : null;
  }

  async #openErasureOf(target: string, kind: ErasureKind, workspace: string): Promise<string | null> {
    const open = (await this.parts.stateStore.get(OPEN_OF, target)) as { erasure: string } | null;
    if (open === null) return null;
    const { requested, calledOff } = await this.state(open.erasure, workspace);
    return requested?.kind === kind && !calledOff ? open.erasure : null;
  }

  async #open(erasure: string, { targets }: ErasureRequest, context: CommandContext): Promise<void> {
    const { stateStore } = this.parts;
    const names = targets.map((target) => nameOf(target, context));
    const open: Open = { context, targets: names };
    await stateStore.put(OPEN, erasure, open as unknown as Json);
    await Promise.all(names.map((name) => stateStore.put(OPEN_OF, name, { erasure })));
  }

  async #close(erasure: string, targets: readonly string[]): Promise<void> {
    const { stateStore } = this.parts;
    for (const key of targets) {
      const open = (await stateStore.get(OPEN_OF, key)) as { erasure: string } | null;
      if (open?.erasure === erasure) await stateStore.remove(OPEN_OF, key);
    }
    await stateStore.remove(OPEN, erasure);
  }

  async #given({ requested }: ErasureState, workspace: string): Promise<{ now: string; held: boolean }> {
    const held = await Promise.all((requested?.targets ?? []).map((target) => this.#isHeld(target, workspace)));
    return { now: instant(this.parts.clock.now()), held: held.includes(true) };
  }

  async #isHeld(target: ErasureTarget, workspace: string): Promise<boolean> {
    const { handler, heldIn } = this.parts;
    const within = workspaceOf(target, { workspace });
    if (target.kind === 'WORKSPACE') return heldIn(within);
    const { holds } = await handler.stateOf(holdDecider, target.subject, within);
    return Object.keys(holds).length > 0;
  }
}

const carriedOutData = (workspace: string, target: string, { keys, receipts, kept }: Carried) => ({
  subject: workspace,
  target,
  keys: keys.map(({ class: each, fingerprint }) => ({ class: each, fingerprint })),
  receipts: [...receipts],
  kept: kept.length === 0 ? undefined : [...kept],
});
