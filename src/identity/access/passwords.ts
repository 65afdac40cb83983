import { hash, verify } from '@node-rs/argon2';
import { CrmError } from '../../errors.js';
import type { StateStore } from '../../statestore/port.js';

/** `Algorithm.Argon2id`; the package declares it as a const enum, which isolated modules cannot read. */
const ARGON2ID = 2;
/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

/** NIST SP 800-63B section 3.1.1.2: at least 8 characters, and long ones are welcome. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 256;

const SPACE = 'passwords';

/** Password hashes, in the state store: a password is no fact of the history, and its old hashes must not stay. */
export class Passwords {
  /** Hash that nobody's password matches: signing in takes as long for an unknown account as for a known one. */
  readonly #nobody: Promise<string>;

  constructor(
    private readonly stateStore: StateStore,
    random: (size: number) => Buffer,
  ) {
    this.#nobody = hash(random(32), PARAMETERS);
    this.#nobody.catch(() => undefined);
  }

  /**
   * The password of a new account. Sent again it is left as it is; another password is IDEMPOTENCY_CONFLICT, so that
   * repeating a sign-up never changes one. Answers whether there was none before.
   */
  async setFirst(account: string, password: string, field: string): Promise<boolean> {
    if ((await this.stateStore.get(SPACE, account)) === null) {
      await this.set(account, password, field);
      return true;
    }
    if (!(await this.matches(account, password))) throw new CrmError('IDEMPOTENCY_CONFLICT', { field });
    return false;
  }

  /** Error: BAD_USER_INPUT where it is too short or too long. */
  async set(account: string, password: string, field: string): Promise<void> {
    const length = [...password].length;
    if (length < MIN_LENGTH)
      throw new CrmError('BAD_USER_INPUT', { field, reason: `At least ${MIN_LENGTH} characters.` });
    if (length > MAX_LENGTH)
      throw new CrmError('BAD_USER_INPUT', { field, reason: `At most ${MAX_LENGTH} characters.` });
    await this.stateStore.put(SPACE, account, await hash(password, PARAMETERS));
  }

  /** For an account that did not come to be. */
  forget(account: string): Promise<void> {
    return this.stateStore.remove(SPACE, account);
  }

  /** Whether it is the account's password; for `null`, an unknown account, it is not, after as much work. */
  async matches(account: string | null, password: string): Promise<boolean> {
    const stored = account === null ? null : await this.stateStore.get(SPACE, account);
    const matches = await verify(typeof stored === 'string' ? stored : await this.#nobody, password);
    return matches && typeof stored === 'string';
  }
}
