import { join, resolve } from 'node:path';
import { CrmError } from '../errors.js';
import type { OpenIdProvider } from '../identity/access/openIdClient.js';
import type { TransitOptions } from '../vault/kms/transit.js';
import { type BackupConfig, readBackupConfig } from './backupConfig.js';
import { readKmsConfig } from './kmsConfig.js';
import { type MailConfig, NO_MAIL_SERVER } from './mail.js';
import { readOpenIdConfig } from './openIdConfig.js';
import { Secret, secretFrom } from './secretFile.js';
import { readStoreLocations, type StoreLocations } from './storeUrls.js';
import { readSurfaceConfig, type SurfaceConfig } from './surfaceConfig.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Beside the data directory, never in it: who copies the one does not have the other. */
  readonly masterKeyFile: string;
  /** The root key, wrapped by the master key; beside the master key where it is not said. */
  readonly keyringFile?: string | undefined;
  /** Where the master key is, if it is not in the file. */
  readonly kms?: TransitOptions | undefined;
  readonly stores: StoreLocations;
  /** Directory of the erasure ledger: outside the data directory, and so outside every backup of it. */
  readonly erasureLedgerDir: string;
  /** A second directory in which every entry of the ledger is written as well. */
  readonly erasureLedgerCopy?: string | undefined;
  readonly backup: BackupConfig;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
  readonly production: boolean;
  readonly surface: SurfaceConfig;
  readonly mail: MailConfig;
  /** Where people use the product, without a slash at its end: links in mails lead there, passkeys belong to it. */
  readonly appUrl: string;
  /** How long after proving who they are somebody may do what is dangerous, in milliseconds. */
  readonly stepUpMs: number;
  /** Providers that people can sign in at. */
  readonly openId: readonly OpenIdProvider[];
  /** How long it is kept who read whom. */
  readonly accessLogKeepDays: number;
}

export const DEFAULT_STEP_UP_MS = 15 * 60_000;

/** Twelve months, which people may ask about, and a month to answer in. */
export const DEFAULT_ACCESS_LOG_KEEP_DAYS = 400;

export const DEFAULT_APP_URL = 'http://localhost:4000';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

/** Reads the environment. Error: BAD_CONFIGURATION, naming the variable. */
export const readConfig = (env: Environment): Config => {
  const dataDir = resolve(env.DATA_DIR ?? './data');
  const masterKeyFile = resolve(env.MASTER_KEY_FILE ?? `${dataDir}.key`);
  const erasureLedgerDir = resolve(env.ERASURE_LEDGER_DIR ?? `${masterKeyFile.replace(/\.key$/, '')}.ledger`);
  const erasureLedgerCopy = env.ERASURE_LEDGER_COPY ? resolve(env.ERASURE_LEDGER_COPY) : undefined;
  refuseInside(dataDir, masterKeyFile, 'MASTER_KEY_FILE must not be inside DATA_DIR.');
  refuseInside(
    dataDir,
    erasureLedgerDir,
    'ERASURE_LEDGER_DIR must not be inside DATA_DIR: it would be in its backups.',
  );
  if (erasureLedgerCopy !== undefined) {
    refuseInside(dataDir, erasureLedgerCopy, 'ERASURE_LEDGER_COPY must not be inside DATA_DIR.');
    refuseInside(erasureLedgerDir, erasureLedgerCopy, 'ERASURE_LEDGER_COPY must not be inside ERASURE_LEDGER_DIR.');
  }
  return {
    host: env.HOST ?? '127.0.0.1',
    port: portOf(env.PORT ?? '4000'),
    dataDir,
    masterKeyFile,
    keyringFile: env.KEYRING_FILE ? resolve(env.KEYRING_FILE) : undefined,
    kms: readKmsConfig(env),
    stores: readStoreLocations(env, dataDir),
    erasureLedgerDir,
    erasureLedgerCopy,
    backup: readBackupConfig(env),
    logLevel: logLevelOf(env.LOG_LEVEL ?? 'warn'),
    production: env.NODE_ENV === 'production',
    surface: readSurfaceConfig(env),
    mail: { smtpUrl: smtpUrlOf(env), from: env.MAIL_FROM ?? NO_MAIL_SERVER.from },
    appUrl: appUrlOf(env.APP_URL ?? DEFAULT_APP_URL),
    stepUpMs: stepUpOf(env.STEP_UP_MINUTES),
    openId: readOpenIdConfig(env),
    accessLogKeepDays: keepDaysOf(env.ACCESS_LOG_KEEP_DAYS),
  };
};

const refuseInside = (directory: string, path: string, reason: string): void => {
  if (join(path, '/').startsWith(join(directory, '/'))) throw new CrmError('BAD_CONFIGURATION', { reason });
};

type Environment = { readonly [name: string]: string | undefined };

/** A mail server's URL: with a password in it, it comes in a file. */
const smtpUrlOf = (env: Environment): Secret | undefined => {
  const { SMTP_URL: url, ...rest } = env;
  if (url === undefined || url === '') return secretFrom(rest, 'SMTP_URL');
  if (/:[^/]*@/.test(url.replace(/^\w+:/, ''))) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'SMTP_URL has a password: name a file with SMTP_URL_FILE.' });
  }
  return new Secret(url);
};

/** Browsers give passkeys to pages that came safely only: by TLS, or from this machine. */
const appUrlOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost'))) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'APP_URL must be like https://crm.example.com.' });
  }
  return url.href.replace(/\/+$/, '');
};

const stepUpOf = (minutes: string | undefined): number => {
  if (minutes === undefined) return DEFAULT_STEP_UP_MS;
  if (!/^\d{1,4}$/.test(minutes)) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'STEP_UP_MINUTES must be a number from 0 to 9999.' });
  }
  return Number(minutes) * 60_000;
};

const keepDaysOf = (days: string | undefined): number => {
  if (days === undefined) return DEFAULT_ACCESS_LOG_KEEP_DAYS;
  if (!/^[1-9]\d{0,4}$/.test(days)) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'ACCESS_LOG_KEEP_DAYS must be a number from 1 to 99999.' });
  }
  return Number(days);
};

const portOf = (text: string): number => {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'PORT must be a number from 0 to 65535.' });
  }
  return port;
};

const logLevelOf = (text: string): Config['logLevel'] => {
  const level = LOG_LEVELS.find((each) => each === text);
  if (level === undefined) {
    throw new CrmError('BAD_CONFIGURATION', { reason: `LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.` });
  }
  return level;
};
