/** What a request or connection says of who is asking. */
export interface Caller {
  /** The bearer token, without the word `Bearer`. */
  readonly token?: string;
  /** The header `x-workspace`. */
  readonly workspace?: string;
  readonly remoteAddress?: string;
  /** The header `x-device`: a secret that a device has made up and keeps, by which it is known again at sign-in. */
  readonly device?: string;
  /** The header `User-Agent`. */
  readonly userAgent?: string;
  /** The header `x-purpose`: what the caller reads for. */
  readonly purpose?: string;
}

/** At least 128 bits in base64url or hex; what is shorter could be guessed, and counts as none. */
const DEVICE = /^[\w-]{22,128}$/;

/** RFC 6750 section 2.1. Anything but a bearer token counts as none. */
export function callerOf(
  authorization: string | undefined,
  workspace: string | string[] | undefined,
  remoteAddress: string | undefined,
  device?: string | string[],
  userAgent?: string,
  purpose?: string | string[],
): Caller {
  const token = authorization === undefined ? undefined : /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
  const named = Array.isArray(workspace) ? workspace[0] : workspace;
  const known = typeof device === 'string' && DEVICE.test(device) ? device : undefined;
  const readFor = Array.isArray(purpose) ? purpose[0] : purpose;
  return {
    token,
    workspace: named || undefined,
    remoteAddress,
    device: known,
    userAgent,
    purpose: readFor || undefined,
  };
}
