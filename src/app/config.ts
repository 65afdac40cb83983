import { dirname, join, resolve } from 'node:path';
import { CrmError } from '../errors.js';
import { readSurfaceConfig, type SurfaceConfig } from './surfaceConfig.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Beside the data directory, never in it: who copies the one does not have the other. */
  readonly masterKeyFile: string;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
  readonly production: boolean;
  readonly surface: SurfaceConfig;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

/** Reads the environment. Error: BAD_CONFIGURATION, naming the variable. */
export const readConfig = (env: { readonly [name: string]: string | undefined }): Config => {
  const dataDir = resolve(env.DATA_DIR ?? './data');
  const masterKeyFile = resolve(env.MASTER_KEY_FILE ?? `${dataDir}.key`);
  if (
    masterKeyFile === dataDir ||
    dirname(masterKeyFile).startsWith(join(dataDir, '/')) ||
    dirname(masterKeyFile) === dataDir
  ) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'MASTER_KEY_FILE must not be inside DATA_DIR.' });
  }
  return {
    host: env.HOST ?? '127.0.0.1',
    port: portOf(env.PORT ?? '4000'),
    dataDir,
    masterKeyFile,
    logLevel: logLevelOf(env.LOG_LEVEL ?? 'warn'),
    production: env.NODE_ENV === 'production',
    surface: readSurfaceConfig(env),
  };
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
