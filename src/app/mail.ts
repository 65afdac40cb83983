import { invitationMail } from '../identity/members/mails.js';
import type { InvitationMail } from '../identity/members/memberships.js';
import type { Clock } from '../kernel/clock.js';
import type { Ids } from '../kernel/ids.js';
import { type Sealer, Unsealer } from '../kernel/sealer.js';
import { openFileOutbox, readFileOutbox } from '../mail/file.js';
import { endParting } from '../mail/parting.js';
import type { Mail, Message } from '../mail/port.js';
import { MailQueue, type MailReport } from '../mail/queue.js';
import type { StateStore } from '../statestore/port.js';
import type { Vault } from '../vault/port.js';
import { openSqliteKeyReader } from '../vault/sqlite.js';
import type { Config } from './config.js';
import { filesIn, holdsData } from './dataDir.js';
import { type KeyConfig, loadKeys } from './rootKey.js';
import type { Secret } from './secretFile.js';

/** How mail goes out; without a server it stays in `outbox`. */
export interface MailConfig {
  /** `smtps://user:password@host`. */
  readonly smtpUrl?: Secret;
  /** Who mails come from. */
  readonly from: string;
}

export const NO_MAIL_SERVER: MailConfig = { from: 'BPO Assistant <no-reply@localhost>' };

export interface MailParts {
  readonly outbox: string;
  readonly stateStore: StateStore;
  readonly vault: Pick<Vault, 'state' | 'close' | 'destroy'>;
  readonly sealer: Sealer;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly report: (what: MailReport) => void;
  readonly shared: boolean;
}

/** Outgoing mail by SMTP where a server is configured, into files otherwise. Error: BAD_CONFIGURATION. */
export const openMail = async (config: MailConfig, parts: MailParts): Promise<Mail> => {
  const { outbox, vault, ...queueParts } = parts;
  const { stateStore } = queueParts;
  if (config.smtpUrl === undefined) return openFileOutbox({ directory: outbox, ...queueParts });
  const { smtpCarrier } = await import('../mail/smtp.js');
  const carrier = smtpCarrier(config.smtpUrl.reveal(), config.from);
  const left = (subject: string) => endParting(subject, { stateStore, vault });
  const queue = new MailQueue({ ...queueParts, carrier, wake, left });
  queue.start();
  return queue;
};

const wake = (afterMs: number, call: () => void) => {
  const timer = setTimeout(call, afterMs).unref();
  return () => clearTimeout(timer);
};

/** Sends invitations: each sealed, while it waits, under the invitation's own key. */
export const invitationsBy =
  (mail: Mail, appUrl: string) =>
  ({ workspace, invitation, to, token }: InvitationMail): Promise<void> =>
    mail.send({ recipient: { workspace, subject: invitation }, to, ...invitationMail(appUrl, token) });

/** What lies in the file outbox. Reads beside a running server, since it only looks. Error: WRONG_MASTER_KEY. */
export const outboxOf = async (config: KeyConfig & Pick<Config, 'dataDir'>): Promise<readonly Message[]> => {
  const { dataDir } = config;
  if (!holdsData(dataDir)) return [];
  const { vault: fileKey, wrap: wrapKey } = await loadKeys(config);
  const files = filesIn(dataDir);
  const keys = openSqliteKeyReader({ file: files.vault, fileKey, wrapKey });
  try {
    return await readFileOutbox(files.outbox, new Unsealer(keys));
  } finally {
    await keys.shut();
  }
};
