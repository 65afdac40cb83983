import { join } from 'node:path';
import { loadRootKey } from '../../src/app/rootKey.js';
import { type DerivedKeys, keysOfRoot } from '../../src/vault/keys.js';

/** The keys of an installation in a directory of a test's, made by a server on it (`environmentFor`). */
export const keysIn = async (directory: string): Promise<DerivedKeys> =>
  keysOfRoot(await loadRootKey({ masterKeyFile: join(directory, 'master.key') }, false));
