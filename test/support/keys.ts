import { join } from 'node:path';
import { loadKeys } from '../../src/app/rootKey.js';
import type { DerivedKeys } from '../../src/vault/keys.js';

/** The keys of an installation in a directory of a test's, made by a server on it (`environmentFor`). */
export const keysIn = (directory: string): Promise<DerivedKeys> =>
  loadKeys({ masterKeyFile: join(directory, 'master.key') });
