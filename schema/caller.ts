/** What a request or connection says of who is asking. */
export interface Caller {
  /** The bearer token, without the word `Bearer`. */
  readonly token?: string;
  /** The header `x-workspace`. */
  readonly workspace?: string;
  readonly remoteAddress?: string;
}

/** RFC 6750 section 2.1. Anything but a bearer token counts as none. */
export function callerOf(
  authorization: string | undefined,
  workspace: string | string[] | undefined,
  remoteAddress: string | undefined,
): Caller {
  const token = authorization === undefined ? undefined : /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
  const named = Array.isArray(workspace) ? workspace[0] : workspace;
  return { token, workspace: named || undefined, remoteAddress };
}
