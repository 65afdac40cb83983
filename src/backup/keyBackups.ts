import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'key-backups';

/**
 * Notes that keys are about to be copied, and until when a copy may be there. One instant a line, on disk before the copy is
 * made, in a directory that is in no backup itself.
 */
export const noteKeyBackup = (directory: string, expiresAt: string): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = openSync(join(directory, FILE), 'a', 0o600);
  try {
    writeSync(file, `${expiresAt}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Day, `YYYY-MM-DD`, on which the last copy of keys that was made until now is to be gone; `null` where there is none any more. */
export const lastKeyBackupExpires = (directory: string, now: number): string | null => {
  const path = join(directory, FILE);
  if (!existsSync(path)) return null;
  const instants = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => Date.parse(line) > now)
    .sort();
  return instants.at(-1)?.slice(0, 10) ?? null;
};
