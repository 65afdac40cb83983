import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { CrmError } from '../errors.js';
import { canonicalJson } from '../kernel/canonical.js';
import { lengthPrefixed } from '../vault/hkdf.js';
import { BACKUP_ID } from './id.js';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

const content = z.strictObject({
  format: z.literal(1),
  /** `data`: events and state. `keys`: the vault, kept apart and for a shorter time. */
  kind: z.enum(['data', 'keys']),
  /** Of the backup; its two parts share it. Ids are in the order of time. */
  id: z.string().regex(BACKUP_ID),
  /** Of the installation; `null` where it has never had an erasure ledger. */
  installation: z.string().nullable(),
  /** Of the software that wrote it. */
  version: z.string(),
  createdAt: z.iso.datetime({ precision: 3 }),
  /** From when it is to be removed; `null` where that was left to whoever asked for it. */
  expiresAt: z.iso.datetime({ precision: 3 }).nullable(),
  /** Position of the last event. */
  head: z.string(),
  /** The last entry of the erasure ledger that the data knew of. A restore needs a ledger that has it. */
  ledger: z.strictObject({ sequence: count, hash: digest }).nullable(),
  /** Rows by what they are: what a restore counts again. */
  counts: z.record(z.string(), count),
  files: z.array(z.strictObject({ name: z.string().regex(/^[a-z]+\.db$/), bytes: count, sha256: digest })),
  /** Tells whether a master key is the one that the backup was made with. */
  masterKeyCheck: digest,
});

/** What is in a backup. Nothing personal. */
export type Manifest = z.infer<typeof content>;

const file = z.strictObject({
  content,
  /** HMAC with SHA-256 under a key of the installation: nobody else can have written it. */
  mac: digest,
  /** SHA-256 of all of it that precedes: tells damage from another master key. */
  checksum: digest,
});

export const MANIFEST = 'manifest.json';

/** What keys of backups are derived from: `DerivedKeys.backups`. */
export type BackupKey = Uint8Array;

const keyFor = (backupKey: BackupKey, ...purpose: readonly string[]): Buffer =>
  Buffer.from(hkdfSync('sha256', backupKey, '', lengthPrefixed(...purpose), 32));

/** The key of one file of one backup, 32 bytes. */
export const backupFileKey = (backupKey: BackupKey, id: string, name: string): Buffer =>
  keyFor(backupKey, 'bpo-crm backup file v1', id, name);

export const masterKeyCheckOf = (backupKey: BackupKey): string =>
  createHmac('sha256', keyFor(backupKey, 'bpo-crm backup master key check v1')).digest('hex');

const macOf = (backupKey: BackupKey, manifest: Manifest): string =>
  createHmac('sha256', keyFor(backupKey, 'bpo-crm backup manifest v1')).update(canonicalJson(manifest)).digest('hex');

const checksumOf = (manifest: Manifest, mac: string): string => hash('sha256', canonicalJson(manifest) + mac, 'hex');

/** The text of the file. Throws where the manifest is not of the form it should be. */
export const manifestText = (manifest: Manifest, backupKey: BackupKey): string => {
  const mac = macOf(backupKey, manifest);
  return asWritten(file.parse({ content: manifest, mac, checksum: checksumOf(manifest, mac) }));
};

/** `name` of a file of a backup, in words for whoever restores it. */
export const damaged = (name: string, cause?: unknown): CrmError =>
  new CrmError('BACKUP_DAMAGED', { field: name }, { cause });

/**
 * What a manifest says, nothing of it changed since it was written.
 * Errors: BACKUP_DAMAGED, naming it, where it is not as it was written; WRONG_MASTER_KEY where it was under another key.
 */
export const readManifest = (text: string, backupKey: BackupKey): Manifest => {
  const { content: manifest, mac, checksum } = parsed(text);
  // Byte for byte, so that not even a space is another's.
  if (checksum !== checksumOf(manifest, mac) || text !== asWritten({ content: manifest, mac, checksum })) {
    throw damaged(MANIFEST);
  }
  if (manifest.masterKeyCheck !== masterKeyCheckOf(backupKey)) throw new CrmError('WRONG_MASTER_KEY');
  if (!timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(backupKey, manifest)))) throw damaged(MANIFEST);
  return manifest;
};

const asWritten = (whole: z.infer<typeof file>): string => `${JSON.stringify(whole, null, 2)}\n`;

const parsed = (text: string): z.infer<typeof file> => {
  try {
    return file.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(MANIFEST, cause);
  }
};
