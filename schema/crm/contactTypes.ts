import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type ContactRow, displayName } from '../../projections/crm/contacts.js';
import type { RestrictionReason } from '../../src/crm/contacts/events.js';
import { Allow } from '../access.js';
import { ChannelEnum, ContactOrderEnum, DirectionEnum, type OneOf, PurposeEnum, RestrictionEnum } from '../enums.js';
import { DateTime } from '../scalars.js';
import {
  CommandInput,
  CommandPayload,
  CustomField,
  CustomFieldInput,
  customFieldsOf,
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
export class Contact extends RecordType<ContactRow> {
  @Field(() => ID, { description: 'Whose data it is: what consent, history and erasure go by.' })
  get subjectId(): string {
    return this.row.subject;
  }

  @Field({ description: 'What to call the person: their name, or the best there is.' })
  get displayName(): string {
    return displayName(this.row);
  }

  @Field(() => String, { nullable: true })
  get prefix(): string | undefined {
    return this.row.name?.prefix;
  }

  @Field(() => String, { nullable: true })
  get givenName(): string | undefined {
    return this.row.name?.givenName;
  }

  @Field(() => String, { nullable: true })
  get additionalNames(): string | undefined {
    return this.row.name?.additionalNames;
  }

  @Field(() => String, { nullable: true })
  get familyName(): string | undefined {
    return this.row.name?.familyName;
  }

  @Field(() => String, { nullable: true })
  get suffix(): string | undefined {
    return this.row.name?.suffix;
  }

  @Field(() => String, { nullable: true })
  get nickname(): string | undefined {
    return this.row.name?.nickname;
  }

  @Field(() => [LabelledValue])
  get emails(): readonly LabelledValue[] {
    return this.row.emails ?? [];
  }

  @Field(() => [LabelledValue])
  get phones(): readonly LabelledValue[] {
    return this.row.phones ?? [];
  }

  @Field(() => [PostalAddress])
  get addresses(): readonly PostalAddress[] {
    return this.row.addresses ?? [];
  }

  @Field(() => String, { nullable: true, description: 'Where the person works, in words; `company` links the record.' })
  get companyName(): string | undefined {
    return this.row.work?.companyName;
  }

  @Field(() => String, { nullable: true })
  get department(): string | undefined {
    return this.row.work?.department;
  }

  @Field(() => String, { nullable: true })
  get jobTitle(): string | undefined {
    return this.row.work?.jobTitle;
  }

  @Allow('contact:read-birth-date')
  @Field(() => String, { nullable: true, description: 'YYYY-MM-DD, or --MM-DD where the year is not told.' })
  get birthDate(): string | undefined {
    return this.row.birthDate;
  }

  @Field(() => [LabelledValue])
  get links(): readonly LabelledValue[] {
    return this.row.links ?? [];
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

  @Field(() => [ChannelEnum], {
    description: 'On these nobody may contact them: an address of theirs is on the do-not-contact list.',
  })
  get suppressedChannels(): readonly OneOf<typeof ChannelEnum>[] {
    return this.row.suppressed ?? [];
  }

  @Field(() => RestrictionEnum, { nullable: true, description: 'Why it is restricted, where it is.' })
  get restrictionReason(): RestrictionReason | undefined {
    return this.row.restricted;
  }

  @Field(() => DateTime, { nullable: true })
  get anonymisedAt(): string | undefined {
    return this.row.anonymisedAt;
  }
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

const OVERRIDE =
  'Takes an address in although it is on the do-not-contact list; the person stays on it until they consent anew. Left out: ADDRESS_SUPPRESSED.';

@InputType()
export class CreateContactInput extends ContactFields {
  @Field(() => ID, {
    nullable: true,
    description: 'The client on whose behalf the person is kept; left out: the workspace itself.',
  })
  clientId?: string | null;

  @Field(() => String, { nullable: true })
  externalId?: string | null;

  @Field(() => Boolean, { nullable: true, description: OVERRIDE })
  suppressionOverride?: boolean | null;
}

@InputType({ description: 'What is left out stays as it is; null clears.' })
export class UpdateContactInput extends ContactFields {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;

  @Field(() => Boolean, { nullable: true, description: OVERRIDE })
  suppressionOverride?: boolean | null;
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
