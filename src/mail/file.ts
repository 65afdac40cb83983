import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import type { Clock } from '../kernel/clock.js';
import type { Ids } from '../kernel/ids.js';
import type { Sealer, Unsealer } from '../kernel/sealer.js';
import { isAmong, type Mail, type Message } from './port.js';
import { openMessage, type SealedMessage, sealMessage } from './sealedMessage.js';

export interface FileOutboxOptions {
  readonly directory: string;
  readonly sealer: Sealer;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** What nobody has fetched by then is of no use any more: links in mails have ended. */
const KEPT_MS = 30 * 24 * 3600 * 1000;
const ENDING = '.mail.json';

/**
 * Mail as files in a directory, one each, for an installation without a mail server: sealed under the recipient's key,
 * so that a copy of the directory tells nothing and an erasure reaches it. `crm outbox` shows them.
 */
export const openFileOutbox = async ({ directory, sealer, ids, clock }: FileOutboxOptions): Promise<Mail> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeOld(directory, clock.now() - KEPT_MS);
  return {
    keptMs: KEPT_MS,
    async send(message) {
      const id = ids.next();
      const sealed = await sealMessage(id, message, sealer);
      await writeWhole(directory, `${id}${ENDING}`, JSON.stringify(sealed)).catch((cause: unknown) => {
        throw new CrmError('STORE_FAILED', { reason: 'The outbox cannot be written.' }, { cause });
      });
    },
    async forget(recipients) {
      let forgotten = 0;
      for (const name of await namesIn(directory)) {
        const path = join(directory, name);
        const sealed = await sealedIn(directory, name);
        if (sealed === null || !isAmong(sealed, recipients)) continue;
        await rm(path, { force: true });
        forgotten += 1;
      }
      return forgotten;
    },
    sweep: () => removeOld(directory, clock.now() - KEPT_MS),
    close: async () => undefined,
  };
};

/** What lies in an outbox, the oldest first, without what can no longer be read because its person is gone. */
export const readFileOutbox = async (directory: string, unsealer: Unsealer): Promise<readonly Message[]> => {
  const messages: Message[] = [];
  for (const name of await namesIn(directory)) {
    const sealed = await sealedIn(directory, name);
    if (sealed === null) continue;
    const message = await openMessage(name.slice(0, -ENDING.length), sealed, unsealer);
    if (message !== null) messages.push(message);
  }
  return messages;
};

const sealedIn = async (directory: string, name: string): Promise<SealedMessage | null> => {
  const text = await unlessGone(readFile(join(directory, name), 'utf8'));
  return text === null ? null : (JSON.parse(text) as SealedMessage);
};

/** What is known of a file; `null` where it has been removed since it was listed: the server beside us goes on. */
const unlessGone = <T>(known: Promise<T>): Promise<T | null> =>
  known.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });

/** Ids are in the order of time, so names are too. */
const namesIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(ENDING)).sort();

/** On disk under its name or not at all, also after a power failure. */
const writeWhole = async (directory: string, name: string, text: string): Promise<void> => {
  const unfinished = join(directory, `${name}.unfinished`);
  await synced(await open(unfinished, 'wx', 0o600), (file) => file.writeFile(text));
  await rename(unfinished, join(directory, name));
  await synced(await open(directory, 'r'), async () => undefined);
};

const synced = async (file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> => {
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
};

const removeOld = async (directory: string, before: number): Promise<void> => {
  for (const name of await namesIn(directory)) {
    const path = join(directory, name);
    const found = await unlessGone(stat(path));
    if (found !== null && found.mtimeMs < before) await rm(path, { force: true });
  }
};
