import { constants, mkdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CrmError } from '../errors.js';

const LINE_END = 0x0a;

/**
 * A file of lines that is only ever appended to. Opened anew for every append, so that a directory which went away, or
 * a file that another process has written to or an older one that was put in its place, is noticed and not written past.
 */
export class ChainFile {
  #size = 0;
  /** Set where a write could not be taken back: only reading anew tells what is in the file. */
  #unsure = false;

  constructor(readonly path: string) {}

  /** Bytes of the whole lines that were read or appended. */
  get size(): number {
    return this.#size;
  }

  /**
   * The whole lines of the file; `null` where there is no file. What a crash left of a last line, which was never
   * acknowledged, is cut off. Error: LEDGER_BROKEN where it cannot be read.
   */
  async read(): Promise<string | null> {
    try {
      const bytes = await readFile(this.path);
      const whole = bytes.lastIndexOf(LINE_END) + 1;
      if (whole < bytes.length) await this.cutTo(whole);
      this.#size = whole;
      return bytes.toString('utf8', 0, whole);
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'ENOENT') return null;
      throw new CrmError('LEDGER_BROKEN', { reason: 'The erasure ledger cannot be read.' }, { cause });
    }
  }

  /** Makes the file with these lines, on disk with its directory entry when this resolves. Throws where there is one. */
  async create(lines: string): Promise<void> {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const handle = await open(
      this.path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL,
      0o600,
    );
    try {
      await this.#write(handle, lines);
    } catch (error) {
      rmSync(this.path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await syncDirectory(dirname(this.path));
  }

  /** Appends lines, on disk when this resolves. Throws where that cannot be, and then the file is as it was. */
  async append(lines: string): Promise<void> {
    if (this.#unsure) throw new Error('What is in the file has to be read anew first.');
    const handle = await open(this.path, constants.O_WRONLY | constants.O_APPEND);
    try {
      const { size } = await handle.stat();
      if (size !== this.#size) throw new Error('The file is not as it was left.');
      await this.#write(handle, lines);
    } finally {
      await handle.close();
    }
  }

  /** Takes back what was appended past a size. Throws where that cannot be done. */
  async cutTo(size: number): Promise<void> {
    const handle = await open(this.path, constants.O_WRONLY);
    try {
      await this.#cut(handle, size);
      this.#size = size;
    } finally {
      await handle.close();
    }
  }

  async #write(handle: FileHandle, lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    try {
      await handle.appendFile(bytes);
      await handle.sync();
    } catch (error) {
      await this.#cut(handle, this.#size);
      throw error;
    }
    this.#size += bytes.length;
  }

  async #cut(handle: FileHandle, size: number): Promise<void> {
    this.#unsure = true;
    await handle.truncate(size);
    await handle.sync();
    this.#unsure = false;
  }
}

/** The file's name has to survive a power failure as well as its content. */
const syncDirectory = async (directory: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
