import { Arg, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Resolver, Root } from 'type-graphql';
import { type ConsentStanding, contactById, contacts } from '../../projections/crm/contacts.js';
import { reachOf } from '../../src/crm/contacts/reach.js';
import { CrmError } from '../../src/errors.js';
import type { CommandContext } from '../../src/kernel/commandHandler.js';
import { consentDecider, consentKey } from '../../src/privacy/consent/decider.js';
import { Allow } from '../access.js';
import type { Context } from '../context.js';
import { CommandInput } from '../crm/common.js';
import { subjectOf } from '../crm/contacts.js';
import { Contact } from '../crm/contactTypes.js';
import { ChannelEnum, ConsentStateEnum, LegalBasisEnum, type OneOf, PurposeEnum } from '../enums.js';
import { DateTime } from '../scalars.js';

@Allow('consent:read')
@ObjectType({ simpleResolvers: true, description: 'Where a person stands on one purpose and channel.' })
export class Consent {
  @Field(() => PurposeEnum)
  purpose!: OneOf<typeof PurposeEnum>;

  @Field(() => ChannelEnum)
  channel!: OneOf<typeof ChannelEnum>;

  @Field(() => ConsentStateEnum)
  state!: OneOf<typeof ConsentStateEnum>;

  @Field(() => DateTime)
  since!: string;

  @Field(() => LegalBasisEnum)
  basis!: OneOf<typeof LegalBasisEnum>;

  @Field({ description: 'The version of the notice that the person was shown.' })
  noticeVersion!: string;
}

@InputType()
class RecordConsentInput extends CommandInput {
  @Field(() => ID)
  contactId!: string;

  @Field(() => PurposeEnum)
  purpose!: OneOf<typeof PurposeEnum>;

  @Field(() => ChannelEnum)
  channel!: OneOf<typeof ChannelEnum>;

  @Field(() => LegalBasisEnum, { defaultValue: 'CONSENT' })
  basis!: OneOf<typeof LegalBasisEnum>;

  @Field()
  noticeVersion!: string;

  @Field(() => String, { nullable: true, description: 'How it was given: a web form, a call, a signature.' })
  means?: string | null;

  @Field(() => String, { nullable: true, description: 'What proves it.' })
  evidence?: string | null;
}

@InputType()
class WithdrawConsentInput extends CommandInput {
  @Field(() => ID)
  contactId!: string;

  @Field(() => PurposeEnum)
  purpose!: OneOf<typeof PurposeEnum>;

  @Field(() => ChannelEnum)
  channel!: OneOf<typeof ChannelEnum>;

  @Field(() => String, { nullable: true })
  means?: string | null;
}

@ObjectType({ simpleResolvers: true })
class ConsentPayload {
  @Field(() => Consent)
  consent!: ConsentStanding;

  @Field({ description: 'Where the command stands in the history; opaque, but ordered.' })
  position!: string;
}

const SHOWN_IN = [contacts.name, 'history'];

@Resolver(() => Contact)
export class ConsentResolver {
  @Allow('consent:read')
  @FieldResolver(() => [Consent], { description: 'Every purpose and channel that the person was asked about.' })
  consents(@Root() contact: Contact): readonly ConsentStanding[] {
    return Object.values(contact.row.consents ?? {});
  }

  @Allow('consent:write')
  @Mutation(() => ConsentPayload)
  async recordConsent(@Arg('input') input: RecordConsentInput, @Ctx() context: Context): Promise<ConsentPayload> {
    const { contactId, purpose, channel, basis, noticeVersion } = input;
    const subject = await subjectOf(contactId, context, 'input.contactId');
    const means = input.means ?? undefined;
    const evidence = input.evidence ?? undefined;
    const give = { type: 'GiveConsent', subject, purpose, channel, basis, noticeVersion, means, evidence } as const;
    const command = context.command(input.commandId, await context.controllerOf(contactId));
    await refuseSoftOptIn(input, command, context);
    const { position } = await context.handle(consentDecider, subject, give, command, { shownIn: SHOWN_IN });
    if (purpose === 'MARKETING' && basis === 'CONSENT') await lift(input, command, context);
    return { consent: await standing(input, context), position };
  }

  @Allow('consent:write')
  @Mutation(() => ConsentPayload)
  async withdrawConsent(@Arg('input') input: WithdrawConsentInput, @Ctx() context: Context): Promise<ConsentPayload> {
    const { contactId, purpose, channel } = input;
    const subject = await subjectOf(contactId, context, 'input.contactId');
    const withdraw = { type: 'WithdrawConsent', subject, purpose, channel, means: input.means ?? undefined } as const;
    const command = context.command(input.commandId, await context.controllerOf(contactId));
    // First, so that a crash in between leaves somebody who is not contacted, not somebody who still is.
    if (purpose === 'MARKETING') await optOut(input, subject, command, context);
    const { position } = await context.handle(consentDecider, subject, withdraw, command, { shownIn: SHOWN_IN });
    return { consent: await standing(input, context), position };
  }
}

type OnChannel = Pick<RecordConsentInput, 'contactId' | 'purpose' | 'channel'>;

const reachIn = async ({ contactId }: OnChannel, context: Context) =>
  reachOf((await contactById(context.services.readStore, contactId)) ?? {});

/** An opt-in that nobody gave does not outweigh a no that somebody did give (GDPR Art 21(3)). */
const refuseSoftOptIn = async (input: RecordConsentInput, command: CommandContext, context: Context) => {
  if (input.purpose !== 'MARKETING' || input.basis !== 'SOFT_OPT_IN') return;
  const suppressed = await context.services.suppressions.channelsOf(await reachIn(input, context), command);
  if (suppressed.includes(input.channel)) throw new CrmError('ADDRESS_SUPPRESSED', { field: 'input.basis' });
};

/** A new consent takes the person's addresses off the do-not-contact list, for the channel that it names. */
const lift = async (input: OnChannel, command: CommandContext, context: Context) => {
  const reach = await reachIn(input, context);
  const { suppressions } = context.services;
  if (!(await suppressions.channelsOf(reach, command)).includes(input.channel)) return;
  await suppressions.lift(reach, [input.channel], command);
  await context.services.waitFor(SHOWN_IN, await context.services.eventStore.head());
};

/** Whoever withdraws is put on the do-not-contact list, so that the same address under another record is not contacted either. */
const optOut = async (input: OnChannel, subject: string, command: CommandContext, context: Context) => {
  const { handler, suppressions } = context.services;
  const { standing: standings } = await handler.stateOf(consentDecider, subject, context.workspace);
  if (!standings[consentKey(input.purpose, input.channel)]?.given) return;
  await suppressions.suppress(await reachIn(input, context), [input.channel], 'OPTED_OUT', command);
};

const standing = async ({ contactId, purpose, channel }: OnChannel, context: Context): Promise<ConsentStanding> => {
  const row = await contactById(context.services.readStore, contactId);
  const consent = row?.consents?.[consentKey(purpose, channel)];
  if (consent === undefined) throw new CrmError('SUBJECT_ERASED', { field: 'input.contactId' });
  return consent;
};
