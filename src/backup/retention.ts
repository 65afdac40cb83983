import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from './manifest.js';
import { backupsIn } from './open.js';

/**
 * Removes the backups of a directory whose time is over; `now` in milliseconds. One whose manifest cannot be read stays,
 * for somebody to look at. Answers with the paths of those removed.
 */
export const removeExpired = (directory: string, now: number): readonly string[] =>
  backupsIn(directory)
    .map((id) => join(directory, id))
    .filter((path) => {
      const expiresAt = expiryOf(path);
      if (expiresAt === null || Date.parse(expiresAt) > now) return false;
      rmSync(path, { recursive: true });
      return true;
    });

const expiryOf = (path: string): string | null => {
  const file = join(path, MANIFEST);
  if (!existsSync(file)) return null;
  try {
    const { content } = JSON.parse(readFileSync(file, 'utf8')) as { content?: { expiresAt?: unknown } };
    return typeof content?.expiresAt === 'string' ? content.expiresAt : null;
  } catch {
    return null;
  }
};
