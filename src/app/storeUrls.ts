import { resolve } from 'node:path';
import { CrmError, isCrmError } from '../errors.js';
import { KURRENTDB_SCHEMES, parseKurrentUrl } from '../eventstore/kurrentdbUrl.js';
import { filesIn } from './dataDir.js';
import { secretFrom } from './secretFile.js';

/** Where a store is. A URL may hold a password: it is never to be printed; what is said is the variable's name. */
export type StoreLocation =
  | { readonly engine: 'sqlite'; readonly file: string }
  | { readonly engine: 'kurrentdb'; readonly url: string }
  | { readonly engine: 'mongodb'; readonly url: string };

export interface StoreLocations {
  readonly events: StoreLocation;
  readonly readModels: StoreLocation;
  readonly state: StoreLocation;
  readonly vault: StoreLocation;
}

export type StoreName = keyof StoreLocations;

/** The variable that says where a store is, and the engine that it may be on beside SQLite. */
export const STORES: { readonly [name in StoreName]: { variable: string; engine: 'kurrentdb' | 'mongodb' } } = {
  events: { variable: 'EVENT_STORE_URL', engine: 'kurrentdb' },
  readModels: { variable: 'READ_STORE_URL', engine: 'mongodb' },
  state: { variable: 'STATE_STORE_URL', engine: 'mongodb' },
  vault: { variable: 'VAULT_URL', engine: 'mongodb' },
};

const SCHEMES = { kurrentdb: KURRENTDB_SCHEMES, mongodb: ['mongodb', 'mongodb+srv'] };

type Environment = { readonly [name: string]: string | undefined };

/**
 * Reads the four variables, or the files that `<variable>_FILE` names: a URL with a password belongs in one. Where
 * neither is set, the store is its file in DATA_DIR. Error: BAD_CONFIGURATION, naming the variable.
 */
export const readStoreLocations = (env: Environment, dataDir: string): StoreLocations => {
  const files = filesIn(dataDir);
  const read = (name: StoreName): StoreLocation => {
    const { variable } = STORES[name];
    const location = parseStoreUrl(storeUrlIn(env, variable) ?? 'sqlite:', name, files[name]);
    // Backups, locks and rewriting go by the directory: a file elsewhere would be left out of them.
    if (location.engine === 'sqlite' && location.file !== files[name]) {
      throw bad(variable, `${variable} names a file outside DATA_DIR: set DATA_DIR instead.`);
    }
    return location;
  };
  return { events: read('events'), readModels: read('readModels'), state: read('state'), vault: read('vault') };
};

const storeUrlIn = (env: Environment, variable: string): string | undefined => {
  if (env[variable] === undefined || env[`${variable}_FILE`] !== undefined) {
    return secretFrom(env, variable)?.reveal();
  }
  return env[variable];
};

/** One URL, of the kind that a store can have. `defaultFile` is meant where `sqlite:` names none. Error: BAD_CONFIGURATION. */
export const parseStoreUrl = (url: string, name: StoreName, defaultFile?: string): StoreLocation => {
  const { variable, engine } = STORES[name];
  const scheme = /^([a-z][a-z+]*):/.exec(url)?.[1] ?? '';
  if (scheme === 'sqlite') {
    const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    const file = path === '' ? defaultFile : resolve(path);
    if (file === undefined) throw bad(variable, 'A sqlite: URL names a file, as in sqlite:/srv/crm/events.db.');
    return { engine: 'sqlite', file };
  }
  if (!SCHEMES[engine].includes(scheme)) {
    throw bad(variable, `${variable} takes a URL that begins with sqlite: or ${engine}://.`);
  }
  if (engine === 'kurrentdb') {
    try {
      parseKurrentUrl(url);
    } catch (error) {
      throw isCrmError(error) ? bad(variable, error.message) : error;
    }
  }
  return { engine, url };
};

export const isEmbedded = (locations: StoreLocations): boolean =>
  Object.values(locations).every(({ engine }) => engine === 'sqlite');

/** Whether other servers may be working on the same stores: none of them is a file. */
export const isShared = (locations: StoreLocations): boolean =>
  Object.values(locations).every(({ engine }) => engine !== 'sqlite');

const bad = (field: string, reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { field, reason });
