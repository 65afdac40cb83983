import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { type PipelineRow, pipelines, pipelinesByIds, pipelinesOf } from '../../projections/crm/pipelines.js';
import { pipelineDecider } from '../../src/crm/pipelines/decider.js';
import { CrmError } from '../../src/errors.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { type OneOf, OutcomeEnum } from '../enums.js';
import { CommandInput, CommandPayload } from './common.js';

/** Pipelines of a workspace are few: they come in one list. */
const MAX_PIPELINES = 100;

@Allow('pipeline:read')
@ObjectType({ simpleResolvers: true, description: 'A stage that deals go through.' })
export class Stage {
  @Field(() => ID, { description: 'A code, unique within the pipeline.' })
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => OutcomeEnum)
  outcome!: OneOf<typeof OutcomeEnum>;
}

@Allow('pipeline:read')
@ObjectType({ simpleResolvers: true, description: 'The stages of deals, in their order.' })
export class Pipeline {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string;

  @Field(() => [Stage])
  stages!: readonly Stage[];

  @Field(() => Int)
  version!: number;
}

@InputType()
class StageInput {
  @Field(() => ID)
  id!: string;

  @Field()
  name!: string;

  @Field(() => OutcomeEnum, { defaultValue: 'OPEN' })
  outcome!: OneOf<typeof OutcomeEnum>;
}

@InputType({ description: 'Defines a pipeline anew; deals keep the stages they are in.' })
class DefinePipelineInput extends CommandInput {
  @Field(() => ID, { nullable: true, description: 'Left out: a new pipeline.' })
  id?: string | null;

  @Field()
  name!: string;

  @Field(() => [StageInput])
  stages!: StageInput[];

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;
}

@ObjectType({ simpleResolvers: true })
class PipelinePayload extends CommandPayload {
  @Field(() => Pipeline)
  pipeline!: Pipeline;
}

export const toPipeline = ({ id, name, stages, version }: PipelineRow): Pipeline => ({ id, name, stages, version });

@Resolver(() => Pipeline)
export class PipelineResolver {
  @Allow('pipeline:read')
  @Query(() => [Pipeline], { description: 'The first made first: deals go into that one unless another is named.' })
  async pipelines(@Ctx() context: Context): Promise<Pipeline[]> {
    return (await pipelinesOf(context.services.readStore, context.workspace, MAX_PIPELINES)).map(toPipeline);
  }

  @Allow('pipeline:write')
  @Mutation(() => PipelinePayload)
  async definePipeline(@Arg('input') input: DefinePipelineInput, @Ctx() context: Context): Promise<PipelinePayload> {
    const { commandId, expectedVersion, name, stages } = input;
    const command = context.command(commandId);
    const id = input.id ?? context.services.handler.newId(command, 'pipeline');
    if (input.id !== undefined && input.id !== null) await stagesOf(input.id, 'input.id', context);
    const define = {
      type: 'DefinePipeline',
      subject: context.workspace,
      name,
      stages: stages.map((each) => ({ ...each })),
    } as const;
    const options = { expectedVersion, shownIn: [pipelines.name, 'history'] };
    const { version, position } = await context.handle(pipelineDecider, id, define, command, options);
    const [row] = await pipelinesByIds(context.services.readStore, [id]);
    return { pipeline: toPipeline(row!), version, position };
  }
}

/** The stages of a pipeline. Error: NOT_FOUND where the workspace has no such pipeline. */
export const stagesOf = async (id: string, field: string, context: Context) => {
  const { stages } = await context.services.handler.stateOf(pipelineDecider, id, context.workspace);
  if (stages.length === 0) throw new CrmError('NOT_FOUND', { field });
  return stages;
};
