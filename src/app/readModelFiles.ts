import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CrmError } from '../errors.js';
import type { Json } from '../kernel/canonical.js';
import { type Position, START } from '../kernel/envelope.js';
import { type Ids, isUuid } from '../kernel/ids.js';
import { OPERATOR } from '../kernel/workspace.js';
import type { StateStore } from '../statestore/port.js';
import { readSqliteEntry } from '../statestore/sqlite.js';
import type { DerivedKeys } from '../vault/keys.js';
import type { Vault } from '../vault/port.js';
import { openSqliteKeyReader } from '../vault/sqlite.js';
import { filesIn } from './dataDir.js';

const SPACE = 'read-model-files';
const CURRENT = 'current';
const WANTED = 'wanted';
const GENERATION = 'generation:';
/** The vault has no class for what is no person's; the key of a file is of one class alone. */
const KEY_CLASS = 'content';

/** A file that read models are in, or will be. */
export interface ReadModelFile {
  readonly generation: string;
  readonly file: string;
  /** 32 bytes, a copy: zero it when the file is open. */
  readonly fileKey: Buffer;
}

interface Current {
  readonly generation: string;
  /** Whatever was deleted up to here is not in the file, not even as remains. */
  readonly cleanUpTo: Position;
}

export interface ReadModelFilesParts {
  readonly dataDir: string;
  readonly vault: Vault;
  readonly stateStore: StateStore;
  readonly ids: Ids;
}

/**
 * The files of the read models. Each generation is a file of its own under a random key of its own, which is in the
 * vault like a subject's, so that it can be destroyed there; that leaves the file unreadable wherever copies of it
 * are. Which one is current is one entry of the state store, and so decided at one moment; whatever else is found is
 * what a crash has left, and goes.
 */
export class ReadModelFiles {
  constructor(private readonly parts: ReadModelFilesParts) {}

  /** The file in use; a new one, to be filled from the history, where there is none or its key is gone. */
  async current(): Promise<ReadModelFile> {
    const current = await this.#current();
    if (current !== null) {
      const file = await this.#keyed(current.generation);
      if (file !== null) return file;
    }
    const first = await this.begin();
    await this.#setCurrent(current, { generation: first.generation, cleanUpTo: START });
    return first;
  }

  /** Position up to which deletions have left no trace in the current file. */
  async cleanUpTo(): Promise<Position> {
    return (await this.#current())?.cleanUpTo ?? START;
  }

  /** Notes that deletions up to a position are to leave no trace, so that it is not forgotten in a crash. */
  async want(position: Position): Promise<void> {
    if (position > (await this.wanted())) await this.parts.stateStore.put(SPACE, WANTED, position);
  }

  async wanted(): Promise<Position> {
    return ((await this.parts.stateStore.get(SPACE, WANTED)) as Position | null) ?? START;
  }

  /** A new generation: its key is made, its file is not. */
  async begin(): Promise<ReadModelFile> {
    const { vault, stateStore, ids } = this.parts;
    const generation = ids.next();
    // Noted before there is a key, so that none is left behind.
    await stateStore.put(SPACE, GENERATION + generation, true);
    const lease = await vault.lease(OPERATOR, generation, [KEY_CLASS]);
    lease.release();
    const file = await this.#keyed(generation);
    if (file === null) throw new CrmError('STORE_FAILED');
    return file;
  }

  /** Makes a file, complete and on disk, the current one. Error: CONFLICT where another was made that meanwhile. */
  async switchTo({ generation }: ReadModelFile, cleanUpTo: Position): Promise<void> {
    await this.#setCurrent(await this.#current(), { generation, cleanUpTo });
  }

  /** Destroys the keys of all generations but the current one, and then their files. Idempotent. Answers how many. */
  async destroyOthers(): Promise<number> {
    const { vault, stateStore, dataDir } = this.parts;
    const current = (await this.#current())?.generation;
    const known = await stateStore.list(SPACE, GENERATION);
    const others = known.map(({ key }) => key.slice(GENERATION.length)).filter((each) => each !== current);
    for (const generation of others) {
      await vault.close(OPERATOR, generation);
      await vault.destroy(OPERATOR, generation);
    }
    removeFilesOfOthers(dataDir, current);
    for (const generation of others) await stateStore.remove(SPACE, GENERATION + generation);
    return others.length;
  }

  /** After a restore: the read models are to be filled anew, under a key that no backup holds. */
  async forget(): Promise<void> {
    await this.parts.stateStore.remove(SPACE, CURRENT);
  }

  async #current(): Promise<Current | null> {
    return (await this.parts.stateStore.get(SPACE, CURRENT)) as unknown as Current | null;
  }

  async #setCurrent(before: Current | null, after: Current): Promise<void> {
    const [expected, value] = [before, after] as unknown as [Json | null, Json];
    if (!(await this.parts.stateStore.compareAndSet(SPACE, CURRENT, expected, value))) throw new CrmError('CONFLICT');
  }

  async #keyed(generation: string): Promise<ReadModelFile | null> {
    const [key] = await this.parts.vault.openingKeys([{ workspace: OPERATOR, subject: generation, class: KEY_CLASS }]);
    if (!key) return null;
    // A buffer of its own: one from the pool would take others' bytes along to a thread.
    const fileKey = Buffer.alloc(key.length);
    fileKey.set(key);
    return { generation, file: fileOf(this.parts.dataDir, generation), fileKey };
  }
}

/**
 * The file in use of an installation that nobody writes to, which is not written to for it either; `null` where there is
 * none yet, or its key is gone. Errors: WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const readModelFileIn = async (dataDir: string, keys: DerivedKeys): Promise<ReadModelFile | null> => {
  const { vault, state } = filesIn(dataDir);
  const current = readSqliteEntry(state, keys.state, SPACE, CURRENT) as unknown as Current | null;
  if (current === null) return null;
  const { generation } = current;
  const keyReader = openSqliteKeyReader({ file: vault, fileKey: keys.vault, wrapKey: keys.wrap });
  try {
    const [key] = await keyReader.openingKeys([{ workspace: OPERATOR, subject: generation, class: KEY_CLASS }]);
    return key ? { generation, file: fileOf(dataDir, generation), fileKey: Buffer.from(key) } : null;
  } finally {
    await keyReader.shut();
  }
};

const fileOf = (dataDir: string, generation: string): string => join(dataDir, `read-models-${generation}.db`);

/** With their logs; a file of before there were generations too. */
const removeFilesOfOthers = (dataDir: string, current: string | undefined): void => {
  for (const name of readdirSync(dataDir)) {
    const [, generation] = /^read-models(?:-(.{36}))?\.db(?:-wal|-shm|-journal)?$/.exec(name) ?? [];
    const ours = name.startsWith('read-models.db') || (generation !== undefined && isUuid(generation));
    if (ours && generation !== current) rmSync(join(dataDir, name), { force: true });
  }
};
