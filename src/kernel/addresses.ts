import { isIPv6 } from 'node:net';

/** Of 16 bits, in an address of IPv6. */
const GROUPS = 8;
/** Which one subscriber has all of (RFC 6177). */
const SUBSCRIBER_GROUPS = 4;
/** What a provider gives one customer at the least (RFC 6177). */
const CUSTOMER_GROUPS = 3;

/**
 * An address as it is counted: IPv6 by its first 64 bits. None for the machine itself: whoever is on it has other ways,
 * and a proxy there is to be named in TRUST_PROXY.
 */
export const addressKey = (address: string | undefined): string | undefined => {
  if (address === undefined) return undefined;
  const plain = unmapped(address);
  if (plain === '::1' || plain.startsWith('127.')) return undefined;
  return isIPv6(plain) ? firstGroups(plain, SUBSCRIBER_GROUPS) : plain;
};

/** An address without the part that tells one household from the next: IPv4 by its first 24 bits, IPv6 by its first 48. */
export const networkOf = (address: string): string => {
  const plain = unmapped(address);
  if (!isIPv6(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  return `${firstGroups(plain, CUSTOMER_GROUPS)}::/48`;
};

/** IPv4 as itself where a socket says it as IPv6 (RFC 4291 section 2.5.5.2). */
const unmapped = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;

/** The first groups of an address of IPv6, however short it was written. */
const firstGroups = (address: string, count: number): string => {
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : GROUPS - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
    .slice(0, count)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
};
