import { Arg, Ctx, Field, ID, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { contactById, contactsReachedAt } from '../../projections/crm/contacts.js';
import { dealsWith } from '../../projections/crm/deals.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { reachOf } from '../../src/crm/contacts/reach.js';
import { CrmError } from '../../src/errors.js';
import { streamOf } from '../../src/kernel/decider.js';
import { lastValues } from '../../src/privacy/erasure/lastValues.js';
import { previewFields } from '../../src/privacy/erasure/preview.js';
import { holdDecider } from '../../src/privacy/holds/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { KeptClass } from './erasureTypes.js';
import { type MentionsFound, mentionsOf } from './mentionsFound.js';
import { PossibleMention } from './mentionTypes.js';

/** People in one preview: it reads their whole history. */
const MAX_PREVIEWED = 50;
const COUNTED_DEALS = 1_000;

@ObjectType({ simpleResolvers: true, description: 'A field that the person has, and what would become of it.' })
export class PreviewedField {
  @Field()
  name!: string;

  @Field()
  category!: string;

  @Field({ description: 'The class of the key that seals it.' })
  class!: string;

  @Field({
    description:
      'What an anonymisation leaves of it: remove, year, region, pseudonym or keep. An erasure leaves nothing.',
  })
  anonymise!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'What an erasure or anonymisation would do for one person. Nothing is done.',
})
class ErasurePreview {
  @Field(() => ID)
  contactId!: string;

  @Field({ description: 'A hold keeps it from being carried out.' })
  onHold!: boolean;

  @Field(() => [PreviewedField])
  fields!: readonly PreviewedField[];

  @Field(() => [KeptClass], { description: 'Data that a law would keep for a time, readable for that purpose alone.' })
  kept!: readonly KeptClass[];

  @Field(() => Int, { description: 'Deals that are linked to the person: they stay, an erasure takes the link.' })
  linkedDeals!: number;

  @Field(() => [ID], { description: 'Other contacts of the same controller with one of the addresses: they stay.' })
  sameAddress!: readonly string[];

  @Field(() => [PossibleMention], {
    description:
      "Found by the person's name, addresses and numbers; without those that were decided to be somebody else.",
  })
  possibleMentions!: readonly PossibleMention[];

  @Field({
    description:
      'Whether every record was looked through. Where there are more than that, those past it are found by the words that lists search in alone.',
  })
  mentionsComplete!: boolean;
}

@Resolver()
export class ErasurePreviewResolver {
  @Allow('contact:erase')
  @Query(() => [ErasurePreview], {
    description: `A dry run for ${MAX_PREVIEWED} people at most: what goes, and what stays.`,
  })
  async erasurePreview(
    @Arg('contactIds', () => [ID]) contactIds: string[],
    @Ctx() context: Context,
  ): Promise<ErasurePreview[]> {
    if (contactIds.length > MAX_PREVIEWED) {
      throw new CrmError('BAD_USER_INPUT', { field: 'contactIds', limit: MAX_PREVIEWED });
    }
    const people = [];
    for (const id of new Set(contactIds)) {
      const { subject } = await context.stateOf(contactDecider, id);
      if (subject !== null) people.push({ id, subject });
    }
    const mentions = await mentionsOf(
      people.map(({ id }) => id),
      context,
    );
    return Promise.all(people.map(({ id, subject }) => previewOf(id, subject, mentions, context)));
  }
}

const previewOf = async (
  id: string,
  subject: string,
  { complete, of }: MentionsFound,
  context: Context,
): Promise<ErasurePreview> => {
  const { services, workspace } = context;
  const { values, types } = await lastValues(streamOf(contactDecider, id), services);
  const { holds } = await services.handler.stateOf(holdDecider, subject, workspace);
  const row = await contactById(services.readStore, id);
  const alike = row === null ? [] : await contactsReachedAt(services.readStore, workspace, reachOf(row));
  return {
    contactId: id,
    onHold: Object.keys(holds).length > 0,
    fields: previewFields(values, types, services.definitions),
    kept: await services.erasures.keptOf({ record: id, subject, controller: workspace }, workspace),
    linkedDeals: await dealsWith(services.readStore, workspace, id, COUNTED_DEALS),
    sameAddress: alike.filter((each) => each.id !== id && each.controller === row?.controller).map((each) => each.id),
    possibleMentions: of.get(id) ?? [],
    mentionsComplete: complete,
  };
};
