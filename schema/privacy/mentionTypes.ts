import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { CommandInput } from '../crm/common.js';
import { MentionDecisionEnum, MentionKindEnum, type OneOf } from '../enums.js';

@ObjectType({
  simpleResolvers: true,
  description:
    'A field of a record whose text has the name, an address or a number of the person: for people to look at.',
})
export class PossibleMention {
  @Field(() => MentionKindEnum)
  kind!: OneOf<typeof MentionKindEnum>;

  @Field(() => ID)
  id!: string;

  @Field({ description: 'As events have it.' })
  field!: string;

  @Field({ description: 'Whether the mention can be taken out here; elsewhere the record itself has to be changed.' })
  redactable!: boolean;
}

@InputType()
class MentionDecisionInput {
  @Field(() => MentionKindEnum)
  kind!: OneOf<typeof MentionKindEnum>;

  @Field(() => ID)
  id!: string;

  @Field()
  field!: string;

  @Field(() => MentionDecisionEnum)
  decision!: OneOf<typeof MentionDecisionEnum>;
}

@InputType()
export class DecideMentionsInput extends CommandInput {
  @Field(() => ID, { description: 'Who may be mentioned.' })
  contactId!: string;

  @Field(() => [MentionDecisionInput])
  decisions!: MentionDecisionInput[];
}

@ObjectType({ simpleResolvers: true })
export class DecideMentionsPayload {
  @Field(() => Int, { description: 'Fields that do not mention the person any more.' })
  redacted!: number;

  @Field(() => [PossibleMention], { description: 'What there is still to decide.' })
  remaining!: readonly PossibleMention[];
}
