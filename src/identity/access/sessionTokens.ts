import { hash, timingSafeEqual } from 'node:crypto';

/** What a token says, all of it ours and none of it secret: the session it belongs to, and until when or which it is. */
export interface TokenBody {
  /** An access token opens requests until its `number`, in seconds since 1970; a refresh token is the `number`th of its session. */
  readonly kind: 'access' | 'refresh';
  readonly account: string;
  readonly session: string;
  readonly number: number;
}

/** A keyed hash, base64url, under a key that is not where sessions are kept. */
export type TokenMac = (body: string) => string;

const KINDS = { access: 1, refresh: 2 } as const;
const ID_BYTES = 16;
const NUMBER_BYTES = 6;
const BODY_BYTES = 1 + 2 * ID_BYTES + NUMBER_BYTES;
/** A multiple of three bytes, so that base64url has one way to write it. */
const BODY_CHARACTERS = (BODY_BYTES / 3) * 4;
const MAC_CHARACTERS = 43;
/** Some 300 bytes each. */
const MAX_KNOWN = 10_000;

/** Opaque to clients: 95 characters of base64url. */
export const writeToken = ({ kind, account, session, number }: TokenBody, mac: TokenMac): string => {
  const bytes = Buffer.alloc(BODY_BYTES);
  bytes[0] = KINDS[kind];
  bytes.write(account.replaceAll('-', ''), 1, 'hex');
  bytes.write(session.replaceAll('-', ''), 1 + ID_BYTES, 'hex');
  bytes.writeUIntBE(number, 1 + 2 * ID_BYTES, NUMBER_BYTES);
  const body = bytes.toString('base64url');
  return body + mac(body);
};

/** What a token of ours says, or `null` for anything else. */
export const readToken = (text: string, mac: TokenMac): TokenBody | null => {
  if (text.length !== BODY_CHARACTERS + MAC_CHARACTERS) return null;
  const body = text.slice(0, BODY_CHARACTERS);
  const expected = Buffer.from(mac(body));
  const given = Buffer.from(text.slice(BODY_CHARACTERS));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const bytes = Buffer.from(body, 'base64url');
  return {
    kind: bytes[0] === KINDS.access ? 'access' : 'refresh',
    account: uuid(bytes.toString('hex', 1, 1 + ID_BYTES)),
    session: uuid(bytes.toString('hex', 1 + ID_BYTES, 1 + 2 * ID_BYTES)),
    number: bytes.readUIntBE(1 + 2 * ID_BYTES, NUMBER_BYTES),
  };
};

/**
 * Tokens that were read lately, by digest, so that the keyed hash of each is worked out once and not at every request. What
 * a token says never changes; whether it is good still, and its session there, is for who reads it to ask every time.
 */
export class KnownTokens {
  readonly #bodies = new Map<string, TokenBody>();

  constructor(private readonly mac: TokenMac) {}

  /** As `readToken`. */
  read(text: string): TokenBody | null {
    const digest = hash('sha256', text, 'base64url');
    const known = this.#bodies.get(digest);
    if (known !== undefined) return known;
    const body = readToken(text, this.mac);
    if (body !== null) this.#keep(digest, body);
    return body;
  }

  #keep(digest: string, body: TokenBody): void {
    const [oldest] = this.#bodies.keys();
    if (this.#bodies.size >= MAX_KNOWN) this.#bodies.delete(oldest!);
    this.#bodies.set(digest, body);
  }
}

const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
