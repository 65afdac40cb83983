import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What an answer may be made to say beside the truth. */
export interface Deviation {
  readonly origin?: string;
  readonly userHandle?: string | null;
  /** Whether its holder gave a PIN or a finger. */
  readonly verified?: boolean;
  readonly rpId?: string;
}

/** The options that a server gives out, as far as an authenticator reads them. */
interface Asked {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
}

type Cbor = number | string | Uint8Array | ReadonlyMap<number | string, Cbor>;

/** As much of CBOR (RFC 8949) as an attestation needs. */
const cbor = (value: Cbor): Buffer => {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const pairs = [...(value as ReadonlyMap<number | string, Cbor>)].flatMap(([key, each]) => [cbor(key), cbor(each)]);
  return Buffer.concat([head(5, pairs.length / 2), ...pairs]);
};

const head = (major: number, length: number): Buffer => {
  if (length < 24) return Buffer.of((major << 5) | length);
  if (length < 256) return Buffer.of((major << 5) | 24, length);
  return Buffer.of((major << 5) | 25, length >> 8, length & 0xff);
};

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();
const FLAGS = { present: 0x01, verified: 0x04, attested: 0x40 };

/**
 * An authenticator with one passkey, as a browser answers for it: real keys and signatures (ES256), attestation "none"
 * (W3C Web Authentication, Level 3, sections 6.1, 6.5 and 7).
 */
export class SoftAuthenticator {
  readonly #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly credentialId = randomBytes(32);
  #userHandle = '';

  constructor(
    private readonly origin: string,
    /** Counts uses; one that stays 0 counts none, as those that are synchronised do not. */
    public counter = 0,
    private readonly step = 1,
  ) {
    this.#keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  /** `navigator.credentials.create`, as JSON. */
  create(options: Asked, { origin = this.origin, verified = true, rpId = options.rp!.id }: Deviation = {}) {
    this.#userHandle = options.user!.id;
    const flags = FLAGS.present | FLAGS.attested | (verified ? FLAGS.verified : 0);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.credentialId.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.credentialId, this.#coseKey()]);
    const authData = Buffer.concat([this.#authenticatorData(rpId, flags), attested]);
    const object = new Map<string, Cbor>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    const clientDataJSON = clientData('webauthn.create', options.challenge, origin);
    return this.#credential({
      clientDataJSON: clientDataJSON.toString('base64url'),
      attestationObject: cbor(object).toString('base64url'),
      transports: ['internal'],
    });
  }

  /** `navigator.credentials.get`, as JSON. */
  get(options: Asked, deviation: Deviation = {}) {
    const { origin = this.origin, verified = true, rpId = options.rpId!, userHandle = this.#userHandle } = deviation;
    this.counter += this.step;
    const authData = this.#authenticatorData(rpId, FLAGS.present | (verified ? FLAGS.verified : 0));
    const clientDataJSON = clientData('webauthn.get', options.challenge, origin);
    const signed = Buffer.concat([authData, sha256(clientDataJSON)]);
    return this.#credential({
      clientDataJSON: clientDataJSON.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, this.#keys.privateKey).toString('base64url'),
      ...(userHandle === null ? {} : { userHandle }),
    });
  }

  #credential<Response extends object>(response: Response) {
    const id = this.credentialId.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #authenticatorData(rpId: string, flags: number): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    return Buffer.concat([sha256(rpId), Buffer.of(flags), counter]);
  }

  /** COSE_Key of ES256 (RFC 9053 sections 2.1 and 7.1). */
  #coseKey(): Buffer {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' });
    const coordinate = (text?: string) => Buffer.from(text!, 'base64url');
    return cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, coordinate(x)],
        [-3, coordinate(y)],
      ]),
    );
  }
}

const clientData = (type: string, challenge: string, origin: string): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
