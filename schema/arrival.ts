import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { CrmError } from '../src/errors.js';

/** How a request came here: what its connection says, and what a trusted proxy says of the one before. */
export interface Arrival {
  readonly address: string | undefined;
  /** Over TLS, served here or at the proxy. */
  readonly secure: boolean;
  /** What the client calls this server, with the port. */
  readonly host: string;
}

/** Whether an address is one of a proxy whose `X-Forwarded-…` headers are believed. */
export type TrustsProxy = (address: string | undefined) => boolean;

/** From addresses and ranges in CIDR form, e.g. `10.0.0.0/8`; `loopback` stands for this machine. Throws on anything else. */
export function trustedProxies(list: readonly string[]): TrustsProxy {
  if (list.length === 0) return () => false;
  const trusted = new BlockList();
  for (const each of list.flatMap((name) => (name === 'loopback' ? ['127.0.0.0/8', '::1'] : [name]))) {
    const [address = '', bits] = each.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address === undefined || isIP(address) === 0) return false;
    const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
    return trusted.check(mapped ?? address, mapped === undefined && isIPv6(address) ? 'ipv6' : 'ipv4');
  };
}

/**
 * Of `X-Forwarded-For` the last address that is no proxy of ours counts; what stands before it, the client may have made
 * up. `X-Forwarded-Proto` and `-Host` are the last proxy's word.
 */
export function arrivalOf({ headers, socket }: IncomingMessage, trusts: TrustsProxy): Arrival {
  const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
  const { remoteAddress } = socket;
  if (!trusts(remoteAddress)) return { address: remoteAddress, secure: encrypted, host: headers.host ?? '' };
  const forwardedFor = listed(headers['x-forwarded-for']);
  return {
    address: forwardedFor.findLast((address) => !trusts(address)) ?? forwardedFor[0] ?? remoteAddress,
    secure: encrypted || listed(headers['x-forwarded-proto']).at(-1) === 'https',
    host: listed(headers['x-forwarded-host']).at(-1) ?? headers.host ?? '',
  };
}

const listed = (header: string | string[] | undefined): string[] =>
  header === undefined
    ? []
    : String(header)
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '');

/**
 * The rule on TLS: a request over plain HTTP is answered only where it is for a loopback host, `localhost`, `127.x` or
 * `[::1]`; then it does not leave the machine. Any other has come over TLS, served here or forwarded by a trusted proxy.
 * That also ends DNS rebinding. Errors: TLS_REQUIRED, BAD_REQUEST for a host that is none.
 */
export function assertMayArrive({ secure, host }: Arrival): void {
  if (!isHost(host)) throw new CrmError('BAD_REQUEST', { reason: 'The Host header names no host.' });
  if (!secure && !LOOPBACK.test(host)) throw new CrmError('TLS_REQUIRED');
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

const isHost = (host: string): boolean =>
  LOOPBACK.test(host) || (/^[\w.\-[\]:]+$/.test(host) && URL.canParse(`http://${host}/`));
