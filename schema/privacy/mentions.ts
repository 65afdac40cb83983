import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { contactsByIds } from '../../projections/crm/contacts.js';
import { fold } from '../../projections/tokens.js';
import { companyDecider } from '../../src/crm/companies/decider.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { dealDecider } from '../../src/crm/deals/decider.js';
import { CrmError } from '../../src/errors.js';
import type { CommandContext } from '../../src/kernel/commandHandler.js';
import { streamOf } from '../../src/kernel/decider.js';
import { type LastValues, lastValues } from '../../src/privacy/erasure/lastValues.js';
import { mentionDecider } from '../../src/privacy/mentions/decider.js';
import { MAX_DECIDED, type MentionKind } from '../../src/privacy/mentions/events.js';
import { type Called, type Finder, finderOf } from '../../src/privacy/mentions/find.js';
import { redaction } from '../../src/privacy/mentions/redact.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { subjectOf, todayIn } from '../crm/contacts.js';
import { fieldsIn, kinds, markOf, mentionsOf } from './mentionsFound.js';
import { DecideMentionsInput, DecideMentionsPayload } from './mentionTypes.js';

type Decision = DecideMentionsInput['decisions'][number];

const FIELD = 'input.decisions';
const categories = { CONTACT: contactDecider, COMPANY: companyDecider, DEAL: dealDecider };

@Resolver()
export class MentionResolver {
  @Allow('contact:erase')
  @Mutation(() => DecideMentionsPayload, {
    description: `Decides on texts that may mention a person, ${MAX_DECIDED} at most. A text that is redacted is changed by an event of its record.`,
  })
  async decideMentions(
    @Arg('input') input: DecideMentionsInput,
    @Ctx() context: Context,
  ): Promise<DecideMentionsPayload> {
    const { contactId, decisions, commandId } = input;
    if (decisions.length === 0 || decisions.length > MAX_DECIDED) {
      throw new CrmError('BAD_USER_INPUT', { field: FIELD, limit: MAX_DECIDED });
    }
    const person = await subjectOf(contactId, context, 'input.contactId');
    const [row] = await contactsByIds(context.services.readStore, [contactId]);
    const find = (row && finderOf(row as Called, fold)) ?? (() => []);
    const command = context.command(commandId, await context.controllerOf(contactId));
    const records = await recordsOf(decisions, context);
    const marks = decisions.map((each) => {
      const value = records.get(nameOf(each))!.values[each.field];
      return markOf(each, value, { subject: person, controller: command.controller, find }, context);
    });
    await record(person, decisions, marks, command, context);
    const redacted = await redactAll(decisions, records, find, context);
    const { of } = await mentionsOf([contactId], context);
    return { redacted, remaining: of.get(contactId) ?? [] };
  }
}

const nameOf = ({ kind, id }: Pick<Decision, 'kind' | 'id'>): string => `${kind} ${id}`;

/** The records that are decided on, each as its history has it now. Errors: NOT_FOUND, DELETED, BAD_USER_INPUT. */
const recordsOf = async (
  decisions: readonly Decision[],
  context: Context,
): Promise<ReadonlyMap<string, LastValues>> => {
  const found = new Map<string, LastValues>();
  for (const each of decisions) {
    const { kind, id, field, decision } = each;
    const { exists, deleted } = await stateOf(kind, id, context);
    const redactable = fieldsIn(kind, context.services.definitions).get(field);
    if (!exists || redactable === undefined) throw new CrmError('NOT_FOUND', { field: FIELD });
    if (decision === 'REDACT' && deleted) throw new CrmError('DELETED', { field: FIELD });
    if (decision === 'REDACT' && !redactable) {
      throw new CrmError('BAD_USER_INPUT', {
        field: FIELD,
        reason: 'Not free text: the record itself has to be changed.',
      });
    }
    if (!found.has(nameOf(each)))
      found.set(nameOf(each), await lastValues(streamOf(categories[kind], id), context.services));
  }
  return found;
};

const stateOf = (kind: MentionKind, id: string, context: Context): Promise<{ exists: boolean; deleted: boolean }> => {
  if (kind === 'CONTACT') return context.stateOf(contactDecider, id);
  return kind === 'COMPANY' ? context.stateOf(companyDecider, id) : context.stateOf(dealDecider, id);
};

/** Before anything is changed: what a crash cuts off is listed again, and can be decided again. */
const record = async (
  person: string,
  decisions: readonly Decision[],
  marks: readonly (string | null)[],
  command: CommandContext,
  context: Context,
): Promise<void> => {
  const said = decisions.map(({ kind, id, field, decision }) => ({ kind, record: id, field, decision }));
  const decide = {
    type: 'DecideMentions',
    subject: context.workspace,
    person,
    decisions: said,
    given: { marks },
  } as const;
  await context.handle(mentionDecider, person, decide, command, { shownIn: ['history'] });
};

/** Answers how many fields were changed. */
const redactAll = async (
  decisions: readonly Decision[],
  records: ReadonlyMap<string, LastValues>,
  find: Finder,
  context: Context,
): Promise<number> => {
  let redacted = 0;
  for (const [name, record] of records) {
    const ofRecord = decisions.filter((each) => nameOf(each) === name && each.decision === 'REDACT');
    const fields = ofRecord.flatMap(({ field }) => {
      const changed = redaction(record.values[field], find);
      return changed === undefined ? [] : [[field, changed] as const];
    });
    const [first] = ofRecord;
    if (first === undefined || fields.length === 0) continue;
    await change(first, Object.fromEntries(fields), record.version, context);
    redacted += fields.length;
  }
  return redacted;
};

const change = async (
  { kind, id }: Decision,
  fields: { readonly [field: string]: unknown },
  expectedVersion: number,
  context: Context,
): Promise<void> => {
  const command = context.command(null, null);
  const options = { expectedVersion, shownIn: [kinds[kind].readModel, 'history'] };
  if (kind === 'CONTACT') {
    const data = { ...fields, subject: await subjectOf(id, context, FIELD) };
    const given = { today: todayIn(context) };
    await context.handle(contactDecider, id, { type: 'UpdateContact', data, given }, command, options);
  } else if (kind === 'COMPANY') {
    await context.handle(companyDecider, id, { type: 'UpdateCompany', ...fields, subject: id }, command, options);
  } else {
    const update = { type: 'UpdateDeal', data: { ...fields, subject: id }, given: { stages: [] } } as const;
    await context.handle(dealDecider, id, update, command, options);
  }
};
