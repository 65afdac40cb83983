import { type ErrorCode, isCrmError } from '../../errors.js';
import { networkOf } from '../../kernel/addresses.js';
import type { SignInMeans } from '../accounts/events.js';

/** A sign-in that was refused, for the log (OWASP ASVS 5, 16.3.1): nothing in it is of the person. */
export interface RefusedSignIn {
  readonly kind: 'sign-in-refused';
  readonly means: SignInMeans;
  readonly code: ErrorCode;
  /** A keyed hash of the account, or of an address that has none: the same for the same. Left out where nobody was named. */
  readonly account?: string;
  /** The network that it came from, as `networkOf` says it. */
  readonly network?: string;
}

/** Something that somebody who is signed in may not do, or not before they prove anew who they are. */
export interface AccessRefused {
  readonly code: ErrorCode;
  /** As the schema names it, e.g. `mutation eraseContact`. */
  readonly operation: string;
}

/** That, for the log (OWASP ASVS 5, 16.3.2): nothing in it is of a person. */
export interface RefusedAccess extends AccessRefused {
  readonly kind: 'access-refused';
  /** A keyed hash of the account, or of the key that acted for it. */
  readonly actor: string;
}

/** What is known of a sign-in before it is decided. */
export interface SignInTried {
  readonly means: SignInMeans;
  readonly address: string | undefined;
  readonly account?: () => Promise<string>;
}

/**
 * Carries out a sign-in, and says if it was refused; the answer does not wait for that. What is no refusal but a question
 * (SECOND_FACTOR_REQUIRED, IDENTITY_NOT_LINKED) is said too: it tells that the first factor was right.
 */
export const tellingRefusals = async <T>(
  { means, address, account }: SignInTried,
  tell: (refused: () => Promise<RefusedSignIn>) => void,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (isCrmError(error)) {
      const { code } = error;
      tell(async () => ({
        kind: 'sign-in-refused',
        means,
        code,
        ...(account && { account: await account() }),
        ...(address !== undefined && { network: networkOf(address) }),
      }));
    }
    throw error;
  }
};
