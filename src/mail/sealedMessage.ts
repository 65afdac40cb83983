import type { Json } from '../kernel/canonical.js';
import type { KeyRef } from '../kernel/personal.js';
import type { Sealer, Unsealer } from '../kernel/sealer.js';
import type { Message } from './port.js';

/** A message as it lies on disk: whose it is in clear, by ids of ours; address and words sealed. */
export interface SealedMessage {
  readonly workspace: string;
  readonly subject: string;
  readonly sealed: string;
}

const keyOf = ({ workspace, subject }: { workspace: string; subject: string }): KeyRef => ({
  workspace,
  subject,
  class: 'communications',
});

export const sealMessage = async (id: string, message: Message, sealer: Sealer): Promise<SealedMessage> => {
  const { recipient, to, subject, text } = message;
  const { workspace, subject: person } = recipient;
  const sealed = await sealer.seal(keyOf(recipient), { kind: 'Message', id }, { to, subject, text });
  return { workspace, subject: person, sealed };
};

/** The message, or `null` where the person's keys are gone. */
export const openMessage = async (id: string, message: SealedMessage, unsealer: Unsealer): Promise<Message | null> => {
  const { workspace, subject } = message;
  const opened: Json = await unsealer.open(keyOf(message), { kind: 'Message', id }, message.sealed);
  if (opened === null) return null;
  return { ...(opened as unknown as Omit<Message, 'recipient'>), recipient: { workspace, subject } };
};
