import { allProjections } from '../../projections/all.js';
import { contacts, contactsReachedAt } from '../../projections/crm/contacts.js';
import { contactDecider } from '../crm/contacts/decider.js';
import { reachOf } from '../crm/contacts/reach.js';
import { isCrmError } from '../errors.js';
import type { EventStore } from '../eventstore/port.js';
import type { Clock } from '../kernel/clock.js';
import type { CommandContext, CommandHandler } from '../kernel/commandHandler.js';
import { streamOf } from '../kernel/decider.js';
import type { Position } from '../kernel/envelope.js';
import { type Ids, pooledRandomBytes } from '../kernel/ids.js';
import type { ErasureLedger } from '../ledger/port.js';
import { Anonymiser } from '../privacy/anonymisation/anonymise.js';
import { channels } from '../privacy/consent/events.js';
import { CertificateKey } from '../privacy/erasure/certificateKey.js';
import { Eraser } from '../privacy/erasure/erase.js';
import { Erasures, type ErasuresParts } from '../privacy/erasure/erasures.js';
import { lastValues } from '../privacy/erasure/lastValues.js';
import { safeguardDecider } from '../privacy/safeguards/decider.js';
import type { Reach } from '../privacy/suppression/addresses.js';
import { Suppressions } from '../privacy/suppression/suppressions.js';
import type { ReadStore } from '../readstore/port.js';
import type { StateStore } from '../statestore/port.js';
import { controllerKey, type DerivedKeys, keyedHash } from '../vault/keys.js';
import type { Vault } from '../vault/port.js';
import { allEvents } from './events.js';

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
}

export interface Privacy {
  readonly suppressions: Suppressions;
  readonly eraser: Eraser;
  readonly erasures: Erasures;
  readonly certificateKey: CertificateKey;
}

/** The privacy slices, handed what they need of the others. */
export const wirePrivacy = (parts: PrivacyParts): Privacy => {
  const { handler, eventStore, vault, stateStore, ledger, clock, ids, derived } = parts;
  const suppressions = new Suppressions({
    handler,
    ids,
    hash: ({ workspace, controller }, kind, value) =>
      keyedHash(controllerKey(derived.suppression, workspace, controller), kind, value),
    mark: (reach, context) => markContacts(parts, () => suppressions, reach, context),
  });
  const history = { eventStore, keys: vault };
  const anonymiser = new Anonymiser({
    ...history,
    handler,
    definitions: allEvents,
    pseudonyms: (workspace, controller) => {
      const key = controllerKey(derived.pseudonyms, workspace, controller);
      return (path, text) => keyedHash(key, path, text);
    },
  });
  const streamIn = (contact: string) => streamOf(contactDecider, contact);
  const eraser = new Eraser({
    handler,
    vault,
    stateStore,
    ledger,
    clock,
    ids,
    readModels: allProjections.map(({ name }) => name),
    purged: (readModel, position) => parts.waitFor([readModel], position),
    purgers: [
      {
        name: 'cache',
        purge: async ({ contact }) => {
          handler.forget(contactDecider, contact);
          return 1;
        },
      },
      { name: 'claims', purge: ({ subject }) => stateStore.releaseClaimsOf(subject) },
    ],
    generalise: ({ contact, subject }, context) =>
      anonymiser.anonymise({ contact, subject, stream: streamIn(contact) }, context),
    suppress: async ({ contact }, context) => {
      const { values } = await lastValues(streamIn(contact), history);
      await suppressions.suppress(reachOf(values), channels, 'ERASED', context);
    },
  });
  const certificateKey = new CertificateKey(stateStore, pooledRandomBytes);
  const erasures = new Erasures({
    handler,
    stateStore,
    clock,
    eraser,
    certificateKey,
    installation: ledger.installation,
    safeguards: (workspace) => handler.stateOf(safeguardDecider, workspace, workspace),
    rewritten: parts.rewritten,
    lastKeyBackupExpires: parts.lastKeyBackupExpires,
    report: parts.report,
  });
  return { suppressions, eraser, erasures, certificateKey };
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
