import { z } from 'zod';
import { defineEvents, event, open, personal, subject } from '../../kernel/event.js';
import { code, line } from '../../kernel/values.js';

export const outcomes = ['OPEN', 'WON', 'LOST'] as const;
export type Outcome = (typeof outcomes)[number];

const stage = z.object({ id: code, outcome: z.enum(outcomes) });
export type Stage = z.infer<typeof stage>;

/** The stages that deals of a workspace go through. Their names are text that people enter; their ids are codes. */
export const pipelineEvents = defineEvents({
  PipelineDefined: event(1, {
    subject: subject(),
    stages: open(z.array(stage).min(1).max(50)),
    name: personal(line(100), 'content.text', 'content'),
    stageNames: personal(z.record(code, line(100)), 'content.text', 'content'),
  }),
});
