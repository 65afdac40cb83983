import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { type Safeguards as Kept, safeguardDecider } from '../../src/privacy/safeguards/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { ApprovalEnum, type OneOf } from '../enums.js';

@Allow('safeguards:read')
@ObjectType({ simpleResolvers: true, description: 'How the workspace guards its erasures and anonymisations.' })
class Safeguards {
  @Field(() => Int, { description: 'An anonymised person who shares what is left with fewer people is DEIDENTIFIED.' })
  anonymityBound!: number;

  @Field(() => ApprovalEnum)
  approval!: OneOf<typeof ApprovalEnum>;

  @Field(() => Int, { description: 'With DELAY: how long an erasure can still be called off.' })
  delayHours!: number;

  @Field({
    description:
      'Whether a person who has asked to be erased is told by mail what was done, where they have an address.',
  })
  answersPeople!: boolean;
}

@InputType({ description: 'What is left out stays as it is.' })
class SetSafeguardsInput extends CommandInput {
  @Field(() => Int, { nullable: true, description: 'From 2 to 1000.' })
  anonymityBound?: number | null;

  @Field(() => ApprovalEnum, { nullable: true })
  approval?: OneOf<typeof ApprovalEnum> | null;

  @Field(() => Int, { nullable: true, description: 'From 1 to 720.' })
  delayHours?: number | null;

  @Field(() => Boolean, { nullable: true })
  answersPeople?: boolean | null;
}

const safeguardsIn = ({ services, workspace }: Context): Promise<Kept> =>
  services.handler.stateOf(safeguardDecider, workspace, workspace);

@Resolver()
export class SafeguardResolver {
  @Allow('safeguards:read')
  @Query(() => Safeguards)
  safeguards(@Ctx() context: Context): Promise<Kept> {
    return safeguardsIn(context);
  }

  @Allow('safeguards:write')
  @Mutation(() => Safeguards)
  async setSafeguards(@Arg('input') input: SetSafeguardsInput, @Ctx() context: Context): Promise<Kept> {
    const { workspace } = context;
    const set = {
      type: 'SetSafeguards',
      subject: workspace,
      anonymityBound: input.anonymityBound ?? undefined,
      approval: input.approval ?? undefined,
      delayHours: input.delayHours ?? undefined,
      answersPeople: input.answersPeople ?? undefined,
    } as const;
    await context.handle(safeguardDecider, workspace, set, context.command(input.commandId), { shownIn: ['history'] });
    return safeguardsIn(context);
  }
}
