import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Allow } from '../access.js';
import { CommandInput } from '../crm/common.js';
import { Contact } from '../crm/contactTypes.js';
import {
  ApprovalEnum,
  ErasureKindEnum,
  ErasureReasonEnum,
  ErasureStandingEnum,
  KeepableClassEnum,
  type OneOf,
} from '../enums.js';
import { CalendarDate, DateTime } from '../scalars.js';

@ObjectType({ simpleResolvers: true, description: 'That one step was done for one person.' })
export class ErasureReceipt {
  @Field({
    description:
      'IN_LEDGER, ANSWERED, FENCED, SUPPRESSED, GENERALISED, RECORDED, CLASS_KEPT, KEYS_DESTROYED, PURGED or READ_MODEL_PURGED, in this order.',
  })
  step!: string;

  @Field(() => String, { nullable: true, description: 'Which store or read model.' })
  name?: string;

  @Field(() => Int, { nullable: true, description: 'How many entries were removed.' })
  count?: number;

  @Field(() => DateTime)
  at!: string;
}

@ObjectType({ simpleResolvers: true, description: 'What is left of a destroyed key.' })
export class DestroyedKey {
  @Field()
  class!: string;

  @Field({ description: 'SHA-256 of the key under a label of its own.' })
  fingerprint!: string;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'What was done for one person, signed by the installation. The key is at /.well-known/erasure-certificate-keys, a page to print at `path`.',
})
export class ErasureCertificate {
  @Field({ description: 'JSON in canonical form (RFC 8785): exactly these bytes, in UTF-8, are signed.' })
  certificate!: string;

  @Field(() => ID)
  keyId!: string;

  @Field({ description: 'Ed25519 (RFC 8032), base64url.' })
  signature!: string;

  @Field()
  path!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A class of data that a law keeps although the person is erased.' })
export class KeptClass {
  @Field(() => KeepableClassEnum)
  class!: OneOf<typeof KeepableClassEnum>;

  @Field({ description: 'The law, as a code.' })
  law!: string;

  @Field(() => CalendarDate, { description: 'The last day; on the next it goes by itself.' })
  until!: string;
}

@ObjectType({ simpleResolvers: true, description: 'That a class which a law had kept is gone as well.' })
export class EndedRetention {
  @Field(() => KeepableClassEnum)
  class!: OneOf<typeof KeepableClassEnum>;

  @Field(() => DateTime)
  at!: string;

  @Field(() => [DestroyedKey])
  keysDestroyed!: readonly DestroyedKey[];

  @Field({ description: 'JSON in canonical form, signed as the certificate of the erasure is.' })
  certificate!: string;

  @Field(() => ID)
  keyId!: string;

  @Field()
  signature!: string;
}

@ObjectType({ simpleResolvers: true, description: 'One of the people of an erasure.' })
export class ErasureResult {
  @Field(() => ID, { description: 'The record: a contact, or in the erasure of a whole workspace the workspace.' })
  contactId!: string;

  @Field(() => ID)
  subjectId!: string;

  @Field(() => DateTime, { nullable: true })
  carriedOutAt?: string;

  @Field(() => [DestroyedKey])
  keysDestroyed!: readonly DestroyedKey[];

  @Field(() => [ErasureReceipt])
  receipts!: readonly ErasureReceipt[];

  @Field(() => ErasureCertificate, { nullable: true })
  certificate?: ErasureCertificate;

  @Field(() => [KeptClass], { description: 'What a law keeps, or kept.' })
  kept!: readonly KeptClass[];

  @Field(() => [EndedRetention], { description: 'Of that, what is gone by now.' })
  ended!: readonly EndedRetention[];
}

@Allow('erasure:read')
@ObjectType({ simpleResolvers: true, description: 'An erasure or anonymisation, of one person or several.' })
export class Erasure {
  @Field(() => ID)
  id!: string;

  @Field(() => ErasureKindEnum)
  kind!: OneOf<typeof ErasureKindEnum>;

  @Field(() => ErasureReasonEnum)
  reasonCode!: OneOf<typeof ErasureReasonEnum>;

  @Field(() => ErasureStandingEnum)
  standing!: OneOf<typeof ErasureStandingEnum>;

  @Field(() => DateTime)
  requestedAt!: string;

  @Field(() => ID)
  requestedBy!: string;

  @Field(() => ApprovalEnum, { description: 'What had to come first when it was asked for.' })
  waitsFor!: OneOf<typeof ApprovalEnum>;

  @Field(() => DateTime, { nullable: true, description: 'It can be called off until then.' })
  dueAt?: string;

  @Field(() => ID, { nullable: true })
  approvedBy?: string;

  @Field(() => DateTime, { nullable: true })
  startedAt?: string;

  @Field(() => Int)
  people!: number;

  @Field(() => Int, { description: 'Of them, those who are gone from keys and read models.' })
  carriedOut!: number;

  @Field(() => Int, { description: 'Of them, those with a certificate.' })
  certified!: number;

  @Field(() => [ErasureResult])
  results!: readonly ErasureResult[];
}

@InputType()
export class ErasureInput extends CommandInput {
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

@InputType({ description: 'Several people in one request, 1000 at most.' })
export class RequestErasureInput extends CommandInput {
  @Field(() => [ID])
  contactIds!: string[];

  @Field(() => ErasureKindEnum)
  kind!: OneOf<typeof ErasureKindEnum>;

  @Field(() => ErasureReasonEnum, { defaultValue: 'SUBJECT_REQUEST' })
  reasonCode!: OneOf<typeof ErasureReasonEnum>;

  @Field(() => String, { nullable: true })
  reason?: string | null;
}

@InputType()
export class ErasureIdInput extends CommandInput {
  @Field(() => ID)
  erasureId!: string;
}

@ObjectType({ simpleResolvers: true })
export class AnonymiseContactPayload {
  @Field(() => Contact)
  contact!: Contact;

  @Field()
  position!: string;

  @Field(() => ID, { description: 'Where the workspace wants an approval or a delay first, nothing has happened yet.' })
  erasureId!: string;
}

@ObjectType({ simpleResolvers: true })
export class EraseContactPayload {
  @Field(() => ID)
  subjectId!: string;

  @Field()
  position!: string;

  @Field(() => ID, { description: 'Where the workspace wants an approval or a delay first, nothing has happened yet.' })
  erasureId!: string;
}
