import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { CrmError } from '../errors.js';

/** Longer files are not what was meant. */
const MAX_FILE_BYTES = 64 * 1024;

/** A text that is neither printed, logged nor put into JSON: only `reveal` gives it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

type Environment = { readonly [name: string]: string | undefined };

/**
 * The secret whose file `<name>_FILE` names, without the line's end; nothing where it names none. Environments are shown
 * by `ps`, inherited and dumped, so a secret in one is refused. Error: BAD_CONFIGURATION, naming the variable alone.
 */
export const secretFrom = (env: Environment, name: string): Secret | undefined => {
  const variable = `${name}_FILE`;
  if (env[name] !== undefined) throw unusable(`${name} must not be in the environment: name a file with ${variable}.`);
  const file = env[variable];
  return file === undefined ? undefined : new Secret(readSecretFile(file, variable).replace(/\r?\n$/, ''));
};

/**
 * The text of a file that its owner keeps to themselves. Error: BAD_CONFIGURATION where it cannot be read, or anybody
 * outside its group may.
 */
export const readSecretFile = (file: string, variable: string): string => {
  const descriptor = opened(file, variable);
  try {
    const { mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw unusable(`${variable} is not a regular file.`);
    if (size > MAX_FILE_BYTES) throw unusable(`${variable} is larger than a secret is.`);
    // Windows has no such bits; there the directory's access list has to do.
    if (process.platform !== 'win32' && (mode & constants.S_IRWXO) !== 0) {
      throw unusable(`${variable} may be read or written by everybody; chmod o= it.`);
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
};

const opened = (file: string, variable: string): number => {
  try {
    return openSync(file, constants.O_RDONLY);
  } catch (cause) {
    throw unusable(`${variable} cannot be opened.`, cause);
  }
};

const unusable = (reason: string, cause?: unknown) => new CrmError('BAD_CONFIGURATION', { reason }, { cause });
