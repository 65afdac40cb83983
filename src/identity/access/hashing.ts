import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { InTurn } from '../../kernel/inTurn.js';

/** `Algorithm.Argon2id`; the package declares it as a const enum, which isolated modules cannot read. */
const ARGON2ID = 2;
/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
export const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

/** What libuv has unless it is told otherwise (https://docs.libuv.org/en/v1.x/threadpool.html). */
const THREADS = 4;

/**
 * Hashes on libuv's threads, which every access to a file needs too: one of them is always left, or a flood of sign-ins
 * would have all answers that wait for the disk wait for it.
 */
export class Hashing {
  readonly #lanes = Array.from({ length: Math.min(availableParallelism(), THREADS - 1) }, () => new InTurn());
  #next = 0;

  hash(password: string | Uint8Array): Promise<string> {
    return this.#run(() => hash(password, PARAMETERS));
  }

  /** Whether it is the password that was hashed. */
  verify(hashed: string, password: string): Promise<boolean> {
    return this.#run(() => verify(hashed, password));
  }

  /** Every hash takes the same time, so whichever lane has waited longest is the first to be free. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes[this.#next++ % this.#lanes.length]!;
    return lane.run(work);
  }
}
