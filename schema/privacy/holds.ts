import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { CrmError } from '../../src/errors.js';
import { subjectDecider } from '../../src/privacy/erasure/decider.js';
import { holdDecider } from '../../src/privacy/holds/decider.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { subjectOf } from '../crm/contacts.js';
import { HoldGroundEnum, type OneOf } from '../enums.js';

@Allow('hold:read')
@ObjectType({ simpleResolvers: true, description: "Why a person's data must not go although they ask." })
class Hold {
  @Field(() => ID)
  id!: string;

  @Field(() => HoldGroundEnum)
  ground!: OneOf<typeof HoldGroundEnum>;
}

@InputType()
class PlaceHoldInput extends CommandInput {
  @Field(() => ID)
  contactId!: string;

  @Field(() => HoldGroundEnum)
  ground!: OneOf<typeof HoldGroundEnum>;

  @Field(() => String, { nullable: true, description: "In words; kept under the workspace's key." })
  note?: string | null;
}

@InputType()
class LiftHoldInput extends CommandInput {
  @Field(() => ID)
  contactId!: string;

  @Field(() => ID)
  holdId!: string;
}

@Resolver()
export class HoldResolver {
  @Allow('hold:read')
  @Query(() => [Hold], { description: 'Those in force on a person.' })
  async holds(@Arg('contactId', () => ID) contactId: string, @Ctx() context: Context): Promise<Hold[]> {
    const { subject } = await context.stateOf(contactDecider, contactId);
    return subject === null ? [] : holdsOn(subject, context);
  }

  @Allow('hold:write')
  @Mutation(() => [Hold], { description: 'An erasure of the person waits until every hold on them is lifted.' })
  async placeHold(@Arg('input') input: PlaceHoldInput, @Ctx() context: Context): Promise<Hold[]> {
    const { contactId, ground, note, commandId } = input;
    const person = await subjectOf(contactId, context, 'input.contactId');
    const command = context.command(commandId, await context.controllerOf(contactId));
    const { handler } = context.services;
    const { erased } = await handler.stateOf(subjectDecider, person, context.workspace);
    if (erased !== null) throw new CrmError('SUBJECT_ERASED', { field: 'input.contactId' });
    const hold = handler.newId(command, 'hold');
    const place = {
      type: 'PlaceHold',
      subject: context.workspace,
      person,
      hold,
      ground,
      note: note ?? undefined,
    } as const;
    await inInput(() => context.handle(holdDecider, person, place, command, { shownIn: ['history'] }));
    return holdsOn(person, context);
  }

  @Allow('hold:write')
  @Mutation(() => [Hold], { description: 'What waited for it goes on by itself. Answers the holds that are left.' })
  async liftHold(@Arg('input') input: LiftHoldInput, @Ctx() context: Context): Promise<Hold[]> {
    const { contactId, holdId: hold, commandId } = input;
    const person = await subjectOf(contactId, context, 'input.contactId');
    const command = context.command(commandId, await context.controllerOf(contactId));
    const lift = { type: 'LiftHold', subject: context.workspace, person, hold } as const;
    await context.handle(holdDecider, person, lift, command, { shownIn: ['history'] });
    await context.services.erasures.resume(context.workspace);
    return holdsOn(person, context);
  }
}

const holdsOn = async (person: string, { services, workspace }: Context): Promise<Hold[]> => {
  const { holds } = await services.handler.stateOf(holdDecider, person, workspace);
  return Object.entries(holds).map(([id, ground]) => ({ id, ground }));
};
