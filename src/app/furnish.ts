import { type PipelineCommand, pipelineDecider } from '../crm/pipelines/decider.js';
import type { CommandContext, CommandHandler, Handled } from '../kernel/commandHandler.js';
import { derivedId } from '../kernel/ids.js';

const STAGES: PipelineCommand['stages'] = [
  { id: 'prospecting', name: 'Prospecting', outcome: 'OPEN' },
  { id: 'engaging', name: 'Engaging', outcome: 'OPEN' },
  { id: 'won', name: 'Won', outcome: 'WON' },
  { id: 'lost', name: 'Lost', outcome: 'LOST' },
];

/** What a new workspace begins with: a pipeline, so that the first deal has somewhere to go. */
export const furnish =
  (handler: CommandHandler) =>
  async (context: CommandContext): Promise<Handled> => {
    const { workspace } = context;
    return handler.handle(
      pipelineDecider,
      derivedId('pipeline', workspace),
      { type: 'DefinePipeline', subject: workspace, name: 'Sales', stages: STAGES },
      context,
    );
  };
