import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { retentionDecider } from '../../src/privacy/retention/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { KeepableClassEnum, type OneOf } from '../enums.js';

@Allow('safeguards:read')
@ObjectType({
  simpleResolvers: true,
  description:
    "Why a class of people's data stays readable for a legal obligation after they were erased, and how long.",
})
class RetentionGround {
  @Field(() => KeepableClassEnum)
  class!: OneOf<typeof KeepableClassEnum>;

  @Field({ description: 'The law, as a code like DE-AO-147.' })
  law!: string;

  @Field(() => Int, { description: 'Counted from the end of the year in which the last entry of the class was made.' })
  years!: number;
}

@InputType()
class SetRetentionGroundInput extends CommandInput {
  @Field(() => KeepableClassEnum)
  class!: OneOf<typeof KeepableClassEnum>;

  @Field({ description: 'The law, as a code like DE-AO-147: capitals, digits and -.' })
  law!: string;

  @Field(() => Int, { description: 'From 1 to 30.' })
  years!: number;
}

@InputType()
class RemoveRetentionGroundInput extends CommandInput {
  @Field(() => KeepableClassEnum)
  class!: OneOf<typeof KeepableClassEnum>;
}

const groundsIn = async ({ services, workspace }: Context): Promise<RetentionGround[]> => {
  const { grounds } = await services.handler.stateOf(retentionDecider, workspace, workspace);
  return [...grounds].map(([each, ground]) => ({ class: each, ...ground }));
};

@Resolver()
export class RetentionResolver {
  @Allow('safeguards:read')
  @Query(() => [RetentionGround], { description: 'One for each class at the most.' })
  retentionGrounds(@Ctx() context: Context): Promise<RetentionGround[]> {
    return groundsIn(context);
  }

  @Allow('safeguards:write')
  @Mutation(() => [RetentionGround], {
    description: 'For erasures from now on. What was kept before goes on the day that its certificate names.',
  })
  async setRetentionGround(
    @Arg('input') input: SetRetentionGroundInput,
    @Ctx() context: Context,
  ): Promise<RetentionGround[]> {
    const { class: each, law, years } = input;
    return change({ type: 'SetGround', subject: context.workspace, class: each, law, years }, input, context);
  }

  @Allow('safeguards:write')
  @Mutation(() => [RetentionGround], { description: 'For erasures from now on.' })
  async removeRetentionGround(
    @Arg('input') input: RemoveRetentionGroundInput,
    @Ctx() context: Context,
  ): Promise<RetentionGround[]> {
    return change({ type: 'RemoveGround', subject: context.workspace, class: input.class }, input, context);
  }
}

const change = async (
  command: Parameters<typeof retentionDecider.decide>[0],
  { commandId }: CommandInput,
  context: Context,
): Promise<RetentionGround[]> => {
  const options = { shownIn: ['history'] };
  await context.handle(retentionDecider, context.workspace, command, context.command(commandId), options);
  return groundsIn(context);
};
