import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { DealRow } from '../../projections/crm/deals.js';
import { Allow } from '../access.js';
import { DealOrderEnum, DirectionEnum, type OneOf, OutcomeEnum } from '../enums.js';
import { CalendarDate, DateTime } from '../scalars.js';
import { CommandInput, CommandPayload, CustomField, CustomFieldInput, customFieldsOf, RecordType } from './common.js';

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
export class Deal extends RecordType<DealRow> {
  @Field(() => String, { nullable: true })
  get title(): string | undefined {
    return this.row.title;
  }

  @Field(() => ID, { description: "The stage's code within its pipeline." })
  get stage(): string {
    return this.row.stage;
  }

  @Field(() => OutcomeEnum)
  get outcome(): OneOf<typeof OutcomeEnum> {
    return this.row.outcome;
  }

  @Allow('deal:read-value')
  @Field(() => Number, { nullable: true, description: 'In minor units of the currency.' })
  get valueMinor(): number | undefined {
    return this.row.valueMinor;
  }

  @Field(() => String, { nullable: true })
  get currency(): string | undefined {
    return this.row.currency;
  }

  @Field(() => CalendarDate, { nullable: true })
  get engageDate(): string | undefined {
    return this.row.engageDate;
  }

  @Field(() => CalendarDate, { nullable: true })
  get closeDate(): string | undefined {
    return this.row.closeDate;
  }

  @Field(() => String, {
    nullable: true,
    description: 'What is sold, in words, where no product of the list is linked.',
  })
  get productText(): string | undefined {
    return this.row.productText;
  }

  @Field(() => [String])
  get tags(): readonly string[] {
    return this.row.tags ?? [];
  }

  @Allow('note:read')
  @Field(() => [String])
  get notes(): readonly string[] {
    return this.row.notes ?? [];
  }

  @Allow('note:read')
  @Field(() => [CustomField])
  get customFields(): readonly CustomField[] {
    return customFieldsOf(this.row.customFields);
  }

  @Field(() => [StageEntry], { description: 'Every stage it came into, the first first.' })
  get stageHistory(): readonly StageEntry[] {
    return Object.values(this.row.stageHistory);
  }
}

@ObjectType('StageTotal', {
  simpleResolvers: true,
  description: 'How many live deals are in a stage, and what they are worth.',
})
export class StageTotalType {
  @Field(() => ID)
  stage!: string;

  @Field(() => String, { nullable: true, description: 'Amounts in different currencies are not added up.' })
  currency?: string;

  @Field(() => Int)
  count!: number;

  @Allow('deal:read-value')
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
    description: 'Words of the title, product or tags; the last may be unfinished. Answered in the order CLOSE_DATE.',
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
