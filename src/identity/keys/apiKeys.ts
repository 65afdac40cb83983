import { CrmError, isCrmError } from '../../errors.js';
import { type Clock, instant } from '../../kernel/clock.js';
import type { CommandContext, CommandHandler, Handled } from '../../kernel/commandHandler.js';
import type { RandomBytes } from '../../kernel/ids.js';
import type { StateStore } from '../../statestore/port.js';
import type { Permission } from '../access/roles.js';
import { hashOf } from '../access/secretHash.js';
import { keyDecider } from './decider.js';

/** What a bearer token begins with that is a key: told from a session's without asking, and found by scanners of leaks. */
export const KEY_PREFIX = 'crm_';

const KEYS = 'api-keys';
/** By the key's id, the hash under which it is kept: to take it away. */
const HASHES = 'api-key-hashes';
const SECRET_BYTES = 32;
const DAY_MS = 24 * 3600 * 1000;

export interface NewKey {
  readonly account: string;
  readonly name: string;
  readonly scopes: Permission[];
  readonly controllers?: string[];
  readonly days: number;
}

/** What a key stands for. */
export interface KeyHolder {
  readonly id: string;
  readonly workspace: string;
  readonly account: string;
  readonly scopes: readonly Permission[];
  readonly controllers: readonly string[] | null;
}

export interface ApiKeyParts {
  readonly handler: CommandHandler;
  readonly stateStore: StateStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Keys for programs: only the hash is kept, so the secret is told once, when the key is made. */
export class ApiKeys {
  constructor(private readonly parts: ApiKeyParts) {}

  async create(
    id: string,
    { days, ...key }: NewKey,
    context: CommandContext,
  ): Promise<Handled & { readonly secret: string }> {
    const { handler, stateStore, clock, random } = this.parts;
    const expires = clock.now() + days * DAY_MS;
    const create = { type: 'CreateApiKey', subject: id, ...key, expiresAt: instant(expires) } as const;
    const handled = await handler.handle(keyDecider, id, create, context);
    const secret = `${KEY_PREFIX}${random(SECRET_BYTES).toString('base64url')}`;
    const { account, scopes, controllers = null } = key;
    const holder = { id, workspace: context.workspace, account, scopes, controllers };
    await stateStore.put(HASHES, id, hashOf(secret), expires);
    await stateStore.put(KEYS, hashOf(secret), holder, expires);
    return { ...handled, secret };
  }

  /** Worth nothing from here on. Error: NOT_FOUND. */
  async revoke(id: string, context: CommandContext): Promise<Handled> {
    const { handler, stateStore } = this.parts;
    const { state } = await handler.stateOf(keyDecider, id, context.workspace);
    if (state === 'NONE') throw new CrmError('NOT_FOUND', { field: 'id' });
    const hash = await stateStore.get(HASHES, id);
    if (typeof hash === 'string') await stateStore.remove(KEYS, hash);
    return handler.handle(keyDecider, id, { type: 'RevokeApiKey', subject: id }, context);
  }

  /** The keys that act for an account, or in a workspace, and are good still. */
  async of(whose: { readonly account: string } | { readonly workspace: string }): Promise<readonly KeyHolder[]> {
    const all = (await this.parts.stateStore.list(KEYS)).map(({ value }) => value as unknown as KeyHolder);
    return all.filter(({ account, workspace }) =>
      'account' in whose ? account === whose.account : workspace === whose.workspace,
    );
  }

  /** Takes away every key of an account, or of a workspace. Answers how many were good still. */
  async revokeAll(
    whose: { readonly account: string } | { readonly workspace: string },
    context: Pick<CommandContext, 'actor' | 'correlationId'>,
  ): Promise<number> {
    const { stateStore } = this.parts;
    const theirs = await this.of(whose);
    for (const { id, workspace } of theirs) {
      const revoked = this.revoke(id, { ...context, workspace, controller: workspace, commandId: null });
      // In a workspace that goes as a whole nothing more is written; the key itself is gone.
      await revoked.catch((error: unknown) => {
        if (!isCrmError(error, 'SUBJECT_ERASED')) throw error;
      });
      await stateStore.remove(HASHES, id);
    }
    return theirs.length;
  }

  /** Whom a key acts for; `null` for one that there is not, or no more. */
  async holderOf(secret: string): Promise<KeyHolder | null> {
    return (await this.parts.stateStore.get(KEYS, hashOf(secret))) as KeyHolder | null;
  }
}
