import { hash, verify } from '@node-rs/argon2';
import { PARAMETERS } from '../src/identity/access/hashing.js';
import { answerJob } from './processes.js';

/*
 * The other side of sign-ins: a loop that looks whether a password is right, with the product's parameters, in a process of
 * its own with as many threads (libuv's, as the product has them).
 */

export interface HashJob {
  readonly sideBySide: number;
  readonly durationMs: number;
}

/** Passwords looked at in a second. */
const run = async ({ sideBySide, durationMs }: HashJob): Promise<number> => {
  const password = 'correct horse battery';
  const stored = await hash(password, PARAMETERS);
  const began = performance.now();
  let looked = 0;
  const look = async () => {
    while (performance.now() - began < durationMs) {
      if (!(await verify(stored, password))) throw new Error('The right password is not.');
      looked += 1;
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, look));
  return looked / ((performance.now() - began) / 1_000);
};

answerJob(run);
