import { CrmError } from '../../errors.js';
import { subjectIdOf } from '../../kernel/ids.js';
import type { Devices } from '../access/devices.js';
import type { Ceremony, Passkey, Passkeys } from '../access/passkeys.js';
import { type RefusedSignIn, tellingRefusals } from '../access/refusedSignIns.js';
import type { InSession, Sessions, Tokens } from '../access/sessions.js';
import type { Credentials } from './credentials.js';
import { passkeyCopiedMail, passkeyMail } from './mails.js';
import { beginSession, type SessionWanted } from './signIn.js';

export interface PasskeySignInParts {
  readonly passkeys: Passkeys;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly devices: Devices;
  /** Told of what is refused, for the log. */
  readonly refused: (refused: () => Promise<RefusedSignIn>) => void;
}

/** What account holders do with passkeys, and what is told to them of it. */
export class PasskeySignIn {
  constructor(private readonly parts: PasskeySignInParts) {}

  /** Errors: PASSKEY_REFUSED, BAD_USER_INPUT, TOO_MANY. */
  async register({ account, session, correlationId }: InSession, response: unknown, name: string): Promise<Passkey> {
    const passkey = await this.parts.passkeys.register(account, session, response, name);
    await this.parts.credentials.changed(account, 'PASSKEY', 'ADDED', correlationId, passkeyMail('ADDED'));
    return passkey;
  }

  /** Error: NOT_FOUND. */
  async remove({ account, correlationId }: InSession, id: string): Promise<void> {
    await this.parts.passkeys.remove(account, id);
    await this.parts.credentials.changed(account, 'PASSKEY', 'REMOVED', correlationId, passkeyMail('REMOVED'));
  }

  /** A passkey asks for a PIN or a biometric itself, so no code is asked for beside it. Error: PASSKEY_REFUSED. */
  async signIn(response: unknown, wanted: SessionWanted, correlationId: string): Promise<Tokens> {
    const tried = { means: 'PASSKEY', address: wanted.device.address } as const;
    return tellingRefusals(tried, this.parts.refused, async () => {
      const account = await this.#proved(response, { kind: 'SIGN_IN' }, correlationId);
      return beginSession(account, wanted, this.parts);
    });
  }

  /** Proves anew who holds a session. Error: PASSKEY_REFUSED. */
  async prove({ account, session, correlationId }: InSession, response: unknown): Promise<void> {
    await this.#proved(response, { kind: 'STEP_UP', session }, correlationId, account);
    await this.parts.sessions.prove(account, session);
  }

  /** A counter that went back says that two have the passkey: who uses it is refused, and its owner told. */
  async #proved(response: unknown, ceremony: Ceremony, correlationId: string, own?: string): Promise<string> {
    const { passkeys, credentials } = this.parts;
    const { account, copied } = await passkeys.check(response, ceremony, own);
    if (!copied) return account;
    await credentials.record(account, { type: 'ReportCopiedPasskey', subject: subjectIdOf(account) }, correlationId);
    await credentials.tell(account, passkeyCopiedMail());
    throw new CrmError('PASSKEY_REFUSED', { field: 'response' });
  }
}
