import { CrmError } from '../errors.js';
import type { TransitOptions } from '../vault/kms/transit.js';

/** Reads where the master key is kept, if it is not a file: `KMS_URL` and what goes with it. Error: BAD_CONFIGURATION. */
export const readKmsConfig = (env: { readonly [name: string]: string | undefined }): TransitOptions | undefined => {
  if (!env.KMS_URL) return undefined;
  if (!URL.canParse(env.KMS_URL) || new URL(env.KMS_URL).protocol !== 'https:') {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'KMS_URL has to be an https address.' });
  }
  if (!env.KMS_KEY || !env.KMS_TOKEN_FILE) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'KMS_URL needs KMS_KEY and KMS_TOKEN_FILE.' });
  }
  return {
    url: new URL(env.KMS_URL),
    keyName: env.KMS_KEY,
    tokenFile: env.KMS_TOKEN_FILE,
    caFile: env.KMS_CA_FILE || undefined,
    namespace: env.KMS_NAMESPACE || undefined,
  };
};
