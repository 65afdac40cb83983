import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../kernel/clock.js';
import { isUuid, type RandomBytes } from '../../kernel/ids.js';
import type { StateStore } from '../../statestore/port.js';
import { hashOf } from './secretHash.js';

const SPACE = 'one-time-tokens';
const SECRET_BYTES = 32;
/** Id of the owner, then the secret. */
const FORM = /^([0-9a-f]{32})([A-Za-z0-9_-]{43})$/;

/**
 * Tokens that are mailed: good once, until they expire, and kept as hashes alone. An owner (the id of an account or
 * another record) has one live token a purpose; a new one takes the place of the one before.
 */
export class OneTimeTokens {
  constructor(
    private readonly stateStore: StateStore,
    private readonly clock: Clock,
    private readonly random: RandomBytes,
  ) {}

  async issue(purpose: string, owner: string, lifeMs: number): Promise<string> {
    const secret = this.random(SECRET_BYTES).toString('base64url');
    await this.stateStore.put(SPACE, `${purpose}/${owner}`, hashOf(secret), this.clock.now() + lifeMs);
    return owner.replaceAll('-', '') + secret;
  }

  /** Takes a token: its owner, once; `null` for one that was taken, replaced, has expired or never was. */
  async redeem(purpose: string, token: string): Promise<string | null> {
    const [, hex, secret] = FORM.exec(token.trim()) ?? [];
    const owner = hex?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    if (owner === undefined || secret === undefined || !isUuid(owner)) return null;
    const key = `${purpose}/${owner}`;
    const kept = await this.stateStore.get(SPACE, key);
    if (typeof kept !== 'string' || !timingSafeEqual(Buffer.from(kept), Buffer.from(hashOf(secret)))) return null;
    // Of several who redeem at once, one gets it. `null` is no entry, and is swept.
    const taken = await this.stateStore.compareAndSet(SPACE, key, kept, null, this.clock.now());
    return taken ? owner : null;
  }

  async revoke(purpose: string, owner: string): Promise<void> {
    await this.stateStore.remove(SPACE, `${purpose}/${owner}`);
  }
}
