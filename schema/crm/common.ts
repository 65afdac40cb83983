import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { RecordRow } from '../../projections/crm/record.js';
import { isFieldName } from '../../src/crm/fields.js';
import { CrmError } from '../../src/errors.js';
import { DateTime } from '../scalars.js';

@ObjectType({
  simpleResolvers: true,
  description: 'A value with what it is for: work, home, mobile, or a label of your own.',
})
export class LabelledValue {
  @Field()
  value!: string;

  @Field(() => String, { nullable: true })
  label?: string;
}

@InputType()
export class LabelledValueInput {
  @Field()
  value!: string;

  @Field(() => String, { nullable: true })
  label?: string;
}

@ObjectType({ simpleResolvers: true, description: 'A field that the workspace named itself.' })
export class CustomField {
  @Field()
  name!: string;

  @Field()
  value!: string;
}

@InputType({ description: 'A field that the workspace named itself; in an update, a value of null removes it.' })
export class CustomFieldInput {
  @Field()
  name!: string;

  @Field(() => String, { nullable: true })
  value?: string | null;
}

/**
 * What every record's type begins with: a view of its row. Fields are getters, so that a list of fifty pays for the
 * fields that are asked for and no others.
 */
@ObjectType({ simpleResolvers: true })
export abstract class RecordType<R extends RecordRow> {
  constructor(readonly row: R) {}

  @Field(() => ID)
  get id(): string {
    return this.row.id;
  }

  @Field(() => Int, { description: 'Events so far; what expectedVersion is held against.' })
  get version(): number {
    return this.row.version;
  }

  @Field(() => DateTime)
  get createdAt(): string {
    return this.row.createdAt;
  }

  @Field(() => DateTime)
  get updatedAt(): string {
    return this.row.updatedAt;
  }

  @Field(() => DateTime, { nullable: true, description: 'Since when it is in the bin.' })
  get deletedAt(): string | undefined {
    return this.row.deletedAt;
  }

  @Field(() => String, { nullable: true, description: 'Its id in another program.' })
  get externalId(): string | undefined {
    return this.row.externalId;
  }
}

@InputType()
export abstract class CommandInput {
  @Field(() => ID, {
    nullable: true,
    description: 'A UUID of your own: sent twice, at any distance, the command acts once and answers alike.',
  })
  commandId?: string | null;
}

@InputType({ description: 'Puts a record in the bin, or takes it out.' })
export class RecordInput extends CommandInput {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;
}

/** What every mutation of a record answers beside the record. */
@ObjectType({ simpleResolvers: true })
export abstract class CommandPayload {
  @Field(() => Int, { description: 'The version of the record after the command.' })
  version!: number;

  @Field(() => String, { description: 'Where the command stands in the history; opaque, but ordered.' })
  position!: string;
}

export const customFieldsOf = (fields: { readonly [name: string]: string } | undefined): CustomField[] =>
  Object.entries(fields ?? {}).map(([name, value]) => ({ name, value }));

/** Custom fields as an event holds them; `undefined` leaves them alone, `null` clears all. */
export const customFieldsIn = (
  fields: readonly CustomFieldInput[] | null | undefined,
): { [name: string]: string | null } | null | undefined => {
  if (!fields) return fields;
  const unusable = fields.findIndex(({ name }) => !isFieldName(name));
  if (unusable >= 0) throw new CrmError('BAD_USER_INPUT', { field: `input.customFields.${unusable}.name` });
  return Object.fromEntries(fields.map(({ name, value }) => [name, value ?? null]));
};

/** An argument that was left out or is `null` does not limit a list. */
export const wanted = <T>(value: T | null | undefined): value is T => value !== undefined && value !== null;

type WithoutNulls<T> = { [K in keyof T]: Exclude<T[K], null> };

/** In a new record `null` says no more than leaving out. */
export const withoutNulls = <T extends object>(fields: T): WithoutNulls<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as WithoutNulls<T>;
