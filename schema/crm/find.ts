import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql';
import { contactPage, emailFacet, mayBeUsedFor, phoneFacet } from '../../projections/crm/contacts.js';
import { externalFacet } from '../../projections/crm/record.js';
import { searchDecider } from '../../src/crm/searches/decider.js';
import type { Identifier } from '../../src/crm/searches/events.js';
import { CrmError } from '../../src/errors.js';
import { consentNeededFor } from '../../src/identity/access/readPurposes.js';
import { comparedPhone } from '../../src/privacy/suppression/addresses.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { IdentifierEnum, type OneOf } from '../enums.js';
import { CommandInput } from './common.js';
import { toContact } from './contacts.js';
import { Contact } from './contactTypes.js';

/** Contacts that one search answers with at the most. */
const MAX_FOUND = 100;

@InputType({
  description: 'Looks for a person among the contacts of every client. As a whole, whatever its case.',
})
class FindByIdentifierInput extends CommandInput {
  @Field(() => IdentifierEnum)
  identifier!: OneOf<typeof IdentifierEnum>;

  @Field()
  value!: string;

  @Field({ description: "Why; kept under the workspace's key." })
  reason!: string;
}

@ObjectType({ simpleResolvers: true })
class FindByIdentifierPayload {
  @Field(() => [Contact], { description: 'One for each client that keeps the person: they stay apart.' })
  contacts!: Contact[];

  @Field()
  position!: string;
}

@Resolver()
export class FindResolver {
  /** A mutation, because that it was asked is recorded, before anything is answered. */
  @Allow('contact:find')
  @Mutation(() => FindByIdentifierPayload, {
    description:
      "Looks for an identifier across clients, which is recorded in the history. It merges nobody's records.",
  })
  async findByIdentifier(
    @Arg('input') { identifier, value, reason, commandId }: FindByIdentifierInput,
    @Ctx() context: Context,
  ): Promise<FindByIdentifierPayload> {
    const { workspace, services } = context;
    const facet = facetOf(identifier, value.trim());
    const query = { scope: workspace, order: 'name', direction: 'asc', facets: [facet], limit: MAX_FOUND } as const;
    const consent = consentNeededFor(context.purpose);
    const rows = (await contactPage(services.readStore, query, null)).rows
      .map(({ row }) => row)
      .filter((row) => consent === null || mayBeUsedFor(row, consent));
    const command = context.command(commandId);
    const id = services.handler.newId(command, 'search');
    const given = { found: rows.map((row) => row.id) };
    const search = { type: 'RecordSearch', subject: workspace, identifier, reason, given } as const;
    const { position } = await context.handle(searchDecider, id, search, command, { shownIn: ['history'] });
    return { contacts: rows.map(toContact), position };
  }
}

/** Phone numbers are compared by their digits. Error: BAD_USER_INPUT for what is no identifier of the kind. */
const facetOf = (identifier: Identifier, value: string): string => {
  const phone = identifier === 'PHONE' ? comparedPhone(value) : value;
  if (phone === null || value === '') throw new CrmError('BAD_USER_INPUT', { field: 'input.value' });
  if (identifier === 'PHONE') return phoneFacet(phone);
  return identifier === 'EMAIL' ? emailFacet(value) : externalFacet(value);
};
