import type { RetentionClass } from '../kernel/personal.js';
import { readOnce } from '../sqlite/readOnce.js';
import { NO_KEY } from './storedKeys.js';

/** A key as the file has it, without the key. */
export interface KeyOnFile {
  readonly subject: string;
  readonly class: RetentionClass;
  /** Hex. */
  readonly fingerprint: string;
  readonly destroyed: boolean;
  /** Whether zeros stand in the place of the wrapped key. */
  readonly isOverwritten: boolean;
}

/** Every key of the vault in a file that nobody writes to. Errors: WRONG_MASTER_KEY, CORRUPT_STORE. */
export const readKeysOnFile = (file: string, fileKey: Uint8Array): readonly KeyOnFile[] =>
  readOnce(file, fileKey, (database) => {
    const rows = database
      .prepare(
        'SELECT s.subject, k.class, k.fingerprint, k.destroyed, k.wrapped FROM keys k JOIN subjects s ON s.id = k.subject',
      )
      .all() as { subject: string; class: RetentionClass; fingerprint: Buffer; destroyed: 0 | 1; wrapped: Buffer }[];
    return rows.map(({ subject, class: of, fingerprint, destroyed, wrapped }) => ({
      ...{ subject, class: of, fingerprint: fingerprint.toString('hex') },
      destroyed: destroyed === 1,
      isOverwritten: wrapped.equals(NO_KEY),
    }));
  });
