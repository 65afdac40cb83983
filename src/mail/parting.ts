import { OPERATOR } from '../kernel/workspace.js';
import type { StateStore } from '../statestore/port.js';
import type { Vault } from '../vault/port.js';
import type { Mail, Message } from './port.js';

/** Messages whose keys have to go, by the subject that seals them. */
const SPACE = 'parting-mail';

interface Entry {
  /** Whether the queue has it. */
  readonly sent: boolean;
  /** When the key goes, whatever became of the message: milliseconds. */
  readonly until: number;
}

export interface PartingParts {
  readonly stateStore: StateStore;
  readonly vault: Pick<Vault, 'state' | 'close' | 'destroy'>;
}

/**
 * Sends a message to somebody whose own keys are about to go: it waits sealed under a key of its own, of the subject `id`,
 * which is destroyed once the message has left, and at the latest when it would no longer be kept. Idempotent.
 */
export const sendParting = async (
  id: string,
  message: Omit<Message, 'recipient'>,
  { stateStore, vault, mail, now }: PartingParts & { readonly mail: Mail; readonly now: number },
): Promise<void> => {
  const before = (await stateStore.get(SPACE, id)) as Entry | null;
  if (before?.sent || (before === null && (await vault.state(OPERATOR, id)) !== 'unknown')) return;
  const entry: Entry = { sent: false, until: now + mail.keptMs };
  await stateStore.put(SPACE, id, { ...entry });
  await mail.send({ ...message, recipient: { workspace: OPERATOR, subject: id } });
  // It may have left already, and its entry with it: that stays so.
  await stateStore.compareAndSet(SPACE, id, { ...entry }, { ...entry, sent: true });
};

/** Whether a message of this id was handed over, whatever became of it since. */
export const partingWasSent = async (id: string, { stateStore, vault }: PartingParts): Promise<boolean> => {
  const entry = (await stateStore.get(SPACE, id)) as Entry | null;
  return entry?.sent ?? (await vault.state(OPERATOR, id)) !== 'unknown';
};

/** The message has left: its key goes. Nothing happens for one that was sealed under its recipient's own. Idempotent. */
export const endParting = async (id: string, { stateStore, vault }: PartingParts): Promise<void> => {
  if ((await stateStore.get(SPACE, id)) === null) return;
  await vault.close(OPERATOR, id);
  await vault.destroy(OPERATOR, id);
  await stateStore.remove(SPACE, id);
};

/** Destroys the keys of messages that are kept no longer. */
export const sweepPartings = async (parts: PartingParts, now: number): Promise<void> => {
  for (const { key, value } of await parts.stateStore.list(SPACE)) {
    if ((value as unknown as Entry).until <= now) await endParting(key, parts);
  }
};
