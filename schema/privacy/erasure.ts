import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql';
import type { ErasureKind } from '../../src/privacy/erasure/events.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { payload, subjectOf } from '../crm/contacts.js';
import { Contact } from '../crm/contactTypes.js';
import { ErasureReasonEnum, type OneOf } from '../enums.js';
import { StepUp } from '../stepUp.js';

@InputType()
class ErasureInput extends CommandInput {
  @Field(() => ID)
  id!: string;

  @Field(() => ErasureReasonEnum, { defaultValue: 'SUBJECT_REQUEST' })
  reasonCode!: OneOf<typeof ErasureReasonEnum>;

  @Field(() => String, {
    nullable: true,
    description: "In words; kept under the workspace's key, so leave the person's name out of it.",
  })
  reason?: string | null;
}

@ObjectType({ simpleResolvers: true })
class AnonymiseContactPayload {
  @Field(() => Contact)
  contact!: Contact;

  @Field()
  position!: string;
}

@ObjectType({ simpleResolvers: true })
class EraseContactPayload {
  @Field(() => ID)
  subjectId!: string;

  @Field()
  position!: string;
}

@Resolver()
export class ErasureResolver {
  @Allow('contact:anonymise')
  @StepUp()
  @Mutation(() => AnonymiseContactPayload, {
    description:
      "Destroys the person's keys and takes what identifies out of the record, which stays for statistics. Cannot be undone.",
  })
  async anonymiseContact(@Arg('input') input: ErasureInput, @Ctx() context: Context): Promise<AnonymiseContactPayload> {
    const { position } = await erase('ANONYMISE', input, context);
    const { contact } = await payload(input.id, { version: 0, position }, context);
    return { contact, position };
  }

  @Allow('contact:erase')
  @StepUp()
  @Mutation(() => EraseContactPayload, {
    description: "Destroys the person's keys and takes the contact out of every read model. Cannot be undone.",
  })
  async eraseContact(@Arg('input') input: ErasureInput, @Ctx() context: Context): Promise<EraseContactPayload> {
    const { subject, position } = await erase('ERASE', input, context);
    return { subjectId: subject, position };
  }
}

const erase = async (kind: ErasureKind, input: ErasureInput, context: Context) => {
  const { id, commandId, reasonCode, reason } = input;
  const subject = await subjectOf(id, context);
  const command = context.command(commandId, await context.controllerOf(id));
  const order = { contact: id, subject, kind, reason: reasonCode };
  const position = await inInput(() => context.services.eraser.erase(order, reason ?? undefined, command));
  await context.services.waitFor(['history'], position);
  return { subject, position };
};
