import { timingSafeEqual } from 'node:crypto';
import { clientsByIds, workspacesByIds } from '../../projections/identity/workspaces.js';
import { contactDecider } from '../crm/contacts/decider.js';
import { reachOf } from '../crm/contacts/reach.js';
import { accountDecider } from '../identity/accounts/decider.js';
import type { CommandContext, CommandHandler } from '../kernel/commandHandler.js';
import { streamOf } from '../kernel/decider.js';
import { derivedId } from '../kernel/ids.js';
import { linkTo } from '../kernel/mailWords.js';
import { OPERATOR } from '../kernel/workspace.js';
import { type PartingParts, partingWasSent, sendParting } from '../mail/parting.js';
import type { Mail } from '../mail/port.js';
import { accountClosedMail, erasedMail } from '../privacy/erasure/answers.js';
import { certificatePath } from '../privacy/erasure/certificate.js';
import type { ErasureOrder } from '../privacy/erasure/erase.js';
import { type HistorySource, lastValues } from '../privacy/erasure/lastValues.js';
import { safeguardDecider } from '../privacy/safeguards/decider.js';
import type { ReadStore } from '../readstore/port.js';

export interface AnswerParts extends PartingParts {
  readonly history: HistorySource;
  readonly handler: CommandHandler;
  readonly readStore: ReadStore;
  readonly mail: Mail;
  readonly now: () => number;
  readonly appUrl: string;
  readonly certificateLinks: CertificateLinks;
}

/** Lets whoever was sent the link see the certificate of one person, without signing in: they cannot any more. */
export class CertificateLinks {
  constructor(private readonly keyed: (space: string, value: string) => string) {}

  /** Path and query: the workspace of the request, and a keyed hash that nobody else can make. */
  pathOf(workspace: string, erasure: string, person: string): string {
    return `${certificatePath(erasure, person)}?of=${workspace}&key=${this.#keyOf(workspace, erasure, person)}`;
  }

  isGood(key: string, workspace: string, erasure: string, person: string): boolean {
    const [given, good] = [Buffer.from(key), Buffer.from(this.#keyOf(workspace, erasure, person))];
    return given.length === good.length && timingSafeEqual(given, good);
  }

  #keyOf(workspace: string, erasure: string, person: string): string {
    return this.keyed('certificate', `${workspace} ${erasure} ${person}`);
  }
}

/**
 * Answers the person who is about to be erased: an account holder always, a contact who has asked for it where their
 * workspace wants that and there is an address.
 */
export const answerTo =
  (parts: AnswerParts) =>
  async (order: ErasureOrder, context: CommandContext): Promise<boolean> => {
    if (order.erasure === undefined || !(await isAnswered(order, context, parts))) return false;
    const id = derivedId('answer', order.erasure, order.subject);
    if (await partingWasSent(id, parts)) return true;
    const to = await addressOf(order, parts);
    if (to === undefined) return false;
    await sendParting(id, { to, ...(await wordsFor(order, context, parts)) }, { ...parts, now: parts.now() });
    return true;
  };

const isAnswered = async (
  { recordKind, reason }: ErasureOrder,
  { workspace }: CommandContext,
  { handler }: AnswerParts,
): Promise<boolean> => {
  if (recordKind === 'ACCOUNT') return true;
  if (recordKind !== 'CONTACT' || reason !== 'SUBJECT_REQUEST') return false;
  return (await handler.stateOf(safeguardDecider, workspace, workspace)).answersPeople;
};

const addressOf = async (
  { record, recordKind }: ErasureOrder,
  { history }: AnswerParts,
): Promise<string | undefined> => {
  const decider = recordKind === 'ACCOUNT' ? accountDecider : contactDecider;
  const { values } = await lastValues(streamOf(decider, record), history);
  return recordKind === 'ACCOUNT' ? (values.email as string | undefined) : reachOf(values).emails[0];
};

const wordsFor = async (
  { erasure, subject, recordKind, kind }: ErasureOrder,
  { workspace, controller }: CommandContext,
  { appUrl, certificateLinks, readStore }: AnswerParts,
) => {
  const within = recordKind === 'ACCOUNT' ? OPERATOR : workspace;
  const link = linkTo(appUrl, 'erasure-certificate', certificateLinks.pathOf(within, erasure!, subject));
  if (recordKind === 'ACCOUNT') return accountClosedMail({ link });
  const named = controller === workspace ? workspacesByIds : clientsByIds;
  const [row] = await named(readStore, [controller]);
  return erasedMail({ kind, controller: row?.name, link });
};
