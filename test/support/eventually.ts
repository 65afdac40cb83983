import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 10;

/** Asks again and again until the answer is there, and fails saying for what when the deadline has passed. */
export const eventually = async <T>(
  what: string,
  answer: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 10_000,
): Promise<T> => {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await answer();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`Waited ${deadlineMs} ms in vain: ${what}`);
    await pause(POLL_MS);
  }
};

/** Resolves in a later millisecond than it was called in, so that what follows is recorded at another instant. */
export const laterInstant = async (): Promise<string> => {
  const before = Date.now();
  await eventually('the next millisecond', () => Date.now() > before);
  return new Date(before).toISOString();
};
