import { type Decider, type Refusal, refuse } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import type { Approval } from '../safeguards/events.js';
import {
  type ErasureKind,
  type ErasureReason,
  type ErasureTarget,
  erasureProgressEvents,
  erasureRequestEvents,
} from './events.js';

const events = { ...erasureRequestEvents, ...erasureProgressEvents };
type Data<K extends keyof typeof events> = Extract<NewEvent<typeof events>, { type: K }>['data'];

export type ErasureCommand =
  | {
      readonly type: 'RequestErasure';
      readonly data: Omit<Data<'ErasureRequested'>, 'waitsFor' | 'dueAt'>;
      /** What the workspace's safeguards ask for now. */
      readonly given: Pick<Data<'ErasureRequested'>, 'waitsFor' | 'dueAt'>;
    }
  | { readonly type: 'ApproveErasure'; readonly subject: string; readonly by: string }
  | { readonly type: 'CallOffErasure'; readonly subject: string }
  | {
      readonly type: 'StartErasure';
      readonly subject: string;
      /** Now, and whether one of the people is under a hold. */
      readonly given: { readonly now: string; readonly held: boolean };
    }
  | { readonly type: 'RecordCarriedOut'; readonly data: Data<'ErasureCarriedOut'> }
  | { readonly type: 'RecordCertified'; readonly data: Data<'ErasureCertified'> }
  | { readonly type: 'RecordRetentionEnded'; readonly data: Data<'RetentionEnded'> };

export interface Requested {
  readonly by: string;
  readonly at: string;
  readonly targets: readonly ErasureTarget[];
  readonly kind: ErasureKind;
  readonly reason: ErasureReason;
  readonly waitsFor: Approval;
  readonly dueAt: string | undefined;
}

/** What was done for one person. */
export interface CarriedOut {
  readonly at: string;
  readonly position: string;
  readonly data: Data<'ErasureCarriedOut'>;
}

export interface ErasureState {
  readonly requested: Requested | null;
  readonly approvedBy: string | null;
  readonly calledOff: boolean;
  readonly startedAt: string | null;
  /** By subject. */
  readonly carriedOut: ReadonlyMap<string, CarriedOut>;
  readonly certified: ReadonlyMap<string, Data<'ErasureCertified'>>;
  /** Classes that a law kept and that are gone now, by `endedName`. */
  readonly ended: ReadonlyMap<string, Ended>;
}

export type Ended = Data<'RetentionEnded'> & { readonly at: string };

const endedName = ({ target, class: each }: { readonly target: string; readonly class: string }): string =>
  `${target} ${each}`;

/** What an erasure waits for, as a code: `null` where it may start. */
export const waiting = (
  { requested, approvedBy }: Pick<ErasureState, 'requested' | 'approvedBy'>,
  { now, held }: { readonly now: string; readonly held: boolean },
): 'AWAITING_APPROVAL' | 'SCHEDULED' | 'ON_HOLD' | null => {
  if (held) return 'ON_HOLD';
  if (requested?.waitsFor === 'SECOND_PERSON' && approvedBy === null) return 'AWAITING_APPROVAL';
  if (requested?.waitsFor === 'DELAY' && now < (requested.dueAt ?? '')) return 'SCHEDULED';
  return null;
};

type Decision = readonly NewEvent<typeof events>[] | Refusal;

const whileOpen = ({ calledOff, startedAt }: ErasureState, decide: () => Decision): Decision => {
  if (calledOff) return refuse('ERASURE_CALLED_OFF', 'id');
  return startedAt === null ? decide() : refuse('ERASURE_STARTED', 'id');
};

const decideOnRequest = (command: ErasureCommand, state: ErasureState): Decision => {
  if (command.type === 'RequestErasure') {
    const data = { ...command.data, ...command.given };
    return state.requested === null ? [{ type: 'ErasureRequested', data }] : [];
  }
  if (state.requested === null) return refuse('NOT_FOUND', 'id');
  switch (command.type) {
    case 'ApproveErasure':
      return whileOpen(state, () => {
        if (state.requested?.waitsFor !== 'SECOND_PERSON' || state.approvedBy !== null) return [];
        if (command.by === state.requested.by) return refuse('SECOND_PERSON_REQUIRED');
        return [{ type: 'ErasureApproved', data: { subject: command.subject } }];
      });
    case 'CallOffErasure':
      if (state.calledOff) return [];
      return whileOpen(state, () => [{ type: 'ErasureCalledOff', data: { subject: command.subject } }]);
    case 'StartErasure':
      if (state.calledOff) return refuse('ERASURE_CALLED_OFF', 'id');
      if (state.startedAt !== null || waiting(state, command.given) !== null) return [];
      return [{ type: 'ErasureStarted', data: { subject: command.subject } }];
    case 'RecordCarriedOut':
      return state.carriedOut.has(command.data.target) ? [] : [{ type: 'ErasureCarriedOut', data: command.data }];
    case 'RecordCertified':
      return state.certified.has(command.data.target) ? [] : [{ type: 'ErasureCertified', data: command.data }];
    case 'RecordRetentionEnded':
      return state.ended.has(endedName(command.data)) ? [] : [{ type: 'RetentionEnded', data: command.data }];
  }
};

/** One stream per request, over one person or several. */
export const erasureDecider: Decider<ErasureState, ErasureCommand, typeof events> = {
  category: 'erasure',
  events,
  keyClass: 'content',
  initial: {
    requested: null,
    approvedBy: null,
    calledOff: false,
    startedAt: null,
    carriedOut: new Map(),
    certified: new Map(),
    ended: new Map(),
  },
  decide: decideOnRequest,

  evolve(state, event) {
    switch (event.type) {
      case 'ErasureRequested': {
        const { targets, kind, reason, waitsFor, dueAt } = event.data;
        const { actor: by, recordedAt: at } = event;
        return { ...state, requested: { by, at, targets, kind, reason, waitsFor, dueAt } };
      }
      case 'ErasureApproved':
        return { ...state, approvedBy: event.actor };
      case 'ErasureCalledOff':
        return { ...state, calledOff: true };
      case 'ErasureStarted':
        return { ...state, startedAt: event.recordedAt };
      case 'ErasureCarriedOut': {
        const { data, recordedAt: at, position } = event;
        return { ...state, carriedOut: new Map(state.carriedOut).set(data.target, { at, position, data }) };
      }
      case 'ErasureCertified':
        return { ...state, certified: new Map(state.certified).set(event.data.target, event.data) };
      case 'RetentionEnded': {
        const ended = { ...event.data, at: event.recordedAt };
        return { ...state, ended: new Map(state.ended).set(endedName(ended), ended) };
      }
    }
  },
};
