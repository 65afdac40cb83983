import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { RandomBytes } from '../../kernel/ids.js';
import type { StateStore } from '../../statestore/port.js';

const SPACE = 'certificate-keys';
const KEY = 'current';
const SEED_BYTES = 32;
/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A public key as outsiders are given it (RFC 7517, RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly use: 'sig';
  readonly alg: 'EdDSA';
  readonly kid: string;
  readonly x: string;
}

export interface Signed {
  readonly keyId: string;
  /** Ed25519 (RFC 8032), base64url. */
  readonly signature: string;
}

const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });

/** The key's thumbprint (RFC 7638): the same wherever the key is. */
const thumbprint = (x: string): string =>
  createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');

/**
 * The key with which an installation signs its certificates. Made at first use and kept in the state store, encrypted
 * like everything there; a change of the master key leaves it as it is, so that old certificates stay verifiable.
 */
export class CertificateKey {
  #loaded: Promise<{ key: KeyObject; jwk: PublicJwk }> | undefined;

  constructor(
    private readonly stateStore: Pick<StateStore, 'get' | 'compareAndSet'>,
    private readonly random: RandomBytes,
  ) {}

  async sign(text: string): Promise<Signed> {
    const { key, jwk } = await this.#load();
    return { keyId: jwk.kid, signature: sign(null, Buffer.from(text), key).toString('base64url') };
  }

  async publicJwk(): Promise<PublicJwk> {
    return (await this.#load()).jwk;
  }

  #load(): Promise<{ key: KeyObject; jwk: PublicJwk }> {
    this.#loaded ??= this.#read().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #read(): Promise<{ key: KeyObject; jwk: PublicJwk }> {
    const made = { seed: this.random(SEED_BYTES).toString('base64url') };
    // Whoever comes second takes the key of whoever came first.
    await this.stateStore.compareAndSet(SPACE, KEY, null, made);
    const { seed } = (await this.stateStore.get(SPACE, KEY)) as { seed: string };
    const key = privateKeyOf(Buffer.from(seed, 'base64url'));
    const { x } = createPublicKey(key).export({ format: 'jwk' }) as { x: string };
    return { key, jwk: { kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid: thumbprint(x), x } };
  }
}

/** What an outsider does with a certificate and the published key. */
export const isSignedBy = (jwk: PublicJwk, text: string, signature: string): boolean => {
  const { kty, crv, x } = jwk;
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
};
