import { createHash } from 'node:crypto';
import type { Clock } from '../../kernel/clock.js';
import type { RandomBytes } from '../../kernel/ids.js';
import type { StateStore } from '../../statestore/port.js';

const SPACE = 'sessions';
const TOKEN_BYTES = 32;
const SESSION_MS = 30 * 24 * 3600 * 1000;

/** Only the hash of a token is kept: who reads the store cannot sign in with what is there. */
const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** Who is signed in, by bearer token (RFC 6750). */
export class Sessions {
  constructor(
    private readonly stateStore: StateStore,
    private readonly clock: Clock,
    private readonly random: RandomBytes,
  ) {}

  /** A new token for the account, good for 30 days. */
  async begin(account: string): Promise<string> {
    const token = this.random(TOKEN_BYTES).toString('base64url');
    await this.stateStore.put(SPACE, keyOf(token), { account }, this.clock.now() + SESSION_MS);
    return token;
  }

  /** The account that the token stands for, or `null`. */
  async accountOf(token: string): Promise<string | null> {
    const session = (await this.stateStore.get(SPACE, keyOf(token))) as { account: string } | null;
    return session?.account ?? null;
  }

  /** The token is worth nothing from here on. */
  end(token: string): Promise<void> {
    return this.stateStore.remove(SPACE, keyOf(token));
  }
}
