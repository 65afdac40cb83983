import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { entityIn, historyPage, typeFacet } from '../../projections/audit/history.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { CrmError } from '../../src/errors.js';
import { certificatePath } from '../../src/privacy/erasure/certificate.js';
import type { ErasureKind, ErasureTarget } from '../../src/privacy/erasure/events.js';
import type { ErasureState } from '../../src/privacy/erasure/requestDecider.js';
import { Allow } from '../access.js';
import { Connection, PageArgs } from '../connection.js';
import { type Context, inInput } from '../context.js';
import { payload, subjectOf } from '../crm/contacts.js';
import { connectionOf, pageQuery } from '../page.js';
import { selectsCount } from '../selection.js';
import type { Services } from '../services.js';
import { StepUp } from '../stepUp.js';
import {
  AnonymiseContactPayload,
  EraseContactPayload,
  Erasure,
  type ErasureCertificate,
  ErasureIdInput,
  ErasureInput,
  type ErasureResult,
  RequestErasureInput,
} from './erasureTypes.js';

const ErasureConnection = Connection(Erasure);

@Resolver()
export class ErasureResolver {
  @Allow('erasure:read')
  @Query(() => Erasure, { nullable: true, description: 'With its progress, its receipts and its certificates.' })
  erasure(@Arg('id', () => ID) id: string, @Ctx() context: Context): Promise<Erasure | null> {
    return erasureById(id, context);
  }

  @Allow('erasure:read')
  @Query(() => ErasureConnection, { description: 'The newest first.' })
  async erasures(@Args() page: PageArgs, @Ctx() context: Context, @Info() info: GraphQLResolveInfo) {
    const query = pageQuery({
      scope: context.workspace,
      page,
      order: 'time',
      descending: true,
      facets: [typeFacet('ErasureRequested')],
      counted: selectsCount(info),
    });
    const found = await historyPage(context.services.readStore, query, context.controllers);
    const shown = await Promise.all(found.rows.map(({ row }) => erasureById(entityIn(row.stream), context)));
    const rows = found.rows.flatMap(({ place }, index) => {
      const row = shown[index];
      return row ? [{ row, place }] : [];
    });
    return connectionOf({ ...found, rows }, page.after != null, (row) => row);
  }

  @Allow('contact:anonymise')
  @StepUp()
  @Mutation(() => AnonymiseContactPayload, {
    description:
      "Destroys the person's keys and takes what identifies out of the record, which stays for statistics. Cannot be undone.",
  })
  async anonymiseContact(@Arg('input') input: ErasureInput, @Ctx() context: Context): Promise<AnonymiseContactPayload> {
    const { position, erasureId } = await erase('ANONYMISE', input, context);
    const { contact } = await payload(input.id, { version: 0, position }, context);
    return { contact, position, erasureId };
  }

  @Allow('contact:erase')
  @StepUp()
  @Mutation(() => EraseContactPayload, {
    description: "Destroys the person's keys and takes the contact out of every read model. Cannot be undone.",
  })
  async eraseContact(@Arg('input') input: ErasureInput, @Ctx() context: Context): Promise<EraseContactPayload> {
    return erase('ERASE', input, context);
  }

  @Allow('contact:erase')
  @StepUp()
  @Mutation(() => Erasure, { description: 'Erases or anonymises several people in one request, one after another.' })
  async requestErasure(@Arg('input') input: RequestErasureInput, @Ctx() context: Context): Promise<Erasure> {
    const { contactIds, kind, reasonCode: reason, reason: note, commandId } = input;
    const targets = [];
    for (const id of new Set(contactIds)) targets.push(await targetOf(id, 'input.contactIds', context));
    if (targets.length === 0)
      throw new CrmError('BAD_USER_INPUT', { field: 'input.contactIds', reason: 'At least one.' });
    const request = { targets, kind, reason, note: note ?? undefined };
    const id = await inInput(() => context.services.erasures.request(request, context.command(commandId)));
    return shown(id, context);
  }

  @Allow('erasure:approve')
  @StepUp()
  @Mutation(() => Erasure, { description: 'By another person than the one who asked for it.' })
  async approveErasure(@Arg('input') input: ErasureIdInput, @Ctx() context: Context): Promise<Erasure> {
    await requireErasure(input.erasureId, context);
    await named(() => context.services.erasures.approve(input.erasureId, context.command(input.commandId)));
    return shown(input.erasureId, context);
  }

  @Allow('erasure:approve')
  @Mutation(() => Erasure, { description: 'While it has not started.' })
  async callOffErasure(@Arg('input') input: ErasureIdInput, @Ctx() context: Context): Promise<Erasure> {
    await requireErasure(input.erasureId, context);
    await named(() => context.services.erasures.callOff(input.erasureId, context.command(input.commandId)));
    return shown(input.erasureId, context);
  }
}

/** Errors name the argument as the caller wrote it. */
const named = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CrmError) || error.details.field !== 'id') throw error;
    throw new CrmError(error.code, { field: 'input.erasureId' }, { cause: error });
  }
};

const requireErasure = async (id: string, context: Context): Promise<void> => {
  if ((await erasureById(id, context)) === null) throw new CrmError('NOT_FOUND', { field: 'input.erasureId' });
};

const targetOf = async (id: string, field: string, context: Context): Promise<ErasureTarget> => {
  const subject = await subjectOf(id, context, field);
  const controller = await context.services.handler.controllerOf(contactDecider, id, context.workspace);
  return { record: id, subject, controller: controller ?? context.workspace };
};

const erase = async (kind: ErasureKind, input: ErasureInput, context: Context) => {
  const { id, commandId, reasonCode: reason, reason: note } = input;
  const target = await targetOf(id, 'input.id', context);
  const command = context.command(commandId, target.controller);
  const request = { targets: [target], kind, reason, note: note ?? undefined };
  const erasureId = await inInput(() => context.services.erasures.request(request, command));
  const position = await positionOf(erasureId, context);
  return { subjectId: target.subject, position, erasureId };
};

const positionOf = async (id: string, { services, workspace }: Context): Promise<string> => {
  const { carriedOut } = await services.erasures.state(id, workspace);
  const position = [...carriedOut.values()].at(-1)?.position ?? (await services.eventStore.head());
  await services.waitFor(['history'], position);
  return position;
};

const shown = async (id: string, context: Context): Promise<Erasure> => {
  await positionOf(id, context);
  return (await erasureById(id, context))!;
};

/** `null` for one that there is not, or that is about somebody whom the caller does not see. */
export const erasureById = async (id: string, context: Context): Promise<Erasure | null> => {
  const { services, workspace } = context;
  const state = await services.erasures.state(id, workspace);
  const { requested, approvedBy, startedAt, carriedOut, certified } = state;
  if (requested === null || requested.targets.some(({ controller }) => !context.sees(controller))) return null;
  return {
    id,
    kind: requested.kind,
    reasonCode: requested.reason,
    standing: await services.erasures.standing(id, workspace),
    requestedAt: requested.at,
    requestedBy: requested.by,
    waitsFor: requested.waitsFor,
    dueAt: requested.dueAt,
    approvedBy: approvedBy ?? undefined,
    startedAt: startedAt ?? undefined,
    people: requested.targets.length,
    carriedOut: carriedOut.size,
    certified: certified.size,
    results: requested.targets.map((target) => resultOf(id, target, state)),
  };
};

/** The certificate of one person, where it is signed. */
export const certificateOf = async (
  { erasures }: Pick<Services, 'erasures'>,
  workspace: string,
  erasure: string,
  person: string,
): Promise<ErasureCertificate | undefined> => {
  const state = await erasures.state(erasure, workspace);
  const target = state.requested?.targets.find(({ subject }) => subject === person);
  return target && resultOf(erasure, target, state).certificate;
};

const resultOf = (id: string, { record, subject }: ErasureTarget, state: ErasureState): ErasureResult => {
  const done = state.carriedOut.get(subject);
  const signed = state.certified.get(subject);
  return {
    contactId: record,
    subjectId: subject,
    carriedOutAt: done?.at,
    keysDestroyed: done?.data.keys ?? [],
    receipts: done?.data.receipts ?? [],
    certificate:
      signed === undefined
        ? undefined
        : {
            certificate: signed.certificate,
            keyId: signed.keyId,
            signature: signed.signature,
            path: certificatePath(id, subject),
          },
    kept: done?.data.kept ?? [],
    ended: [...state.ended.values()]
      .filter(({ target }) => target === subject)
      .map(({ class: each, at, keys, certificate, keyId, signature }) => ({
        ...{ class: each, at, keysDestroyed: keys, certificate, keyId, signature },
      })),
  };
};
