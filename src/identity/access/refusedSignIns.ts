import { isIPv6 } from 'node:net';
import { type ErrorCode, isCrmError } from '../../errors.js';
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

const GROUPS = 8;
/** What a provider gives one customer at the least (RFC 6177). */
const IPV6_GROUPS_KEPT = 3;

/** An address without the part that tells one household from the next: IPv4 by its first 24 bits, IPv6 by its first 48. */
export const networkOf = (address: string): string => {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
  if (!isIPv6(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  const [head = '', tail] = plain.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : GROUPS - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, IPV6_GROUPS_KEPT);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/48`;
};
