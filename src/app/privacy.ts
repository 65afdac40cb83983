import { allProjections } from '../../projections/all.js';
import { entityIn, history, historyPage, typeFacet } from '../../projections/audit/history.js';
import { contacts, contactsReachedAt } from '../../projections/crm/contacts.js';
import { accountsIn } from '../../projections/identity/members.js';
import { contactDecider } from '../crm/contacts/decider.js';
import { reachOf } from '../crm/contacts/reach.js';
import { isCrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import { workspaceErasedMail } from '../identity/members/mails.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { CommandContext, CommandHandler } from '../kernel/commandHandler.js';
import { streamOf } from '../kernel/decider.js';
import type { Position } from '../kernel/envelope.js';
import { type Ids, pooledRandomBytes } from '../kernel/ids.js';
import type { ErasureLedger } from '../ledger/port.js';
import { Anonymiser } from '../privacy/anonymisation/anonymise.js';
import { consentDecider } from '../privacy/consent/decider.js';
import { channels } from '../privacy/consent/events.js';
import { CertificateKey } from '../privacy/erasure/certificateKey.js';
import { Eraser, type ErasureOrder } from '../privacy/erasure/erase.js';
import { Erasures, type ErasuresParts } from '../privacy/erasure/erasures.js';
import { lastValues } from '../privacy/erasure/lastValues.js';
import { holdDecider } from '../privacy/holds/decider.js';
import { retentionDecider } from '../privacy/retention/decider.js';
import { keptOf, lastOfEachClass } from '../privacy/retention/kept.js';
import { safeguardDecider } from '../privacy/safeguards/decider.js';
import type { Reach } from '../privacy/suppression/addresses.js';
import { Suppressions } from '../privacy/suppression/suppressions.js';
import type { Place, ReadStore } from '../readstore/port.js';
import type { StateStore } from '../statestore/port.js';
import { controllerKey, type DerivedKeys, keyedHash } from '../vault/keys.js';
import type { Vault } from '../vault/port.js';
import { answerTo, CertificateLinks } from './answers.js';
import { allEvents } from './events.js';
import { type AccountHolding, purgersOf } from './purgers.js';

export interface PrivacyParts {
  readonly handler: CommandHandler;
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly stateStore: StateStore;
  readonly readStore: ReadStore;
  readonly ledger: ErasureLedger;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly derived: Pick<DerivedKeys, 'suppression' | 'pseudonyms'>;
  /** Resolves when these read models have passed the position. */
  readonly waitFor: (projections: readonly string[], position: Position) => Promise<void>;
  readonly rewritten: ErasuresParts['rewritten'];
  readonly lastKeyBackupExpires: ErasuresParts['lastKeyBackupExpires'];
  readonly report: ErasuresParts['report'];
  readonly holding: AccountHolding;
  readonly appUrl: string;
  /** A keyed hash of a value, apart from those of other spaces. */
  readonly keyed: (space: string, value: string) => string;
}

export interface Privacy {
  readonly suppressions: Suppressions;
  readonly eraser: Eraser;
  readonly erasures: Erasures;
  readonly certificateKey: CertificateKey;
  readonly certificateLinks: CertificateLinks;
}

/** The privacy slices, handed what they need of the others. */
export const wirePrivacy = (parts: PrivacyParts): Privacy => {
  const { handler, eventStore, vault, stateStore, ledger, clock, ids, derived, holding } = parts;
  const suppressions = new Suppressions({
    handler,
    ids,
    hash: ({ workspace, controller }, kind, value) =>
      keyedHash(controllerKey(derived.suppression, workspace, controller), kind, value),
    mark: (reach, context) => markContacts(parts, () => suppressions, reach, context),
  });
  const source = { eventStore, keys: vault };
  const anonymiser = new Anonymiser({
    ...source,
    handler,
    definitions: allEvents,
    pseudonyms: (workspace, controller) => {
      const key = controllerKey(derived.pseudonyms, workspace, controller);
      return (path, text) => keyedHash(key, path, text);
    },
  });
  const streamIn = (contact: string) => streamOf(contactDecider, contact);
  const certificateLinks = new CertificateLinks(parts.keyed);
  const { mail } = holding;
  const eraser = new Eraser({
    handler,
    vault,
    stateStore,
    ledger,
    clock,
    ids,
    readModels: allProjections.map(({ name }) => name),
    purged: (readModel, position) => parts.waitFor([readModel], position),
    purgers: purgersOf({ ...parts, erasures: () => erasures }),
    answer: answerTo({ ...parts, history: source, mail, certificateLinks, now: () => clock.now() }),
    takeLeave: (order, context) => takeLeave(parts, order, context),
    generalise: ({ record: contact, subject }, context) =>
      anonymiser.anonymise({ contact, subject, stream: streamIn(contact) }, context),
    suppress: async ({ record }, context) => {
      const { values } = await lastValues(streamIn(record), source);
      await suppressions.suppress(reachOf(values), channels, 'ERASED', context);
    },
  });
  const certificateKey = new CertificateKey(stateStore, pooledRandomBytes);
  const erasures: Erasures = new Erasures({
    handler,
    stateStore,
    clock,
    eraser,
    certificateKey,
    installation: ledger.installation,
    kept: async ({ record, subject, kind = 'CONTACT' }, workspace) => {
      if (kind !== 'CONTACT') return [];
      const grounds = await handler.stateOf(retentionDecider, workspace, workspace);
      if (grounds.grounds.size === 0) return [];
      const streams = [streamIn(record), streamOf(consentDecider, subject)];
      const events = await Promise.all(streams.map((stream) => eventStore.readStream(stream)));
      return keptOf(lastOfEachClass(subject, events.flat()), grounds, instant(clock.now()));
    },
    safeguards: (workspace) => handler.stateOf(safeguardDecider, workspace, workspace),
    heldIn: (workspace) => heldIn(parts, workspace),
    answersKeptMs: mail.keptMs,
    rewritten: parts.rewritten,
    lastKeyBackupExpires: parts.lastKeyBackupExpires,
    report: parts.report,
  });
  return { suppressions, eraser, erasures, certificateKey, certificateLinks };
};

/** Whoever closes their account leaves first; whoever works in a workspace that goes is told. */
const takeLeave = async (
  { holding, readStore }: Pick<PrivacyParts, 'holding' | 'readStore'>,
  { record, recordKind }: ErasureOrder,
  context: CommandContext,
): Promise<void> => {
  if (recordKind === 'MEMBER') await holding.memberships.end(record, { ...context, commandId: null });
  if (recordKind !== 'WORKSPACE') return;
  for (const account of await accountsIn(readStore, record))
    await holding.credentials.tell(account, workspaceErasedMail());
};

const HOLDS_AT_ONCE = 100;

/** Whether anybody in a workspace is under a hold: whoever was once put under one is asked for. */
const heldIn = async ({ handler, readStore, eventStore, waitFor }: PrivacyParts, workspace: string) => {
  await waitFor([history.name], await eventStore.head());
  const query = { scope: workspace, order: 'time', direction: 'asc', facets: [typeFacet('HoldPlaced')] } as const;
  for (let after: Place | undefined; ; ) {
    const { rows, hasMore } = await historyPage(readStore, { ...query, after, limit: HOLDS_AT_ONCE }, null);
    for (const { row } of rows) {
      const { holds } = await handler.stateOf(holdDecider, entityIn(row.stream), workspace);
      if (Object.keys(holds).length > 0) return true;
    }
    if (!hasMore) return false;
    after = rows.at(-1)!.place;
  }
};

/**
 * Marks every contact of the controller with one of these addresses. The read model is waited for first: who was taken in
 * before the list changed is found; who is taken in after it looks at the list again (`Suppressions.recheck`).
 */
const markContacts = async (
  { handler, readStore, eventStore, waitFor }: PrivacyParts,
  list: () => Suppressions,
  reach: Reach,
  context: CommandContext,
): Promise<void> => {
  await waitFor([contacts.name], await eventStore.head());
  for (const row of await contactsReachedAt(readStore, context.workspace, reach)) {
    if (row.controller !== context.controller) continue;
    const suppressed = await list().channelsOf(reachOf(row), context);
    const mark = { type: 'SuppressContact', subject: row.subject, channels: suppressed } as const;
    const alone = { ...context, commandId: null };
    await handler.handle(contactDecider, row.id, mark, alone).catch((error: unknown) => {
      // On their way out: nothing can be written for them, and nobody will be able to contact them.
      if (!isCrmError(error, 'SUBJECT_ERASED')) throw error;
    });
  }
};
