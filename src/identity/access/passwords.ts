import { CrmError } from '../../errors.js';
import type { StateStore } from '../../statestore/port.js';
import { isCommonPassword } from './commonPasswords.js';
import { Hashing } from './hashing.js';

/** NIST SP 800-63B section 3.1.1.2: at least 8 characters, and long ones are welcome. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 256;

const SPACE = 'passwords';

/** A password that somebody chooses. */
export interface NewPassword {
  readonly text: string;
  /** The argument that it came in, for a refusal. */
  readonly field: string;
  /** The person's name and address, which would be guessed first. */
  readonly words: readonly string[];
}

/** Password hashes, in the state store: a password is no fact of the history, and its old hashes must not stay. */
export class Passwords {
  readonly #hashing = new Hashing();
  /** Hash that nobody's password matches: signing in takes as long for an unknown account as for a known one. */
  readonly #nobody: Promise<string>;

  constructor(
    private readonly stateStore: StateStore,
    random: (size: number) => Buffer,
  ) {
    this.#nobody = this.#hashing.hash(random(32));
    this.#nobody.catch(() => undefined);
  }

  /**
   * The password of a new account. Sent again it is left as it is; another password is IDEMPOTENCY_CONFLICT, so that
   * repeating a sign-up never changes one. Answers whether there was none before.
   */
  async setFirst(account: string, password: NewPassword): Promise<boolean> {
    if ((await this.stateStore.get(SPACE, account)) === null) {
      await this.set(account, password);
      return true;
    }
    const { text, field } = password;
    if (!(await this.matches(account, text))) throw new CrmError('IDEMPOTENCY_CONFLICT', { field });
    return false;
  }

  /** Errors: as `check`. */
  async set(account: string, password: NewPassword): Promise<void> {
    await this.check(password);
    await this.stateStore.put(SPACE, account, await this.#hashing.hash(password.text));
  }

  /** Errors: BAD_USER_INPUT where it is too short or too long, PASSWORD_TOO_COMMON where it is guessed first. */
  async check({ text, field, words }: NewPassword): Promise<void> {
    const length = [...text].length;
    if (length < MIN_LENGTH)
      throw new CrmError('BAD_USER_INPUT', { field, reason: `At least ${MIN_LENGTH} characters.` });
    if (length > MAX_LENGTH)
      throw new CrmError('BAD_USER_INPUT', { field, reason: `At most ${MAX_LENGTH} characters.` });
    if (await isCommonPassword(text, words)) throw new CrmError('PASSWORD_TOO_COMMON', { field });
  }

  /** For an account that did not come to be, or is closed. */
  forget(account: string): Promise<void> {
    return this.stateStore.remove(SPACE, account);
  }

  /** Whether it is the account's password; for `null`, an unknown account, it is not, after as much work. */
  async matches(account: string | null, password: string): Promise<boolean> {
    const stored = account === null ? null : await this.stateStore.get(SPACE, account);
    const matches = await this.#hashing.verify(typeof stored === 'string' ? stored : await this.#nobody, password);
    return matches && typeof stored === 'string';
  }
}
