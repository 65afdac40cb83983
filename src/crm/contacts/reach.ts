import type { CommandContext } from '../../kernel/commandHandler.js';
import type { Channel } from '../../privacy/consent/events.js';
import type { Reach } from '../../privacy/suppression/addresses.js';

/** What taking a person in asks of the do-not-contact list of their controller. */
export interface DoNotContact {
  channelsOf(reach: Reach, owner: Pick<CommandContext, 'workspace' | 'controller'>): Promise<readonly Channel[]>;
  /** To be called once the person is taken in: the list may have changed since the decision, when it said `before`. */
  recheck(reach: Reach, before: readonly Channel[] | undefined, context: CommandContext): Promise<void>;
}

type Labelled = readonly { readonly value: string }[] | null | undefined;

/** The addresses among the fields of a contact, or of a change to one. */
export const reachOf = (fields: { readonly emails?: Labelled; readonly phones?: Labelled }): Reach => ({
  emails: (fields.emails ?? []).map(({ value }) => value),
  phones: (fields.phones ?? []).map(({ value }) => value),
});

/** What the do-not-contact list says of a change: of the addresses that come in by it, and of those that it leaves. */
export const reachAfter = async (
  change: { readonly emails?: Labelled; readonly phones?: Labelled },
  before: { readonly emails?: Labelled; readonly phones?: Labelled },
  list: DoNotContact,
  owner: Pick<CommandContext, 'workspace' | 'controller'>,
): Promise<{ suppressed?: readonly Channel[]; introduced?: readonly Channel[] }> => {
  if (change.emails === undefined && change.phones === undefined) return {};
  const old = reachOf(before);
  const said = reachOf(change);
  const left = {
    emails: change.emails === undefined ? old.emails : said.emails,
    phones: change.phones === undefined ? old.phones : said.phones,
  };
  const suppressed = await list.channelsOf(left, owner);
  if (suppressed.length === 0) return { suppressed };
  const introduced = {
    emails: said.emails.filter((each) => !old.emails.includes(each)),
    phones: said.phones.filter((each) => !old.phones.includes(each)),
  };
  return { suppressed, introduced: await list.channelsOf(introduced, owner) };
};
