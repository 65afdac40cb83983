import { createHmac, hkdfSync } from 'node:crypto';
import { hkdfExpandBlock, lengthPrefixed } from './hkdf.js';

/** What each derived key is for, with the label that keeps it apart from the others. Fixed from the first event. */
const labels = {
  events: 'bpo-crm file events v1',
  vault: 'bpo-crm file vault v1',
  state: 'bpo-crm file state v1',
  backups: 'bpo-crm backups v1',
  claims: 'bpo-crm claims v1',
  suppression: 'bpo-crm suppression v1',
  pseudonyms: 'bpo-crm pseudonyms v1',
  accessLog: 'bpo-crm access log v1',
  wrap: 'bpo-crm workspace key wrap v1',
} as const;

/**
 * Keys of the installation, 32 bytes each: `events`, `vault` and `state` encrypt the files of that name, `backups` is
 * what the keys of backups are derived from, `claims` keys the hashes that stand in claims, `suppression` and
 * `pseudonyms` those of each controller's do-not-contact list and anonymised records, `accessLog` is what the keys of the access log's
 * files are derived from, `wrap` wraps the workspaces' keys.
 * Read models are under no key that could be derived again: see `src/app/readModelFiles.ts`.
 */
export type DerivedKeys = { readonly [name in keyof typeof labels]: Buffer };

const KEY_BYTES = 32;

/** HKDF with SHA-256 (RFC 5869), no salt, a label each. `rootKey` is 32 uniformly random bytes (`keyring.ts`). */
export const keysOfRoot = (rootKey: Uint8Array): DerivedKeys => {
  if (rootKey.length !== KEY_BYTES) throw new TypeError('The root key has 32 bytes.');
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', rootKey, '', label, KEY_BYTES));
  return {
    events: derive(labels.events),
    vault: derive(labels.vault),
    state: derive(labels.state),
    backups: derive(labels.backups),
    claims: derive(labels.claims),
    suppression: derive(labels.suppression),
    pseudonyms: derive(labels.pseudonyms),
    accessLog: derive(labels.accessLog),
    wrap: derive(labels.wrap),
  };
};

/** The key of one controller's, out of one of the installation's: 32 bytes. */
export const controllerKey = (key: Uint8Array, workspace: string, controller: string): Buffer =>
  hkdfExpandBlock(key, lengthPrefixed('controller', workspace, controller)).subarray(0, KEY_BYTES);

/**
 * Stands for a value where it must be found again but not read: HMAC with SHA-256, base64url. `space` keeps equal
 * values of different kinds apart; the value has to be normalised, since equal is what is equal byte for byte.
 */
export const keyedHash = (key: Uint8Array, space: string, normalisedValue: string): string =>
  createHmac('sha256', key).update(lengthPrefixed(space, normalisedValue)).digest('base64url');
