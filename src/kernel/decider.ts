import type { ErrorCode } from '../errors.js';
import type { EventDefinitions, FoldedEvent, NewEvent } from './event.js';
import type { RetentionClass } from './personal.js';

/** A decision not to act, as a value: an expected outcome with a code from the table, not a bug. */
export interface Refusal {
  readonly refused: ErrorCode;
  readonly field?: string;
}

export const refuse = (code: ErrorCode, field?: string): Refusal => ({ refused: code, field });

export const isRefusal = (decision: readonly unknown[] | Refusal): decision is Refusal => 'refused' in decision;

/**
 * What may happen in one stream (the decider pattern, Jérémie Chassaing, "Functional Event Sourcing Decider", 2021).
 * Pure: no clock, no store, no `async`; personal fields pass through as sealed handles and are never opened to decide.
 */
export interface Decider<State, Command, Definitions extends EventDefinitions> {
  /** First part of the stream's name; the second is an id. */
  readonly category: string;
  readonly events: Definitions;
  /** The class of the key that binds a command's payload digest to the subject. */
  readonly keyClass: RetentionClass;
  readonly initial: State;
  /** No events: nothing to do, and that is fine. */
  decide(command: Command, state: State): readonly NewEvent<Definitions>[] | Refusal;
  evolve(state: State, event: FoldedEvent<Definitions>): State;
}

export const streamOf = (decider: { readonly category: string }, id: string): string => `${decider.category}-${id}`;
