import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Allow } from '../access.js';
import { DealOrderEnum, DirectionEnum, type OneOf, OutcomeEnum } from '../enums.js';
import { CalendarDate, DateTime } from '../scalars.js';
import { CommandInput, CommandPayload, CustomField, CustomFieldInput, RecordType } from './common.js';

@ObjectType({ simpleResolvers: true, description: 'A stage that a deal came into.' })
export class StageEntry {
  @Field(() => ID)
  stage!: string;

  @Field(() => OutcomeEnum)
  outcome!: OneOf<typeof OutcomeEnum>;

  @Field(() => DateTime)
  since!: string;
}

@Allow('deal:read')
@ObjectType({ simpleResolvers: true, description: 'A deal on its way through a pipeline.' })
export class Deal extends RecordType {
  @Field(() => String, { nullable: true })
  title?: string;

  @Field(() => ID, { description: "The stage's code within its pipeline." })
  stage!: string;

  @Field(() => OutcomeEnum)
  outcome!: OneOf<typeof OutcomeEnum>;

  @Field(() => Number, { nullable: true, description: 'In minor units of the currency.' })
  valueMinor?: number;

  @Field(() => String, { nullable: true })
  currency?: string;

  @Field(() => CalendarDate, { nullable: true })
  engageDate?: string;

  @Field(() => CalendarDate, { nullable: true })
  closeDate?: string;

  @Field(() => String, {
    nullable: true,
    description: 'What is sold, in words, where no product of the list is linked.',
  })
  productText?: string;

  @Field(() => [String])
  tags!: readonly string[];

  @Field(() => [String])
  notes!: readonly string[];

  @Field(() => [CustomField])
  customFields!: readonly CustomField[];

  @Field(() => [StageEntry], { description: 'Every stage it came into, the first first.' })
  stageHistory!: readonly StageEntry[];
}

@ObjectType({ simpleResolvers: true, description: 'How many live deals are in a stage, and what they are worth.' })
export class StageTotalType {
  @Field(() => ID)
  stage!: string;

  @Field(() => String, { nullable: true, description: 'Amounts in different currencies are not added up.' })
  currency?: string;

  @Field(() => Int)
  count!: number;

  @Field(() => Number)
  valueMinor!: number;
}

@InputType()
export abstract class DealFields extends CommandInput {
  @Field(() => Number, { nullable: true })
  valueMinor?: number | null;

  @Field(() => String, { nullable: true })
  currency?: string | null;

  @Field(() => CalendarDate, { nullable: true })
  engageDate?: string | null;

  @Field(() => CalendarDate, { nullable: true })
  closeDate?: string | null;

  @Field(() => String, { nullable: true })
  productText?: string | null;

  @Field(() => [String], { nullable: true })
  tags?: string[] | null;

  @Field(() => [String], { nullable: true })
  notes?: string[] | null;

  @Field(() => [CustomFieldInput], { nullable: true })
  customFields?: CustomFieldInput[] | null;

  @Field(() => ID, { nullable: true, description: 'The member who works on it.' })
  ownerId?: string | null;

  @Field(() => ID, { nullable: true })
  companyId?: string | null;

  @Field(() => ID, { nullable: true })
  contactId?: string | null;

  @Field(() => ID, { nullable: true })
  productId?: string | null;
}

@InputType()
export class CreateDealInput extends DealFields {
  @Field()
  title!: string;

  @Field(() => ID, { nullable: true, description: 'Left out: the first pipeline of the workspace.' })
  pipelineId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Left out: the first stage.' })
  stage?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The client on whose behalf the deal is kept; left out: the workspace itself.',
  })
  clientId?: string | null;

  @Field(() => String, { nullable: true })
  externalId?: string | null;
}

@InputType({ description: 'What is left out stays as it is; null clears.' })
export class UpdateDealInput extends DealFields {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true })
  title?: string;

  @Field(() => ID, { nullable: true, description: 'The stage to move to.' })
  stage?: string;
}

@ObjectType({ simpleResolvers: true })
export class DealPayload extends CommandPayload {
  @Field(() => Deal)
  deal!: Deal;
}

@InputType()
export class DealFilter {
  @Field(() => String, {
    nullable: true,
    description: 'Words of the title, product or tags; the last may be unfinished. Answered in the order of titles.',
  })
  search?: string | null;

  @Field(() => ID, { nullable: true })
  stage?: string | null;

  @Field(() => OutcomeEnum, { nullable: true })
  outcome?: OneOf<typeof OutcomeEnum> | null;

  @Field(() => ID, { nullable: true })
  ownerId?: string | null;

  @Field(() => ID, { nullable: true })
  companyId?: string | null;

  @Field(() => ID, { nullable: true })
  contactId?: string | null;

  @Field(() => ID, { nullable: true })
  productId?: string | null;

  @Field(() => ID, { nullable: true })
  clientId?: string | null;

  @Field(() => String, { nullable: true })
  tag?: string | null;

  @Field(() => String, { nullable: true })
  externalId?: string | null;

  @Field(() => CalendarDate, {
    nullable: true,
    description: 'Closing on this day or later; goes with the order CLOSE_DATE.',
  })
  closingFrom?: string | null;

  @Field(() => CalendarDate, {
    nullable: true,
    description: 'Closing on this day or earlier; goes with the order CLOSE_DATE.',
  })
  closingTo?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'The bin instead of what is live; goes with no other filter.' })
  deleted?: boolean | null;
}

@InputType()
export class DealOrder {
  @Field(() => DealOrderEnum)
  field!: OneOf<typeof DealOrderEnum>;

  @Field(() => DirectionEnum, { defaultValue: 'ASC' })
  direction!: OneOf<typeof DirectionEnum>;
}
