import { createHash, hkdfSync } from 'node:crypto';
import { CrmError } from '../../errors.js';
import type { RandomBytes } from '../../kernel/ids.js';
import { unwrapKey, wrapKey } from '../wrap.js';
import type { Kms } from './port.js';

const KEY_BYTES = 32;
const PLACE = ['bpo-crm keyring v1'];

/**
 * Wraps under the master key of a file (`masterKey.ts`), by AES-256-GCM under a key that HKDF derives from it.
 * `masterKey` is 32 uniformly random bytes, which the caller may zero afterwards.
 */
export const fileKms = (masterKey: Uint8Array, random: RandomBytes): Kms => {
  const wrapping = Buffer.from(hkdfSync('sha256', masterKey, '', 'bpo-crm keyring wrap v1', KEY_BYTES));
  return {
    id: `file:${createHash('sha256').update('bpo-crm master key id v1').update(wrapping).digest('hex').slice(0, 32)}`,
    wrap: async (key) => wrapKey(wrapping, PLACE, key, random).toString('base64url'),
    unwrap: async (wrapped) => {
      const key = unwrapKey(wrapping, PLACE, Buffer.from(wrapped, 'base64url'));
      if (key === null) throw new CrmError('WRONG_MASTER_KEY');
      return key;
    },
  };
};
