import { CrmError } from '../../errors.js';
import type { Device, Devices } from '../access/devices.js';
import type { Passwords } from '../access/passwords.js';
import type { Sessions, Tokens } from '../access/sessions.js';
import type { SignInAttempt, SignInThrottle } from '../access/signInThrottle.js';

/** How a session is wanted, and where. */
export interface SessionWanted {
  /** Whether the client refreshes its tokens. */
  readonly refreshable: boolean;
  readonly device: Device;
}

export interface SignIn extends SessionWanted {
  readonly email: string;
  readonly password: string;
  /** Of the second factor, where the account has one. */
  readonly code?: string;
  /** By which attempts are counted. */
  readonly place: Pick<SignInAttempt, 'address' | 'device'>;
}

export interface SignInParts {
  readonly signIns: SignInThrottle;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly devices: Devices;
  /** Errors: SECOND_FACTOR_REQUIRED, SIGN_IN_FAILED, RATE_LIMITED. */
  readonly checkSecondFactor: (account: string, code?: string) => Promise<unknown>;
  readonly accountByEmail: (email: string) => Promise<string | null>;
}

/**
 * Signs in by password, and a code where the account asks for one. Errors: RATE_LIMITED; SIGN_IN_FAILED, after as much
 * work for an unknown account as for a known one; SECOND_FACTOR_REQUIRED, once the password is known to be right.
 */
export const signIn = async (request: SignIn, parts: SignInParts): Promise<Tokens> => {
  const attempt = await parts.signIns.admit({ email: request.email, ...request.place });
  const account = await parts.accountByEmail(request.email);
  if (!(await parts.passwords.matches(account, request.password)) || account === null)
    throw new CrmError('SIGN_IN_FAILED');
  await attempt.succeeded(account);
  await parts.checkSecondFactor(account, request.code);
  return beginSession(account, request, parts);
};

/** A session for somebody who has just proved who they are. */
export const beginSession = async (
  account: string,
  { refreshable, device }: SessionWanted,
  { sessions, devices }: Pick<SignInParts, 'sessions' | 'devices'>,
): Promise<Tokens> => {
  const tokens = await sessions.begin(account, refreshable);
  await devices.remember(account, tokens.session, device, tokens.endsAt);
  return tokens;
};
