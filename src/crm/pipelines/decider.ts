import { type Decider, refuse } from '../../kernel/decider.js';
import { pipelineEvents, type Stage } from './events.js';

export interface PipelineState {
  readonly stages: readonly Stage[];
}

export type PipelineCommand = {
  readonly type: 'DefinePipeline';
  readonly subject: string;
  readonly name: string;
  readonly stages: readonly (Stage & { readonly name: string })[];
};

export const pipelineDecider: Decider<PipelineState, PipelineCommand, typeof pipelineEvents> = {
  category: 'pipeline',
  events: pipelineEvents,
  keyClass: 'content',
  initial: { stages: [] },

  decide({ subject, name, stages }) {
    if (new Set(stages.map((stage) => stage.id)).size !== stages.length) return refuse('BAD_USER_INPUT', 'stages');
    const stageNames = Object.fromEntries(stages.map((stage) => [stage.id, stage.name]));
    return [
      {
        type: 'PipelineDefined',
        data: { subject, name, stageNames, stages: stages.map(({ id, outcome }) => ({ id, outcome })) },
      },
    ];
  },

  evolve: (_state, event) => ({ stages: event.data.stages }),
};
