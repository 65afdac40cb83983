import { CrmError, errorTable, isCrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import type { SealingLease, Vault } from '../vault/port.js';
import { commandDigest, sealField } from '../vault/seal.js';
import { type Clock, instant } from './clock.js';
import { type Decider, isRefusal, streamOf } from './decider.js';
import type { EventToAppend, Position, StoredEvent } from './envelope.js';
import { checkData, type EventDefinition, type EventDefinitions, foldedEvent, type NewEvent } from './event.js';
import { derivedId, type Ids, type RandomBytes } from './ids.js';
import { BoundedMap, SerialByKey } from './memory.js';
import type { RetentionClass, SealedField } from './personal.js';

/** Who asks for what, from where. Ids only. */
export interface CommandContext {
  readonly workspace: string;
  /** Whose data is made by this command; a stream that exists keeps the controller it began with. */
  readonly controller: string;
  readonly actor: string;
  /** Given by the caller: sent again, the command acts once and answers alike. */
  readonly commandId: string | null;
  readonly correlationId: string;
  readonly causationId?: string;
}

export interface Handled {
  readonly stream: string;
  /** Number of events in the stream after the command: what `expectedVersion` is held against. */
  readonly version: number;
  /** Of the last event of the stream that this command wrote, or that was there when nothing had to be written. */
  readonly position: Position;
}

/** What is remembered of a command that had an id. */
interface PastCommand {
  readonly version: number;
  readonly position: Position;
  readonly subject: string;
  /** `null` where the command was about what comes after an erasure, and there was no key left to make one with. */
  readonly digest: string | null;
}

/** An event as it was decided, with values that fit its definition. */
interface CheckedEvent {
  readonly type: string;
  readonly definition: EventDefinition;
  readonly values: Record<string, unknown>;
}

interface Fold<State> {
  readonly state: State;
  /** -1 where there is no stream. */
  readonly revision: number;
  readonly position: Position;
  readonly workspace: string;
  readonly controller: string;
  readonly commands: ReadonlyMap<string, PastCommand>;
}

export interface CommandHandlerParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: RandomBytes;
  /** Whether other processes append to the same store: then nothing is refused, nor told, on what may be out of date. */
  readonly shared?: boolean;
}

/** Appends that were beaten by another writer are decided anew this often, then CONFLICT. */
const MAX_RETRIES = 3;
const MAX_CACHED_FOLDS = 20_000;
const MAX_FRESH_IDS = 1_000;

/**
 * Load, fold, decide, seal, append (design.md, "Two ways through it"). Optimistic: the append's expected revision
 * decides, so folds may be cached. Commands on one stream queue up within the process, and meet conflicts only with
 * other processes.
 */
export class CommandHandler {
  readonly #folds = new BoundedMap<string, Fold<unknown>>(MAX_CACHED_FOLDS);
  readonly #serial = new SerialByKey();
  /** Ids that were made here and not used yet: nobody needs to look whether there is a stream of that name. */
  readonly #fresh = new BoundedMap<string, true>(MAX_FRESH_IDS);

  constructor(private readonly parts: CommandHandlerParts) {}

  /** The id of a record that a command is about to make: the same for the same command, otherwise new. */
  newId(context: CommandContext, kind: string): string {
    if (context.commandId === null) {
      const id = this.parts.ids.next();
      this.#fresh.set(id, true);
      return id;
    }
    return derivedId(kind, context.workspace, context.actor, context.commandId);
  }

  /**
   * Carries out a command on the stream of one record.
   * Errors: what the decider refuses with; NOT_FOUND also where the stream belongs to another workspace;
   * VERSION_CONFLICT, CONFLICT, IDEMPOTENCY_CONFLICT, SUBJECT_ERASED, BAD_USER_INPUT, and the event store's.
   */
  handle<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
    command: Command,
    context: CommandContext,
    expectedVersion?: number,
  ): Promise<Handled> {
    const stream = streamOf(decider, id);
    return this.#serial.run(stream, async () => {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#attemptOnNewest(decider, stream, command, context, expectedVersion);
        } catch (error) {
          if (!isCrmError(error, 'WRONG_EXPECTED_REVISION')) throw error;
          this.#folds.delete(stream);
          if (attempt === MAX_RETRIES) throw new CrmError('CONFLICT', {}, { cause: error });
        }
      }
    });
  }

  /** The state of a record as its decider sees it, for a check across slices; `initial` where there is none or it is another workspace's. */
  async stateOf<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
    workspace: string,
  ): Promise<State> {
    const stream = streamOf(decider, id);
    if (this.parts.shared) this.#folds.delete(stream);
    const fold = await this.#load(decider, stream);
    return fold.revision >= 0 && fold.workspace === workspace ? fold.state : decider.initial;
  }

  /** Who decides why a record is kept; `null` where there is none or it is another workspace's. */
  async controllerOf<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
    workspace: string,
  ): Promise<string | null> {
    const fold = await this.#load(decider, streamOf(decider, id));
    return fold.revision >= 0 && fold.workspace === workspace ? fold.controller : null;
  }

  /** Drops what is remembered of a record: for an erasure. */
  forget(decider: { readonly category: string }, id: string): void {
    this.#folds.delete(streamOf(decider, id));
  }

  /** An append is held against the store; what comes of no append, where others append too, is decided on what is there now. */
  async #attemptOnNewest<State, Command, D extends EventDefinitions>(
    ...attempt: [Decider<State, Command, D>, string, Command, CommandContext, number | undefined]
  ): Promise<Handled> {
    const [, stream] = attempt;
    const before = this.#folds.get(stream);
    if (!this.parts.shared || before === undefined) return this.#attempt(...attempt);
    try {
      const handled = await this.#attempt(...attempt);
      if (this.#folds.get(stream) !== before) return handled;
    } catch (error) {
      const isRefusal = error instanceof CrmError && error.code !== 'WRONG_EXPECTED_REVISION';
      if (!isRefusal || errorTable[error.code].status >= 500) throw error;
    }
    this.#folds.delete(stream);
    return this.#attempt(...attempt);
  }

  /** Drops what is remembered of every record of a workspace. Answers of how many. */
  forgetWorkspace(workspace: string): number {
    return this.#folds.deleteWhere((fold) => fold.workspace === workspace);
  }

  async #attempt<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    stream: string,
    command: Command,
    context: CommandContext,
    expectedVersion: number | undefined,
  ): Promise<Handled> {
    const fold = await this.#load(decider, stream);
    if (fold.revision >= 0 && fold.workspace !== context.workspace) throw new CrmError('NOT_FOUND', { field: 'id' });
    const past =
      context.commandId === null ? undefined : fold.commands.get(commandKey(context.actor, context.commandId));
    if (past !== undefined) return this.#repeated(decider, stream, past, command, context);
    if (expectedVersion !== undefined && fold.revision >= 0 && expectedVersion !== fold.revision + 1) {
      throw new CrmError('VERSION_CONFLICT', {
        field: 'expectedVersion',
        expected: expectedVersion,
        actual: fold.revision + 1,
      });
    }
    const decision = decider.decide(command, fold.state);
    if (isRefusal(decision)) throw new CrmError(decision.refused, { field: decision.field });
    if (decision.length === 0) return { stream, version: fold.revision + 1, position: fold.position };
    return this.#append(decider, stream, fold, decision, command, context);
  }

  async #load<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    stream: string,
  ): Promise<Fold<State>> {
    const cached = this.#folds.get(stream) as Fold<State> | undefined;
    if (cached !== undefined) return cached;
    const id = stream.slice(streamOf(decider, '').length);
    if (this.#fresh.get(id)) {
      this.#fresh.delete(id);
      return emptyFold(decider.initial);
    }
    const stored = await this.parts.eventStore.readStream(stream);
    const fold = foldOnto(decider, emptyFold(decider.initial), stored);
    if (stored.length > 0) this.#folds.set(stream, fold);
    return fold;
  }

  async #repeated<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    stream: string,
    past: PastCommand,
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    const handled = { stream, version: past.version, position: past.position };
    if (past.digest === null) return handled;
    const ref = { workspace: context.workspace, subject: past.subject, class: decider.keyClass };
    const [key] = await this.parts.vault.openingKeys([ref]);
    if (!key) throw new CrmError('SUBJECT_ERASED');
    if (commandDigest(key, payloadOf(command)) !== past.digest)
      throw new CrmError('IDEMPOTENCY_CONFLICT', { field: 'commandId' });
    return handled;
  }

  async #append<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    stream: string,
    fold: Fold<State>,
    decision: readonly NewEvent<D>[],
    command: Command,
    context: CommandContext,
  ): Promise<Handled> {
    const subject = oneSubject(decision);
    // Before anything is made of them, so that the refusal names the field.
    const checked = decision.map(({ type, data }) => {
      const definition = decider.events[type] as EventDefinition;
      return { type, definition, values: checkData(type, definition, data as Record<string, unknown>) };
    });
    const fenced = decision.some((each) => decider.events[each.type]?.afterErasure !== true);
    const lease = fenced
      ? await this.parts.vault.lease(context.workspace, subject, classesOf(decider, decision))
      : null;
    try {
      const digest =
        lease === null || context.commandId === null
          ? null
          : commandDigest(lease.key(decider.keyClass), payloadOf(command));
      const controller = fold.revision >= 0 ? fold.controller : context.controller;
      const events = this.#seal(stream, subject, checked, lease, { ...context, controller }, digest);
      const result = await this.parts.eventStore.append(
        stream,
        events,
        fold.revision >= 0 ? fold.revision : 'no-stream',
        () => lease?.assertHeld(),
      );
      const first = fold.revision + 1;
      const stored = events.map((each, index) => ({
        ...each,
        stream,
        revision: first + index,
        position: result.position,
      }));
      this.#folds.set(stream, foldOnto(decider, fold, stored));
      return { stream, version: result.revision + 1, position: result.position };
    } finally {
      lease?.release();
    }
  }

  #seal(
    stream: string,
    subject: string,
    decision: readonly CheckedEvent[],
    lease: SealingLease | null,
    context: CommandContext,
    digest: string | null,
  ): EventToAppend[] {
    const recordedAt = instant(this.parts.clock.now());
    return decision.map(({ type, definition, values }, index) => {
      const id =
        context.commandId === null
          ? this.parts.ids.next()
          : derivedId(context.workspace, context.actor, context.commandId, stream, digest ?? '', String(index));
      return {
        id,
        type,
        schemaVersion: definition.version,
        recordedAt,
        workspace: context.workspace,
        controller: context.controller,
        subject,
        actor: context.actor,
        commandId: context.commandId,
        commandDigest: digest,
        correlationId: context.correlationId,
        causationId: context.causationId ?? null,
        ...this.#split({ id, type, subject }, definition, values, lease),
      };
    });
  }

  #split(
    of: { id: string; type: string; subject: string },
    definition: EventDefinition,
    values: Record<string, unknown>,
    lease: SealingLease | null,
  ): Pick<EventToAppend, 'open' | 'sealed'> {
    const opened: Record<string, never> = {};
    const sealed: Record<string, SealedField> = {};
    for (const [name, value] of Object.entries(values)) {
      const field = definition.fields[name]!;
      if (field.kind !== 'personal') opened[name] = value as never;
      else if (lease === null) throw new TypeError(`${of.type} is for after an erasure and cannot hold ${name}.`);
      else {
        const context = { eventId: of.id, type: of.type, subject: of.subject, class: field.class, field: name };
        sealed[name] = sealField(lease.key(field.class), context, value, this.parts.random);
      }
    }
    return { open: opened, sealed };
  }
}

const commandKey = (actor: string, commandId: string): string => `${actor} ${commandId}`;

const emptyFold = <State>(initial: State): Fold<State> => ({
  state: initial,
  revision: -1,
  position: '',
  workspace: '',
  controller: '',
  commands: new Map(),
});

const foldOnto = <State, Command, D extends EventDefinitions>(
  decider: Decider<State, Command, D>,
  fold: Fold<State>,
  events: readonly StoredEvent[],
): Fold<State> => {
  let { state, commands } = fold;
  for (const event of events) {
    state = decider.evolve(state, foldedEvent<D>(event));
    if (event.commandId === null) continue;
    commands = new Map(commands).set(commandKey(event.actor, event.commandId), {
      version: event.revision + 1,
      position: event.position,
      subject: event.subject,
      digest: event.commandDigest,
    });
  }
  const last = events.at(-1);
  if (last === undefined) return fold;
  const { revision, position, workspace, controller } = last;
  return { state, commands, revision, position, workspace, controller };
};

/** What the caller said: without `given`, which was looked up for the decision and may differ when it is sent again. */
const payloadOf = (command: unknown): unknown => {
  const { given: _given, ...payload } = command as { given?: unknown };
  return payload;
};

const oneSubject = (decision: readonly { readonly data: unknown }[]): string => {
  const subjects = new Set(decision.map(({ data }) => (data as { subject: string }).subject));
  const [subject] = subjects;
  if (subject === undefined || subjects.size !== 1) throw new TypeError('The events of one command have one subject.');
  return subject;
};

const classesOf = <State, Command, D extends EventDefinitions>(
  decider: Decider<State, Command, D>,
  decision: readonly NewEvent<D>[],
): RetentionClass[] => {
  const classes = new Set<RetentionClass>([decider.keyClass]);
  for (const { type, data } of decision) {
    for (const [name, field] of Object.entries((decider.events[type] as EventDefinition).fields)) {
      if (field.kind === 'personal' && (data as Record<string, unknown>)[name] !== undefined) classes.add(field.class);
    }
  }
  return [...classes];
};
