import { Arg, Ctx, Field, ID, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { companyPage } from '../../projections/crm/companies.js';
import { type ContactRow, contactById, contactPage, contactsReachedAt } from '../../projections/crm/contacts.js';
import { dealPage, dealsWith } from '../../projections/crm/deals.js';
import { LIVE } from '../../projections/crm/record.js';
import { words } from '../../projections/tokens.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { reachOf } from '../../src/crm/contacts/reach.js';
import { CrmError } from '../../src/errors.js';
import { streamOf } from '../../src/kernel/decider.js';
import { lastValues } from '../../src/privacy/erasure/lastValues.js';
import { previewFields } from '../../src/privacy/erasure/preview.js';
import { holdDecider } from '../../src/privacy/holds/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';

/** People in one preview: it reads their whole history. */
const MAX_PREVIEWED = 50;
/** Records of one kind in which a person may be mentioned. */
const MAX_MENTIONS = 50;
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
  description: 'A record whose text has the name or an address of the person in it: for people to look at.',
})
class PossibleMention {
  @Field({ description: 'contact, deal or company.' })
  kind!: string;

  @Field(() => ID)
  id!: string;
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

  @Field(() => Int, { description: 'Deals that are linked to the person: they stay, an erasure takes the link.' })
  linkedDeals!: number;

  @Field(() => [ID], { description: 'Other contacts of the same controller with one of the addresses: they stay.' })
  sameAddress!: readonly string[];

  @Field(() => [PossibleMention], {
    description: 'Found by the words that lists search in; notes and custom fields are not among them.',
  })
  possibleMentions!: readonly PossibleMention[];
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
    const found = [];
    for (const id of new Set(contactIds)) {
      const { subject } = await context.stateOf(contactDecider, id);
      if (subject !== null) found.push(await previewOf(id, subject, context));
    }
    return found;
  }
}

const previewOf = async (id: string, subject: string, context: Context): Promise<ErasurePreview> => {
  const { services, workspace } = context;
  const { values, types } = await lastValues(streamOf(contactDecider, id), services);
  const { holds } = await services.handler.stateOf(holdDecider, subject, workspace);
  const row = await contactById(services.readStore, id);
  const alike = row === null ? [] : await contactsReachedAt(services.readStore, workspace, reachOf(row));
  return {
    contactId: id,
    onHold: Object.keys(holds).length > 0,
    fields: previewFields(values, types, services.definitions),
    linkedDeals: await dealsWith(services.readStore, workspace, id, COUNTED_DEALS),
    sameAddress: alike.filter((each) => each.id !== id && each.controller === row?.controller).map((each) => each.id),
    possibleMentions: row === null ? [] : await mentionsOf(row, context),
  };
};

/** What the person is called and reached by; each has to be found whole. */
const namesOf = ({ name, emails, phones }: ContactRow): readonly (readonly string[])[] => {
  const { givenName, familyName, formattedName } = name ?? {};
  const full = formattedName ?? [givenName, familyName].filter((part) => part !== undefined).join(' ');
  const texts = [full, ...[...(emails ?? []), ...(phones ?? [])].map(({ value }) => value)];
  return texts.map((text) => words(text)).filter((found) => found.length > 0);
};

const mentionsOf = async (row: ContactRow, context: Context): Promise<PossibleMention[]> => {
  const { readStore } = context.services;
  const found = new Map<string, PossibleMention>();
  for (const wanted of namesOf(row)) {
    const query = {
      scope: row.workspace,
      direction: 'asc',
      facets: [LIVE],
      words: wanted,
      limit: MAX_MENTIONS,
    } as const;
    const pages = {
      contact: await contactPage(readStore, { ...query, order: 'name' }, context.controllers),
      deal: await dealPage(readStore, { ...query, order: 'closeDate' }, context.controllers),
      company: await companyPage(readStore, { ...query, order: 'name' }, context.controllers),
    };
    for (const [kind, { rows }] of Object.entries(pages)) {
      for (const { place } of rows) found.set(place.key, { kind, id: place.key });
    }
  }
  found.delete(row.id);
  return [...found.values()];
};
