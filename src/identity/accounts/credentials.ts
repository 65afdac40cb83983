import { CrmError } from '../../errors.js';
import type { Buckets, Rate } from '../../kernel/buckets.js';
import type { CommandHandler } from '../../kernel/commandHandler.js';
import type { Position } from '../../kernel/envelope.js';
import { subjectIdOf } from '../../kernel/ids.js';
import type { Words } from '../../kernel/mailWords.js';
import { OPERATOR } from '../../kernel/workspace.js';
import type { Mail } from '../../mail/port.js';
import type { Devices } from '../access/devices.js';
import type { OneTimeTokens } from '../access/oneTimeTokens.js';
import type { Passwords } from '../access/passwords.js';
import type { SecondFactors } from '../access/secondFactors.js';
import type { InSession, Sessions, Tokens } from '../access/sessions.js';
import { totpUri } from '../access/totp.js';
import { type AccountCommand, accountDecider } from './decider.js';
import type { MeansChange, SignInMeans } from './events.js';
import { passwordChangedMail, resetPasswordMail, secondFactorMail, tokenReusedMail, verifyEmailMail } from './mails.js';

const MINUTE_MS = 60_000;
const VERIFY = 'verify-email';
const VERIFY_MS = 24 * 60 * MINUTE_MS;
const RESET = 'reset-password';
const RESET_MS = 30 * MINUTE_MS;

/** Wrong passwords from within sessions of one account: ten, then one a minute. Only who has a session can use them up. */
const WRONG_PASSWORDS: Rate = { capacity: 10, perSecond: 1 / 60 };

/** What is looked up of an account holder to write to them. */
export interface AccountHolder {
  readonly name?: string;
  readonly email?: string;
}

export interface CredentialsParts {
  readonly handler: CommandHandler;
  readonly tokens: OneTimeTokens;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly secondFactors: SecondFactors;
  /** Bounds guessing by who has a session of somebody's. */
  readonly buckets: Buckets;
  readonly mail: Mail;
  /** Where people use the product: links in mails lead there. */
  readonly appUrl: string;
  readonly accountByEmail: (email: string) => Promise<string | null>;
  readonly holderOf: (account: string) => Promise<AccountHolder | null>;
  /** Runs what nobody waits for, and says if it failed. */
  readonly behind: (work: () => Promise<unknown>) => void;
}

/** What an account holder can do about how they sign in, and what is told to them of it. */
export class Credentials {
  constructor(private readonly parts: CredentialsParts) {}

  /** Mails a token to the account's address, unless that is confirmed. */
  requestVerification(account: string): void {
    this.parts.behind(async () => {
      const { emailVerified } = await this.parts.handler.stateOf(accountDecider, account, OPERATOR);
      if (emailVerified) return;
      const token = await this.parts.tokens.issue(VERIFY, account, VERIFY_MS);
      await this.tell(account, verifyEmailMail(this.parts.appUrl, token));
    });
  }

  /** Error: TOKEN_INVALID. */
  async verifyEmail(token: string, correlationId: string): Promise<Position> {
    const account = await this.#redeem(VERIFY, token);
    return this.record(account, { type: 'VerifyEmail', subject: subjectIdOf(account) }, correlationId);
  }

  /** Mails a token where the address has an account; to who asks there is no difference, in answer or time. */
  requestReset(email: string): void {
    this.parts.behind(async () => {
      const account = await this.parts.accountByEmail(email);
      if (account === null) return;
      const token = await this.parts.tokens.issue(RESET, account, RESET_MS);
      await this.tell(account, resetPasswordMail(this.parts.appUrl, token));
    });
  }

  /**
   * A new password for who has the mailed token. Ends every session; a second factor stays, and is asked for at the next
   * sign-in. Errors: TOKEN_INVALID; BAD_USER_INPUT, PASSWORD_TOO_COMMON, with which the token stays good.
   */
  async reset(token: string, password: string, correlationId: string): Promise<void> {
    const { passwords } = this.parts;
    const chosen = { text: password, field: 'newPassword', words: [] };
    await passwords.check(chosen);
    const account = await this.#redeem(RESET, token);
    await passwords.set(account, chosen);
    await this.endSessions(account);
    // Who has the token reads mail to the address.
    await this.record(account, { type: 'VerifyEmail', subject: subjectIdOf(account) }, correlationId);
    await this.changed(account, 'PASSWORD', 'RESET', correlationId, passwordChangedMail());
  }

  /** Errors: SIGN_IN_FAILED where the current one is wrong; BAD_USER_INPUT, PASSWORD_TOO_COMMON. */
  async changePassword({ account, session, correlationId }: InSession, current: string, next: string): Promise<void> {
    const { passwords } = this.parts;
    const words = await this.#wordsOf(account);
    await this.#checkPassword(account, current, 'currentPassword');
    await passwords.set(account, { text: next, field: 'newPassword', words });
    await this.endSessions(account, session);
    await this.changed(account, 'PASSWORD', 'CHANGED', correlationId, passwordChangedMail());
  }

  /** An authenticator's secret, to be confirmed with a code of it. */
  async offerTotp(account: string): Promise<{ secret: string; uri: string }> {
    const secret = await this.parts.secondFactors.offer(account);
    const holder = await this.parts.holderOf(account);
    return { secret, uri: totpUri(secret, holder?.email ?? account) };
  }

  /** From here on signing in asks for a code. Answers the recovery codes, this once. Error: SIGN_IN_FAILED. */
  async confirmTotp(account: string, code: string, correlationId: string): Promise<readonly string[]> {
    const codes = await this.parts.secondFactors.confirm(account, code);
    await this.changed(account, 'TOTP', 'ADDED', correlationId, secondFactorMail('ADDED'));
    return codes;
  }

  async removeTotp(account: string, correlationId: string): Promise<void> {
    if (!(await this.parts.secondFactors.required(account))) return;
    await this.parts.secondFactors.forget(account);
    await this.changed(account, 'TOTP', 'REMOVED', correlationId, secondFactorMail('REMOVED'));
  }

  /** Error: NOT_FOUND where there is no second factor that they could stand in for. */
  async renewRecoveryCodes(account: string, correlationId: string): Promise<readonly string[]> {
    const codes = await this.parts.secondFactors.renewRecoveryCodes(account);
    await this.changed(account, 'RECOVERY_CODES', 'CHANGED', correlationId, secondFactorMail('CHANGED'));
    return codes;
  }

  /**
   * Proves anew who holds a session: by a code where the account has a second factor, otherwise by its password.
   * Errors: SECOND_FACTOR_REQUIRED, SIGN_IN_FAILED, RATE_LIMITED.
   */
  async prove(
    { account, session, correlationId }: InSession,
    { password, code }: { password?: string; code?: string },
  ): Promise<void> {
    const checked = await this.checkSecondFactor(account, code, correlationId);
    if (!checked) await this.#checkPassword(account, password ?? '', 'password');
    await this.parts.sessions.prove(account, session);
  }

  /**
   * Checks a code where the account has a second factor, and answers whether it has; its owner is told where it was a
   * recovery code. Errors: SECOND_FACTOR_REQUIRED, SIGN_IN_FAILED, RATE_LIMITED.
   */
  async checkSecondFactor(account: string, code: string | undefined, correlationId: string): Promise<boolean> {
    const { secondFactors } = this.parts;
    if (!(await secondFactors.required(account))) return false;
    if (code === undefined) throw new CrmError('SECOND_FACTOR_REQUIRED', { field: 'code' });
    const means = await secondFactors.check(account, code);
    if (means !== 'TOTP') await this.changed(account, means, 'USED', correlationId, secondFactorMail('USED'));
    return true;
  }

  /** Errors: UNAUTHENTICATED for a refresh token that is not good, or not any more; a reused one ends its session, and the owner is told. */
  async refresh(refreshToken: string, commandId: string | null, correlationId: string): Promise<Tokens> {
    const refreshed = await this.parts.sessions.refresh(refreshToken, commandId);
    if (refreshed === null) throw new CrmError('UNAUTHENTICATED');
    if (!('reused' in refreshed)) return refreshed;
    const account = refreshed.reused;
    await this.record(account, { type: 'ReportReuse', subject: subjectIdOf(account) }, correlationId);
    await this.tell(account, tokenReusedMail());
    throw new CrmError('UNAUTHENTICATED');
  }

  /** Makes every token that was mailed for an account good for nothing. Answers how many there may be. */
  async forgetTokens(account: string): Promise<number> {
    const purposes = [VERIFY, RESET];
    for (const purpose of purposes) await this.parts.tokens.revoke(purpose, account);
    return purposes.length;
  }

  /** Ends every session of an account but one. Answers how many. */
  async endSessions(account: string, but?: string): Promise<number> {
    const ended = await this.parts.sessions.endAll(account, but);
    await this.parts.devices.forget(account, ended);
    return ended.length;
  }

  /** Records that means to sign in have changed, and tells their owner. */
  async changed(
    account: string,
    means: SignInMeans,
    change: MeansChange,
    correlationId: string,
    words: Words,
  ): Promise<void> {
    await this.record(
      account,
      { type: 'ChangeSignInMeans', subject: subjectIdOf(account), means, change },
      correlationId,
    );
    await this.tell(account, words);
  }

  async record(account: string, command: AccountCommand, correlationId: string): Promise<Position> {
    const context = { workspace: OPERATOR, controller: OPERATOR, actor: account, commandId: null, correlationId };
    return (await this.parts.handler.handle(accountDecider, account, command, context)).position;
  }

  /** Writes to an account holder; a technical notice (purpose `notices`), so it needs no consent. */
  async tell(account: string, words: Words): Promise<void> {
    const holder = await this.parts.holderOf(account);
    if (holder?.email === undefined) return;
    const recipient = { workspace: OPERATOR, subject: subjectIdOf(account) };
    await this.parts.mail.send({ recipient, to: holder.email, ...words });
  }

  async #checkPassword(account: string, password: string, field: string): Promise<void> {
    const { buckets, passwords } = this.parts;
    const key = `password ${account}`;
    const wait = await buckets.take(key, WRONG_PASSWORDS, 1);
    if (wait > 0) throw new CrmError('RATE_LIMITED', { retryAfter: wait });
    if (!(await passwords.matches(account, password))) throw new CrmError('SIGN_IN_FAILED', { field });
    await buckets.giveBack(key, WRONG_PASSWORDS, 1);
  }

  async #redeem(purpose: string, token: string): Promise<string> {
    const account = await this.parts.tokens.redeem(purpose, token);
    if (account === null) throw new CrmError('TOKEN_INVALID', { field: 'token' });
    return account;
  }

  async #wordsOf(account: string): Promise<string[]> {
    const holder = await this.parts.holderOf(account);
    return [holder?.name, holder?.email].filter((word) => word !== undefined);
  }
}
