import { type Refusal, refuse } from '../kernel/decider.js';

/** What every record that can be put in the bin has in common. */
export interface RecordState {
  readonly exists: boolean;
  readonly deleted: boolean;
}

export const noRecord: RecordState = { exists: false, deleted: false };

/** Decides only for a record that exists and is not in the bin. */
export const whileLive = <T>(state: RecordState, decide: () => T): T | Refusal => {
  if (!state.exists) return refuse('NOT_FOUND', 'id');
  return state.deleted ? refuse('DELETED', 'id') : decide();
};

export const whileDeleted = <T>(state: RecordState, decide: () => T): T | Refusal => {
  if (!state.exists) return refuse('NOT_FOUND', 'id');
  return state.deleted ? decide() : refuse('NOT_DELETED', 'id');
};

/** Decides only where no record is yet. */
export const whileAbsent = <T>(state: RecordState, decide: () => T): T | Refusal =>
  state.exists ? refuse('CONFLICT') : decide();
