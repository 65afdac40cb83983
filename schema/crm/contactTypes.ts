import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { RestrictionReason } from '../../src/crm/contacts/events.js';
import { Allow } from '../access.js';
import {
  ChannelEnum,
  ContactOrderEnum,
  DirectionEnum,
  type OneOf,
  PrivacyStateEnum,
  PurposeEnum,
  RestrictionEnum,
} from '../enums.js';
import { DateTime } from '../scalars.js';
import {
  CommandInput,
  CommandPayload,
  CustomField,
  CustomFieldInput,
  LabelledValue,
  LabelledValueInput,
  RecordType,
} from './common.js';

@ObjectType({
  simpleResolvers: true,
  description: 'A postal address, in the parts of a vCard (RFC 6350 section 6.3.1).',
})
export class PostalAddress {
  @Field(() => String, { nullable: true })
  label?: string;

  @Field(() => String, { nullable: true })
  poBox?: string;

  @Field(() => String, { nullable: true })
  extended?: string;

  @Field(() => String, { nullable: true })
  street?: string;

  @Field(() => String, { nullable: true })
  city?: string;

  @Field(() => String, { nullable: true })
  region?: string;

  @Field(() => String, { nullable: true })
  postalCode?: string;

  @Field(() => String, { nullable: true })
  country?: string;
}

@InputType()
export class PostalAddressInput {
  @Field(() => String, { nullable: true })
  label?: string;

  @Field(() => String, { nullable: true })
  poBox?: string;

  @Field(() => String, { nullable: true })
  extended?: string;

  @Field(() => String, { nullable: true })
  street?: string;

  @Field(() => String, { nullable: true })
  city?: string;

  @Field(() => String, { nullable: true })
  region?: string;

  @Field(() => String, { nullable: true })
  postalCode?: string;

  @Field(() => String, { nullable: true })
  country?: string;
}

@Allow('contact:read')
@ObjectType({ simpleResolvers: true, description: 'A person whom the workspace keeps, for itself or for a client.' })
export class Contact extends RecordType {
  @Field(() => ID, { description: 'Whose data it is: what consent, history and erasure go by.' })
  subjectId!: string;

  @Field({ description: 'What to call the person: their name, or the best there is.' })
  displayName!: string;

  @Field(() => String, { nullable: true })
  prefix?: string;

  @Field(() => String, { nullable: true })
  givenName?: string;

  @Field(() => String, { nullable: true })
  additionalNames?: string;

  @Field(() => String, { nullable: true })
  familyName?: string;

  @Field(() => String, { nullable: true })
  suffix?: string;

  @Field(() => String, { nullable: true })
  nickname?: string;

  @Field(() => [LabelledValue])
  emails!: readonly LabelledValue[];

  @Field(() => [LabelledValue])
  phones!: readonly LabelledValue[];

  @Field(() => [PostalAddress])
  addresses!: readonly PostalAddress[];

  @Field(() => String, { nullable: true, description: 'Where the person works, in words; `company` links the record.' })
  companyName?: string;

  @Field(() => String, { nullable: true })
  department?: string;

  @Field(() => String, { nullable: true })
  jobTitle?: string;

  @Field(() => String, { nullable: true, description: 'YYYY-MM-DD, or --MM-DD where the year is not told.' })
  birthDate?: string;

  @Field(() => [LabelledValue])
  links!: readonly LabelledValue[];

  @Field(() => [String])
  tags!: readonly string[];

  @Field(() => [String])
  notes!: readonly string[];

  @Field(() => [CustomField])
  customFields!: readonly CustomField[];

  @Field(() => PrivacyStateEnum)
  privacyState!: OneOf<typeof PrivacyStateEnum>;

  @Field(() => RestrictionEnum, { nullable: true, description: 'Why it is restricted, where it is.' })
  restrictionReason?: RestrictionReason;

  @Field(() => DateTime, { nullable: true })
  anonymisedAt?: string;
}

@InputType()
export abstract class ContactFields extends CommandInput {
  @Field(() => String, { nullable: true })
  prefix?: string | null;

  @Field(() => String, { nullable: true })
  givenName?: string | null;

  @Field(() => String, { nullable: true })
  additionalNames?: string | null;

  @Field(() => String, { nullable: true })
  familyName?: string | null;

  @Field(() => String, { nullable: true })
  suffix?: string | null;

  @Field(() => String, { nullable: true })
  nickname?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The whole name as its owner writes it; otherwise it is put together.',
  })
  formattedName?: string | null;

  @Field(() => [LabelledValueInput], { nullable: true })
  emails?: LabelledValueInput[] | null;

  @Field(() => [LabelledValueInput], { nullable: true })
  phones?: LabelledValueInput[] | null;

  @Field(() => [PostalAddressInput], { nullable: true })
  addresses?: PostalAddressInput[] | null;

  @Field(() => String, { nullable: true })
  companyName?: string | null;

  @Field(() => String, { nullable: true })
  department?: string | null;

  @Field(() => String, { nullable: true })
  jobTitle?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'YYYY-MM-DD, or --MM-DD. Under 18: the contact is kept, but restricted.',
  })
  birthDate?: string | null;

  @Field(() => [LabelledValueInput], { nullable: true })
  links?: LabelledValueInput[] | null;

  @Field(() => [String], { nullable: true })
  tags?: string[] | null;

  @Field(() => [String], { nullable: true })
  notes?: string[] | null;

  @Field(() => [CustomFieldInput], { nullable: true })
  customFields?: CustomFieldInput[] | null;

  @Field(() => ID, { nullable: true })
  companyId?: string | null;
}

@InputType()
export class CreateContactInput extends ContactFields {
  @Field(() => ID, {
    nullable: true,
    description: 'The client on whose behalf the person is kept; left out: the workspace itself.',
  })
  clientId?: string | null;

  @Field(() => String, { nullable: true })
  externalId?: string | null;
}

@InputType({ description: 'What is left out stays as it is; null clears.' })
export class UpdateContactInput extends ContactFields {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;
}

@ObjectType({ simpleResolvers: true })
export class ContactPayload extends CommandPayload {
  @Field(() => Contact)
  contact!: Contact;
}

@InputType()
export class ContactFilter {
  @Field(() => String, {
    nullable: true,
    description:
      'Words of the name, e-mails, phones, company, job title, cities or tags; the last may be unfinished. Answered in the order of names.',
  })
  search?: string | null;

  @Field(() => PurposeEnum, {
    nullable: true,
    description: 'Only people with a live consent or opt-in for this purpose.',
  })
  mayContactFor?: OneOf<typeof PurposeEnum> | null;

  @Field(() => ChannelEnum, { nullable: true, description: 'Narrows mayContactFor to one channel; left out: any.' })
  channel?: OneOf<typeof ChannelEnum> | null;

  @Field(() => String, { nullable: true })
  tag?: string | null;

  @Field(() => String, { nullable: true })
  email?: string | null;

  @Field(() => ID, { nullable: true })
  companyId?: string | null;

  @Field(() => ID, { nullable: true })
  clientId?: string | null;

  @Field(() => RestrictionEnum, { nullable: true })
  restricted?: RestrictionReason | null;

  @Field(() => String, { nullable: true })
  externalId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'The bin instead of what is live; goes with no other filter.' })
  deleted?: boolean | null;
}

@InputType()
export class ContactOrder {
  @Field(() => ContactOrderEnum)
  field!: OneOf<typeof ContactOrderEnum>;

  @Field(() => DirectionEnum, { defaultValue: 'ASC' })
  direction!: OneOf<typeof DirectionEnum>;
}
