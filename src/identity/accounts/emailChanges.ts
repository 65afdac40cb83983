import { CrmError, isCrmError } from '../../errors.js';
import type { Json } from '../../kernel/canonical.js';
import type { Clock } from '../../kernel/clock.js';
import type { CommandHandler } from '../../kernel/commandHandler.js';
import type { Position } from '../../kernel/envelope.js';
import { type Ids, subjectIdOf } from '../../kernel/ids.js';
import type { Sealer } from '../../kernel/sealer.js';
import { validate } from '../../kernel/validate.js';
import { email } from '../../kernel/values.js';
import { OPERATOR } from '../../kernel/workspace.js';
import type { Mail } from '../../mail/port.js';
import type { StateStore } from '../../statestore/port.js';
import { keyFor } from '../access/accountState.js';
import type { OneTimeTokens } from '../access/oneTimeTokens.js';
import type { Credentials } from './credentials.js';
import { accountDecider } from './decider.js';
import { changeEmailMail, emailChangedMail } from './mails.js';
import { EMAIL_CLAIMS } from './signUp.js';

const CHANGE = 'change-email';
const CHANGE_MS = 24 * 3600 * 1000;
/** Addresses that are to be confirmed, or are just being taken, by account. */
const SPACE = 'email-changes';
const RESERVATION_MS = 60_000;

interface Pending {
  /** The old and the new address, under the account's key. */
  readonly sealed: string;
  /** Of the command that changes it: carried out twice it acts once. */
  readonly change: string;
  /** Whether the new address was confirmed, and the change only has to be carried out. */
  readonly confirmed: boolean;
}

interface Addresses {
  readonly from: string;
  readonly to: string;
}

export interface EmailChangesParts {
  readonly handler: CommandHandler;
  readonly stateStore: StateStore;
  readonly sealer: Sealer;
  readonly tokens: OneTimeTokens;
  readonly credentials: Pick<Credentials, 'forgetTokens'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly mail: Mail;
  /** Where people use the product: links in mails lead there. */
  readonly appUrl: string;
  /** Keyed hash under which an address is claimed. */
  readonly claimKey: (email: string) => string;
  readonly emailOf: (account: string) => Promise<string | undefined>;
  /** Runs what nobody waits for, and says if it failed. */
  readonly behind: (work: () => Promise<unknown>) => void;
}

/** Another address for an account: it counts once it was confirmed from there, and the old one is told. */
export class EmailChanges {
  constructor(private readonly parts: EmailChangesParts) {}

  /**
   * Mails a code to the new address, unless it has an account already; to who asks there is no difference.
   * Error: BAD_USER_INPUT.
   */
  request(account: string, newEmail: string): void {
    const to = validate(newEmail, email, 'newEmail');
    this.parts.behind(() => this.#request(account, to));
  }

  /** From here on the account has the new address. Errors: TOKEN_INVALID, ALREADY_TAKEN where somebody else has it by now. */
  async confirm(token: string, correlationId: string): Promise<Position> {
    const { tokens, stateStore, claimKey, clock } = this.parts;
    const account = await tokens.redeem(CHANGE, token);
    const pending = account === null ? null : await this.#pendingOf(account);
    const addresses = pending && (await this.#open(account!, pending));
    if (account === null || pending === null || addresses === null) {
      throw new CrmError('TOKEN_INVALID', { field: 'token' });
    }
    const until = clock.now() + RESERVATION_MS;
    const claimed = await stateStore.reserveClaim(EMAIL_CLAIMS, claimKey(addresses.to), account, until);
    if (claimed === 'held') throw new CrmError('ALREADY_TAKEN', { field: 'token' });
    await stateStore.put(SPACE, account, { ...pending, confirmed: true });
    return this.#change(account, pending, addresses, correlationId);
  }

  /** Takes up what a crash has interrupted. */
  async resume(): Promise<void> {
    for (const { key: account, value } of await this.parts.stateStore.list(SPACE)) {
      const pending = value as unknown as Pending;
      if (!pending.confirmed) continue;
      const addresses = await this.#open(account, pending);
      if (addresses === null) await this.forget(account);
      else await this.#change(account, pending, addresses, pending.change).catch((error) => this.#lost(account, error));
    }
  }

  /** For an account that is closed. */
  async forget(account: string): Promise<void> {
    await this.parts.tokens.revoke(CHANGE, account);
    await this.parts.stateStore.remove(SPACE, account);
  }

  async #request(account: string, to: string): Promise<void> {
    const { stateStore, sealer, tokens, clock, ids, mail, appUrl, claimKey, emailOf } = this.parts;
    const owner = await stateStore.claimOwner(EMAIL_CLAIMS, claimKey(to));
    const from = await emailOf(account);
    if ((owner !== null && owner !== account) || from === undefined) return;
    const sealed = await sealer.seal(keyFor(account), asChange(account), { from, to });
    const pending: Pending = { sealed, change: ids.next(), confirmed: false };
    await stateStore.put(SPACE, account, pending as unknown as Json, clock.now() + CHANGE_MS);
    const token = await tokens.issue(CHANGE, account, CHANGE_MS);
    await mail.send({ recipient: keyFor(account), to, ...changeEmailMail(appUrl, token) });
  }

  /** Idempotent. Error: CLAIM_TAKEN where the reservation has lapsed and somebody else has the address. */
  async #change(
    account: string,
    { change }: Pending,
    { from, to }: Addresses,
    correlationId: string,
  ): Promise<Position> {
    const { handler, stateStore, claimKey, mail, credentials } = this.parts;
    const [old, claim] = [claimKey(from), claimKey(to)];
    await stateStore.confirmClaim(EMAIL_CLAIMS, claim, account);
    const { position } = await handler.handle(
      accountDecider,
      account,
      { type: 'ChangeEmail', subject: subjectIdOf(account), email: to },
      { workspace: OPERATOR, controller: OPERATOR, actor: account, commandId: change, correlationId },
    );
    if (old !== claim) await stateStore.releaseClaim(EMAIL_CLAIMS, old, account);
    // Whoever still reads mail to the old address gets in by nothing that was sent there.
    await credentials.forgetTokens(account);
    await mail.send({ recipient: keyFor(account), to: from, ...emailChangedMail() });
    await stateStore.remove(SPACE, account);
    return position;
  }

  async #lost(account: string, error: unknown): Promise<void> {
    if (!isCrmError(error, 'CLAIM_TAKEN')) throw error;
    await this.forget(account);
  }

  async #pendingOf(account: string): Promise<Pending | null> {
    return (await this.parts.stateStore.get(SPACE, account)) as Pending | null;
  }

  async #open(account: string, { sealed }: Pending): Promise<Addresses | null> {
    return (await this.parts.sealer.open(keyFor(account), asChange(account), sealed)) as Addresses | null;
  }
}

const asChange = (account: string) => ({ kind: 'EmailChange', id: account });
