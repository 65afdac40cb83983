import { Arg, Ctx, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { type Combination, type ContactRow, combinationsOf, peopleAlike } from '../../projections/crm/contacts.js';
import { dealsWith } from '../../projections/crm/deals.js';
import { safeguardDecider } from '../../src/privacy/safeguards/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { Contact } from '../crm/contactTypes.js';
import { type OneOf, PrivacyStateEnum } from '../enums.js';

/** Combinations in a report, the rarest first. */
const MAX_COMBINATIONS = 1_000;

@ObjectType({ simpleResolvers: true, description: 'Where somebody lived, as far as an anonymisation leaves it.' })
class KeptPlace {
  @Field(() => String, { nullable: true })
  region?: string;

  @Field(() => String, { nullable: true })
  country?: string;
}

@Allow('contact:read')
@ObjectType({ simpleResolvers: true, description: 'What an anonymisation left of a person.' })
class KeptOfPerson {
  @Field(() => String, { nullable: true })
  birthYear?: string;

  @Field(() => [KeptPlace])
  places!: readonly KeptPlace[];

  @Field(() => String, {
    nullable: true,
    description: 'Stands for the place of work: the same for all who worked there, and not to be read back.',
  })
  workplacePseudonym?: string;

  @Field(() => String, { nullable: true })
  department?: string;

  @Field(() => ID, { nullable: true, description: 'The company record that the person is still linked to.' })
  companyId?: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Anonymised people who cannot be told apart by what is left of them.',
})
class AlikePeople {
  @Field(() => Int, { description: 'How many share it: their k.' })
  people!: number;

  @Field(() => KeptOfPerson)
  combination!: KeptOfPerson;
}

@Allow('contact:anonymise')
@ObjectType({
  simpleResolvers: true,
  description: 'How many anonymised people share each combination of what is left of them (k-anonymity).',
})
class AnonymityReport {
  @Field(() => Int, { description: 'Who shares a combination with fewer people than this is called DEIDENTIFIED.' })
  bound!: number;

  @Field(() => Int)
  people!: number;

  @Field(() => Int, { description: 'Of them, those in combinations below the bound.' })
  belowBound!: number;

  @Field(() => Int, { nullable: true, description: 'The smallest k; none where nobody was anonymised.' })
  smallest?: number;

  @Field(() => [AlikePeople], { description: `The rarest first, ${MAX_COMBINATIONS} at most.` })
  combinations!: readonly AlikePeople[];
}

const keptOf = ({ company, kept }: Combination): KeptOfPerson => ({
  birthYear: kept.birthDate,
  places: kept.addresses ?? [],
  workplacePseudonym: kept.work?.companyName,
  department: kept.work?.department,
  companyId: company,
});

@Resolver(() => Contact)
export class AnonymityResolver {
  @Allow('contact:read')
  @FieldResolver(() => PrivacyStateEnum)
  privacyState(
    @Root() { row }: Contact,
    @Ctx() context: Context,
  ): OneOf<typeof PrivacyStateEnum> | Promise<OneOf<typeof PrivacyStateEnum>> {
    if (row.anonymisedAt !== undefined) return verdict(row, context);
    return row.restricted === undefined ? 'ACTIVE' : 'RESTRICTED';
  }

  @Allow('contact:read')
  @FieldResolver(() => KeptOfPerson, { nullable: true, description: 'Of somebody who was anonymised.' })
  kept(@Root() { row }: Contact): KeptOfPerson | null {
    return row.anonymisedAt === undefined ? null : keptOf({ company: row.company, kept: row.kept ?? {} });
  }

  @Allow('contact:anonymise')
  @Query(() => AnonymityReport, {
    description: 'Of the people whom the workspace keeps for itself, or for one of its clients.',
  })
  async anonymityReport(
    @Arg('clientId', () => ID, { nullable: true }) clientId: string | null,
    @Ctx() context: Context,
  ): Promise<AnonymityReport> {
    const { workspace, services } = context;
    const bound = await boundIn(context);
    const controller = clientId ?? workspace;
    const found = context.sees(controller) ? await combinationsOf(services.readStore, workspace, controller) : [];
    const rarestFirst = found.toSorted((left, right) => left.people - right.people);
    const count = (of: typeof found) => of.reduce((sum, { people }) => sum + people, 0);
    return {
      bound,
      people: count(found),
      belowBound: count(found.filter(({ people }) => people < bound)),
      smallest: rarestFirst[0]?.people,
      combinations: rarestFirst
        .slice(0, MAX_COMBINATIONS)
        .map(({ people, combination }) => ({ people, combination: keptOf(combination) })),
    };
  }
}

const boundIn = async ({ services, workspace }: Context): Promise<number> =>
  (await services.handler.stateOf(safeguardDecider, workspace, workspace)).anonymityBound;

/** Deals hold amounts, dates, free text and often an id of another program: whoever is linked to one can be singled out. */
const verdict = async (row: ContactRow, context: Context): Promise<'DEIDENTIFIED' | 'ANONYMOUS'> => {
  const { readStore } = context.services;
  const [alike, bound, linked] = await Promise.all([
    peopleAlike(readStore, row),
    boundIn(context),
    dealsWith(readStore, row.workspace, row.id, 1),
  ]);
  return alike < bound || linked > 0 || row.externalId !== undefined ? 'DEIDENTIFIED' : 'ANONYMOUS';
};
