import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { companies } from '../../projections/crm/companies.js';
import { contacts } from '../../projections/crm/contacts.js';
import { deals } from '../../projections/crm/deals.js';
import { products } from '../../projections/crm/products.js';
import { workspaces } from '../../projections/identity/workspaces.js';
import { importContacts } from '../../src/crm/imports/importContacts.js';
import { importDeals } from '../../src/crm/imports/importDeals.js';
import type { ImportReport } from '../../src/crm/imports/report.js';
import type { ImportFile } from '../../src/crm/imports/source.js';
import { CrmError } from '../../src/errors.js';
import { currency } from '../../src/kernel/values.js';
import { Allow } from '../access.js';
import { type Context, inInput } from '../context.js';
import { requireClient } from '../identity/workspaces.js';
import { CommandInput, wanted } from './common.js';

@InputType({ description: 'Says what a column is, where the guess is wrong.' })
class ColumnMappingInput {
  @Field(() => Int, { description: 'Counted from 1.' })
  column!: number;

  @Field(() => String, {
    nullable: true,
    description: 'A field such as closeDate or emails.0.value; null leaves the column out.',
  })
  field?: string | null;

  @Field(() => String, { nullable: true })
  label?: string | null;
}

@InputType({ description: 'A file: its text, or its bytes in base64.' })
class ImportFileInput {
  @Field(() => String, { nullable: true })
  text?: string | null;

  @Field(() => String, { nullable: true })
  base64?: string | null;

  @Field(() => String, { nullable: true, description: 'Of the bytes, where it is known; otherwise it is recognised.' })
  encoding?: string | null;

  @Field(() => [ColumnMappingInput], { nullable: true })
  mapping?: ColumnMappingInput[] | null;
}

@InputType()
class ImportContactsInput extends CommandInput {
  @Field(() => ImportFileInput, { description: 'vCards 2.1, 3.0 or 4.0, or a CSV with a header.' })
  file!: ImportFileInput;

  @Field(() => ID, {
    nullable: true,
    description: 'The client on whose behalf the people are kept; left out: the workspace itself.',
  })
  clientId?: string | null;

  @Field({ defaultValue: false, description: 'Reads, checks and counts, and writes nothing.' })
  dryRun!: boolean;
}

@InputType()
class ImportDealsInput extends CommandInput {
  @Field(() => ImportFileInput)
  deals!: ImportFileInput;

  @Field(() => ImportFileInput, { nullable: true })
  companies?: ImportFileInput | null;

  @Field(() => ImportFileInput, { nullable: true })
  products?: ImportFileInput | null;

  @Field(() => ImportFileInput, { nullable: true })
  agents?: ImportFileInput | null;

  @Field({ defaultValue: 'USD', description: 'Of every amount in the files (ISO 4217).' })
  currency!: string;

  @Field({ defaultValue: false, description: 'Reads, checks and counts, and writes nothing.' })
  dryRun!: boolean;
}

@ObjectType('ImportCounts', { simpleResolvers: true, description: 'What became of the records of one kind.' })
class ImportCountsType {
  @Field(() => Int)
  created!: number;

  @Field(() => Int)
  updated!: number;

  @Field(() => Int)
  unchanged!: number;

  @Field(() => Int)
  leftOut!: number;
}

@ObjectType('MappedColumn', { simpleResolvers: true })
class MappedColumnType {
  @Field(() => Int)
  column!: number;

  @Field()
  field!: string;

  @Field(() => String, { nullable: true })
  label?: string;
}

@ObjectType('ImportProblem', {
  simpleResolvers: true,
  description: 'Something that is wrong with a row; it holds no value from the file.',
})
class ImportProblemType {
  @Field(() => Int)
  line!: number;

  @Field(() => Int, { nullable: true })
  column?: number;

  @Field(() => String, { nullable: true })
  field?: string;

  @Field()
  code!: string;

  @Field()
  reason!: string;
}

@ObjectType('ImportedKind', { simpleResolvers: true })
class ImportedKindType {
  @Field({ description: 'contact, company, product, agent or deal.' })
  kind!: string;

  @Field(() => ImportCountsType)
  counts!: ImportCountsType;

  @Field(() => [MappedColumnType], { description: 'How the columns were understood; none for vCards.' })
  mapping!: readonly MappedColumnType[];

  @Field(() => [ImportProblemType])
  problems!: readonly ImportProblemType[];
}

@ObjectType({ simpleResolvers: true })
class ImportPayload {
  @Field()
  dryRun!: boolean;

  @Field(() => [ImportedKindType])
  kinds!: readonly ImportedKindType[];
}

@Resolver()
export class ImportResolver {
  @Allow('contact:import')
  @Mutation(() => ImportPayload)
  async importContacts(@Arg('input') input: ImportContactsInput, @Ctx() context: Context): Promise<ImportReport> {
    await requireClient(input.clientId, context);
    const { importParts } = context.services;
    const parts = importParts(context.command(input.commandId, input.clientId), input.dryRun);
    const report = await inInput(async () => importContacts(fileIn(input.file, 'file'), parts));
    return shown(report, [contacts.name], context);
  }

  @Allow('deal:import')
  @Mutation(() => ImportPayload, {
    description: 'Imports deals, and the companies, products and agents that they refer to.',
  })
  async importDeals(@Arg('input') input: ImportDealsInput, @Ctx() context: Context): Promise<ImportReport> {
    if (!currency.safeParse(input.currency).success) throw new CrmError('BAD_USER_INPUT', { field: 'input.currency' });
    if (!context.sees(context.workspace)) throw new CrmError('FORBIDDEN');
    const parts = context.services.importParts(context.command(input.commandId), input.dryRun);
    const report = await inInput(async () => importDeals(filesIn(input), { currency: input.currency }, parts));
    return shown(report, [deals.name, companies.name, products.name, workspaces.name], context);
  }
}

const shown = async (report: ImportReport, projections: readonly string[], { services }: Context) => {
  if (!report.dryRun) await services.waitFor([...projections, 'history'], await services.eventStore.head());
  return report;
};

const filesIn = ({ deals: dealFile, companies: companyFile, products: productFile, agents }: ImportDealsInput) => ({
  deals: fileIn(dealFile, 'deals'),
  companies: companyFile ? fileIn(companyFile, 'companies') : undefined,
  products: productFile ? fileIn(productFile, 'products') : undefined,
  agents: agents ? fileIn(agents, 'agents') : undefined,
});

const fileIn = ({ text, base64, encoding, mapping }: ImportFileInput, field: string): ImportFile => {
  if (wanted(text) === wanted(base64)) {
    throw new CrmError('BAD_USER_INPUT', { field, reason: 'Either text or base64.' });
  }
  return {
    name: field,
    bytes: wanted(text) ? Buffer.from(text) : Buffer.from(base64!, 'base64'),
    encoding: wanted(text) ? 'utf-8' : (encoding ?? undefined),
    mapping: mapping?.map(({ column, field: name, label }) => ({
      column,
      field: name ?? null,
      label: label ?? undefined,
    })),
  };
};
