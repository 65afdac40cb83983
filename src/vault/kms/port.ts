/**
 * Keeps the master key, and wraps under it what is to be read by nobody without it. Two adapters: a file (`file.ts`), and
 * a service that never gives the key out (`transit.ts`). Each passes `test/contract/kms.ts`.
 */
export interface Kms {
  /** Which master key wraps now: a name or a fingerprint, nothing secret. */
  readonly id: string;

  /** A key of 32 bytes as text that this alone unwraps. Error: KMS_FAILED. */
  wrap(key: Uint8Array): Promise<string>;

  /**
   * The key inside; it is the caller's to zero. Errors: WRONG_MASTER_KEY where it was wrapped under another master key or
   * was changed; KMS_FAILED.
   */
  unwrap(wrapped: string): Promise<Buffer>;
}
