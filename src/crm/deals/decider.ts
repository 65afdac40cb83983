import { type Decider, type Refusal, refuse } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import type { Stage } from '../pipelines/events.js';
import { noRecord, type RecordState, whileAbsent, whileDeleted, whileLive } from '../record.js';
import { dealEvents } from './events.js';

type DealEvent = NewEvent<typeof dealEvents>;
type Data<K extends keyof typeof dealEvents> = Extract<DealEvent, { type: K }>['data'];

/** What the handler has looked up for the decision: the stages of the deal's pipeline. */
interface Given {
  readonly stages: readonly Stage[];
}

export type DealCommand =
  | { readonly type: 'CreateDeal'; readonly data: Omit<Data<'DealCreated'>, 'outcome'>; readonly given: Given }
  | {
      readonly type: 'UpdateDeal';
      readonly data: Data<'DealUpdated'>;
      /** The stage to move to; left out, the deal stays where it is. */
      readonly stage?: string;
      readonly given: Given;
    }
  | { readonly type: 'DeleteDeal'; readonly subject: string }
  | { readonly type: 'RestoreDeal'; readonly subject: string };

export interface DealState extends RecordState {
  readonly pipeline: string | null;
  readonly stage: string | null;
}

const withStage = (
  { stages }: Given,
  stageId: string,
  decide: (stage: Stage) => readonly DealEvent[],
): readonly DealEvent[] | Refusal => {
  const stage = stages.find((each) => each.id === stageId);
  return stage === undefined ? refuse('UNKNOWN_STAGE', 'stage') : decide(stage);
};

const updates = (command: Extract<DealCommand, { type: 'UpdateDeal' }>, state: DealState) => {
  const { data, stage, given } = command;
  const changed = Object.entries(data).some(([name, value]) => name !== 'subject' && value !== undefined);
  const updated: DealEvent[] = changed ? [{ type: 'DealUpdated', data }] : [];
  if (stage === undefined || stage === state.stage) return updated;
  return withStage(given, stage, ({ id, outcome }) => [
    ...updated,
    { type: 'DealStageChanged', data: { subject: data.subject, from: state.stage!, stage: id, outcome } },
  ]);
};

export const dealDecider: Decider<DealState, DealCommand, typeof dealEvents> = {
  category: 'deal',
  events: dealEvents,
  keyClass: 'content',
  initial: { ...noRecord, pipeline: null, stage: null },

  decide(command, state) {
    switch (command.type) {
      case 'CreateDeal':
        return whileAbsent(state, () =>
          withStage(command.given, command.data.stage, ({ outcome }) => [
            { type: 'DealCreated', data: { ...command.data, outcome } },
          ]),
        );
      case 'UpdateDeal':
        return whileLive(state, () => updates(command, state));
      case 'DeleteDeal':
        return whileLive(state, () => [{ type: 'DealDeleted', data: { subject: command.subject } }]);
      case 'RestoreDeal':
        return whileDeleted(state, () => [{ type: 'DealRestored', data: { subject: command.subject } }]);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'DealCreated':
        return { exists: true, deleted: false, pipeline: event.data.pipeline, stage: event.data.stage };
      case 'DealStageChanged':
        return { ...state, stage: event.data.stage };
      case 'DealDeleted':
        return { ...state, deleted: true };
      case 'DealRestored':
        return { ...state, deleted: false };
      default:
        return state;
    }
  },
};
